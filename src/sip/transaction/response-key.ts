import { identityOf } from '../identity.ts'
import type { SipResponse } from '../message.ts'

/** The client transaction that a response belongs to: branch of the top Via and method of CSeq (RFC 3261 §17.1.3). */
export function responseKey({ headers }: SipResponse): string | undefined {
  const identity = identityOf(headers)
  if (typeof identity === 'string') return undefined
  const branch = identity.via.parameters.get('branch')
  return branch ? `${branch} ${identity.cseq.method}` : undefined
}
