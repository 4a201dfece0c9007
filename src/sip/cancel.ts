import { headersOfCheckedEntries } from './headers.ts'
import type { SipHeader, SipRequest } from './message.ts'

const NO_BODY = Buffer.alloc(0)

/** The CANCEL of an INVITE as it was sent: the same way, branch and CSeq number (RFC 3261 §9.1). */
export function createCancel(invite: SipRequest): SipRequest {
  const entries: SipHeader[] = []
  for (const entry of invite.headers.entries) {
    switch (entry.name) {
      case 'CSeq':
        entries.push({ name: 'CSeq', value: entry.value.replace('INVITE', 'CANCEL') })
        break
      case 'Via':
      case 'Max-Forwards':
      case 'Route':
      case 'From':
      case 'To':
      case 'Call-ID':
      case 'User-Agent':
        entries.push(entry)
        break
    }
  }
  return {
    kind: 'request',
    method: 'CANCEL',
    uri: invite.uri,
    headers: headersOfCheckedEntries(entries),
    body: NO_BODY,
  }
}
