import { type CSeq, parseCSeq } from './cseq.ts'
import { HeaderLines } from './headers.ts'
import type { NameAddress, SipHeaders } from './message.ts'
import { parseNameAddress } from './name-address.ts'
import { parseVia, type Via } from './via.ts'

/** The headers that every message has and that say which transaction and dialog it belongs to (RFC 3261 §8.1.1). */
export interface MessageIdentity {
  readonly callId: string
  readonly cseq: CSeq
  readonly from: NameAddress
  readonly to: NameAddress
  /** The topmost Via. */
  readonly via: Via
}

/**
 * Those headers' meaning, or a few words on which one can't be read. `parseSipMessage` refuses messages without them, so
 * for its messages this is always the meaning; it is parsed once for each headers object and kept.
 */
export function identityOf(headers: SipHeaders): MessageIdentity | string {
  if (!(headers instanceof HeaderLines)) return parseIdentity(headers)
  headers.identity ??= parseIdentity(headers)
  return headers.identity
}

function parseIdentity(headers: SipHeaders): MessageIdentity | string {
  const via = parseVia(headers.get('Via') ?? '')
  if (via === undefined) return 'no Via that can be read'
  const callId = headers.get('Call-ID')
  if (!callId) return 'no Call-ID'
  const from = parseNameAddress(headers.get('From') ?? '')
  if (from === undefined) return 'no From that can be read'
  const to = parseNameAddress(headers.get('To') ?? '')
  if (to === undefined) return 'no To that can be read'
  const cseq = parseCSeq(headers.get('CSeq') ?? '')
  if (cseq === undefined) return 'no CSeq that can be read'
  return { callId, cseq, from, to, via }
}
