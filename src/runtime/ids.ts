import { randomBytes, randomUUID } from 'node:crypto'

/** Randomness as a dependency, so that a test can foresee every id. */
export interface Ids {
  /** A version 4 UUID: the id of every API resource. */
  uuid(): string
  /** `byteCount` random bytes as lower-case hex: tags, branches, Call-IDs, nonces. */
  token(byteCount: number): string
}

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  token: (byteCount) => randomBytes(byteCount).toString('hex'),
}
