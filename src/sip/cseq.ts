/** The value of CSeq (RFC 3261 §20.16). */
export interface CSeq {
  readonly number: number // 0–2³¹−1 (§8.1.1.5)
  readonly method: string
}

/** The largest sequence number that RFC 3261 §8.1.1.5 allows. */
export const MAX_CSEQ = 2 ** 31 - 1

const CSEQ = /^(\d{1,10})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)$/

/** Parses a CSeq value; undefined for anything else, a number above 2³¹−1 included. */
export function parseCSeq(text: string): CSeq | undefined {
  const match = CSEQ.exec(text)
  if (match === null) return undefined
  const number = Number(match[1])
  return number > MAX_CSEQ ? undefined : { number, method: match[2] ?? '' }
}

/** Writes a CSeq value. */
export function serializeCSeq({ number, method }: CSeq): string {
  return `${number} ${method}`
}
