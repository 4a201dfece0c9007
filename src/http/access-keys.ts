import type { AccessKey } from '../domain/account.ts'
import type { AccessKeyRepository } from '../domain/repositories.ts'
import type { Clock } from '../runtime/clock.ts'
import { hashAccessKey } from './make-access-key.ts'

/** A key that was revoked elsewhere works this long at most. */
const MAX_AGE_MS = 2_000
/** A key made elsewhere is found at once, but strangers can't make the database list its keys more often than this. */
const MIN_AGE_MS = 250
const MAX_KEY_LENGTH = 512

/** The live access keys, in memory. */
export interface AccessKeys {
  /** The key behind what a client sent, unless it is unknown or revoked. Rejects with StorageError. */
  find(key: string): Promise<AccessKey | undefined>
  /** Revokes a key for all requests that begin from now on; false if there is none. */
  revoke(keyId: string): Promise<boolean>
}

/** Reads keys from the database when needed: no restart after a key was made or revoked, here or by another process. */
export function openAccessKeys(repository: AccessKeyRepository, clock: Clock): AccessKeys {
  // How long a look-up takes tells only about hashes, and from those no key can be told.
  let byHash: ReadonlyMap<string, AccessKey> = new Map()
  let loadedAt = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined

  async function load(): Promise<void> {
    const startedAt = clock.now()
    const keys = await repository.list()
    byHash = new Map(keys.filter((key) => key.revokedAt === undefined).map((key) => [key.hash, key]))
    loadedAt = startedAt
  }

  async function refresh(olderThanMs: number): Promise<void> {
    if (Math.abs(clock.now() - loadedAt) < olderThanMs) return
    loading ??= load().finally(() => {
      loading = undefined
    })
    await loading
  }

  return {
    async find(key) {
      if (key.length === 0 || key.length > MAX_KEY_LENGTH) return undefined
      const hash = hashAccessKey(key)
      await refresh(MAX_AGE_MS)
      const known = byHash.get(hash)
      if (known) return known
      await refresh(MIN_AGE_MS)
      return byHash.get(hash)
    },

    async revoke(keyId) {
      const revoked = await repository.revoke(keyId, clock.now())
      byHash = new Map([...byHash].filter(([, key]) => key.id !== keyId))
      loadedAt = Number.NEGATIVE_INFINITY
      return revoked
    },
  }
}
