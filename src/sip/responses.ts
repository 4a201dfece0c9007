import { headersOfCheckedEntries } from './headers.ts'
import type { SipHeader, SipResponse } from './message.ts'
import type { AnswerableRequest } from './transaction/incoming-request.ts'

const NO_BODY = Buffer.alloc(0)

/** What a response adds to the headers that it takes from its request. */
export interface ResponseParts {
  /** Put into To unless that has a tag. */
  readonly toTag?: string
  readonly headers?: readonly SipHeader[]
  /** UTF-8 text, such as SDP. */
  readonly body?: string
  /** Copies Record-Route, as responses that make a dialog must (RFC 3261 §12.1.1). */
  readonly recordRoute?: boolean
}

/** Builds a response from its request (RFC 3261 §8.2.6). `headers` must be checked ones. */
export function createResponse(
  { request, vias }: AnswerableRequest,
  status: number,
  reason: string,
  { toTag, headers = [], body, recordRoute = false }: ResponseParts = {},
): SipResponse {
  const entries: SipHeader[] = vias.map((value) => ({ name: 'Via', value }))
  for (const entry of request.headers.entries) {
    switch (entry.name) {
      case 'From':
      case 'Call-ID':
      case 'CSeq':
        entries.push(entry)
        break
      case 'To':
        entries.push(toTag === undefined ? entry : taggedTo(entry, toTag))
        break
      case 'Record-Route':
        if (recordRoute) entries.push(entry)
        break
      case 'Timestamp':
        if (status === 100) entries.push(entry)
        break
    }
  }
  entries.push(...headers)
  return {
    kind: 'response',
    status,
    reason,
    headers: headersOfCheckedEntries(entries),
    body: body === undefined ? NO_BODY : Buffer.from(body),
  }
}

function taggedTo(to: SipHeader, tag: string): SipHeader {
  return hasTag(to.value) ? to : { name: 'To', value: `${to.value};tag=${tag}` }
}

/** A tag is a header parameter, so it stands after the closing bracket (RFC 3261 §20). */
function hasTag(value: string): boolean {
  const parameters = value.slice(value.lastIndexOf('>') + 1).toLowerCase()
  return parameters.includes(';tag=') || parameters.includes('; tag=')
}
