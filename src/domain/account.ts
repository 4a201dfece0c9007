import type { Timestamp } from './time.ts'

/** Owner of keys, flows, numbers, calls and webhooks; accounts can't see each other. */
export interface Account {
  readonly id: string
  readonly name: string
  readonly createdAt: Timestamp
}

/** An API key as it is kept: never the key itself, only its SHA-256. */
export interface AccessKey {
  readonly id: string
  readonly accountId: string
  readonly mode: 'live' | 'test'
  /** Lower-case hex SHA-256 of the whole key. */
  readonly hash: string
  /** The first characters of the key, to tell keys apart in lists. */
  readonly hint: string
  readonly name?: string
  readonly createdAt: Timestamp
  readonly revokedAt?: Timestamp
}
