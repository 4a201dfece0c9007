import { parseCSeq } from '../cseq.ts'
import type { SipResponse } from '../message.ts'
import { parseVia } from '../via.ts'

/** The client transaction that a response belongs to: branch of the top Via and method of CSeq (RFC 3261 §17.1.3). */
export function responseKey({ headers }: SipResponse): string | undefined {
  const via = headers.get('Via')
  const branch = via === undefined ? undefined : parseVia(via)?.parameters.get('branch')
  const cseq = parseCSeq(headers.get('CSeq') ?? '')
  return branch && cseq ? `${branch} ${cseq.method}` : undefined
}
