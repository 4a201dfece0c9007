import { randomFillSync, randomUUID } from 'node:crypto'

/** Randomness as a dependency, so that a test can foresee every id. */
export interface Ids {
  /** A version 4 UUID: the id of every API resource. */
  uuid(): string
  /** `byteCount` random bytes as lower-case hex: tags, branches, Call-IDs, nonces. */
  token(byteCount: number): string
}

/** Random bytes are fetched many at a time: the system call costs more than the bytes. */
const pool = Buffer.alloc(4096)
let used = pool.length

function token(byteCount: number): string {
  if (byteCount > pool.length) throw new RangeError(`at most ${pool.length} random bytes at once`)
  if (used + byteCount > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const hex = pool.toString('hex', used, used + byteCount)
  pool.fill(0, used, used + byteCount) // no byte is left for whoever reads this memory later
  used += byteCount
  return hex
}

export const systemIds: Ids = { uuid: () => randomUUID(), token }
