import type { SipHeader } from './message.ts'

/** The methods that we answer with more than a refusal. */
const ALLOWED_METHODS = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'UPDATE', 'INFO'] as const

/** Methods of other RFCs that we know and refuse: 405, while an unknown one gets 501 (RFC 3261 §8.2.1). */
const REFUSED_METHODS: ReadonlySet<string> = new Set([
  'MESSAGE',
  'NOTIFY',
  'PRACK',
  'PUBLISH',
  'REFER',
  'REGISTER',
  'SUBSCRIBE',
])

const ALLOWED: ReadonlySet<string> = new Set(ALLOWED_METHODS)

/** Headers that say what we can do; shared by all messages. We support no option tag, which an empty Supported says. */
export const ALLOW: SipHeader = { name: 'Allow', value: ALLOWED_METHODS.join(', ') }
export const SUPPORTED: SipHeader = { name: 'Supported', value: '' }
export const ACCEPT_SDP: SipHeader = { name: 'Accept', value: 'application/sdp' }
export const CONTENT_TYPE_SDP: SipHeader = { name: 'Content-Type', value: 'application/sdp' }
export const MAX_FORWARDS: SipHeader = { name: 'Max-Forwards', value: '70' }

/** How a method is met: served, refused with 405, or not known at all (501). */
export function standingOf(method: string): 'allowed' | 'refused' | 'unknown' {
  if (ALLOWED.has(method)) return 'allowed'
  return REFUSED_METHODS.has(method) ? 'refused' : 'unknown'
}

/** Whether a body is SDP, as far as its Content-Type says. */
export function isSdp(contentType: string | undefined): boolean {
  return mediaTypeOf(contentType) === 'application/sdp'
}

/** The media type without parameters, in lower case; '' without a Content-Type. */
export function mediaTypeOf(contentType: string | undefined): string {
  const text = contentType ?? ''
  const semicolon = text.indexOf(';')
  return (semicolon === -1 ? text : text.slice(0, semicolon)).trim().toLowerCase()
}
