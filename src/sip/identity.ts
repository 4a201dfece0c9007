import { type CSeq, parseCSeq } from './cseq.ts'
import { HeaderLines, splitList } from './headers.ts'
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
  const values = findValues(headers)
  const via = parseVia(values.via)
  if (via === undefined) return 'no Via that can be read'
  if (values.callId === '') return 'no Call-ID'
  const from = parseNameAddress(values.from)
  if (from === undefined) return 'no From that can be read'
  const to = parseNameAddress(values.to)
  if (to === undefined) return 'no To that can be read'
  const cseq = parseCSeq(values.cseq)
  if (cseq === undefined) return 'no CSeq that can be read'
  return { callId: values.callId, cseq, from, to, via }
}

/** The five values in one pass; '' for what is not there. */
function findValues({ entries }: SipHeaders) {
  const values = { via: '', callId: '', from: '', to: '', cseq: '' }
  for (const { name, value } of entries) {
    if (name === 'Via') values.via ||= value.includes(',') ? (splitList(value)[0] ?? '') : value
    else if (name === 'From') values.from ||= value
    else if (name === 'To') values.to ||= value
    else if (name === 'Call-ID') values.callId ||= value
    else if (name === 'CSeq') values.cseq ||= value
  }
  return values
}
