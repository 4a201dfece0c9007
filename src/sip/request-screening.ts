import { ACCEPT_SDP, ALLOW, isSdp, standingOf } from './capabilities.ts'
import { contactOf, usableRoutes } from './dialog.ts'
import type { SipHeader } from './message.ts'
import type { IncomingRequest } from './transaction/incoming-request.ts'

/** A response that refuses a request before anybody is asked. */
export interface Refusal {
  readonly status: number
  readonly reason: string
  readonly headers?: readonly SipHeader[]
}

/** The checks of RFC 3261 §8.2 in its order; undefined: nothing is wrong with the request. Not for ACK and CANCEL. */
export function screenRequest(incoming: IncomingRequest): Refusal | undefined {
  const inDialog = incoming.toTag !== ''
  return (
    refuseMethod(incoming.request.method, inDialog) ??
    (inDialog ? undefined : refuseUriAndHops(incoming)) ??
    refuseExtensions(incoming) ??
    refuseContent(incoming)
  )
}

function refuseMethod(method: string, inDialog: boolean): Refusal | undefined {
  // An event package that nobody subscribed to, and a provisional response that nobody sent reliably (RFC 3262 §3).
  if (method === 'NOTIFY' || method === 'PRACK') return NO_SUCH_TRANSACTION
  const standing = standingOf(method)
  if (standing === 'unknown') return { status: 501, reason: 'Not Implemented', headers: [ALLOW] }
  if (standing === 'refused') return { status: 405, reason: 'Method Not Allowed', headers: [ALLOW] }
  // What is left beside INVITE and OPTIONS means nothing outside a dialog.
  if (!inDialog && method !== 'INVITE' && method !== 'OPTIONS') return NO_SUCH_TRANSACTION
  return undefined
}

/** What there is to say about a request for a dialog or transaction that does not exist. */
export const NO_SUCH_TRANSACTION: Refusal = { status: 481, reason: 'Call/Transaction Does Not Exist' }

function refuseUriAndHops({ request }: IncomingRequest): Refusal | undefined {
  if (!hasKnownScheme(request.uri)) return { status: 416, reason: 'Unsupported URI Scheme' }
  // An INVITE goes on from here; OPTIONS with no hop left asks exactly us (§11).
  if (request.method === 'INVITE' && request.headers.get('Max-Forwards') === '0') {
    return { status: 483, reason: 'Too Many Hops' }
  }
  return undefined
}

function hasKnownScheme(uri: string): boolean {
  const scheme = uri.slice(0, uri.indexOf(':') + 1).toLowerCase()
  return scheme === 'sip:' || scheme === 'sips:' || scheme === 'tel:'
}

/** We support no option tag, so every required one is too much (§8.2.2.3). */
function refuseExtensions({ request }: IncomingRequest): Refusal | undefined {
  const required = request.headers.all('Require')
  if (required.length === 0) return undefined
  return {
    status: 420,
    reason: 'Bad Extension',
    headers: [{ name: 'Unsupported', value: required.join(', ') }],
  }
}

function refuseContent({ request }: IncomingRequest): Refusal | undefined {
  if (request.method !== 'INVITE') return undefined
  const { headers, body } = request
  if (!contactOf(request)) return { status: 400, reason: 'Missing or Unusable Contact' }
  if (!usableRoutes(headers.all('Record-Route'))) return { status: 400, reason: 'Unusable Record-Route' }
  if (body.length === 0) return undefined
  const encoded = headers.get('Content-Encoding')
  if (encoded !== undefined && encoded.toLowerCase() !== 'identity') {
    return UNSUPPORTED_MEDIA_TYPE
  }
  return isSdp(headers.get('Content-Type')) ? undefined : UNSUPPORTED_MEDIA_TYPE
}

const UNSUPPORTED_MEDIA_TYPE: Refusal = {
  status: 415,
  reason: 'Unsupported Media Type',
  headers: [ACCEPT_SDP, { name: 'Accept-Encoding', value: 'identity' }],
}
