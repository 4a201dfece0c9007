import { hash } from 'node:crypto'
import type { AccessKey } from '../domain/account.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Ids } from '../runtime/ids.ts'

const SECRET_BYTES = 16
const HINT_LENGTH = 9

export interface NewAccessKey {
  readonly accountId: string
  readonly mode: AccessKey['mode']
  readonly name?: string
  /** The key itself, if it is given from outside; else one is made. */
  readonly key?: string
}

/** Makes an access key: `key` is shown once and kept nowhere, `record` is what is stored. */
export function makeAccessKey(
  { accountId, mode, name, key: given }: NewAccessKey,
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
): { readonly key: string; readonly record: AccessKey } {
  const key = given ?? `${mode}_${ids.token(SECRET_BYTES)}`
  const record: AccessKey = {
    id: ids.uuid(),
    accountId,
    mode,
    hash: hashAccessKey(key),
    hint: key.slice(0, HINT_LENGTH),
    ...(name !== undefined && { name }),
    createdAt: clock.now(),
  }
  return { key, record }
}

/** What is stored of a key: its SHA-256 as lower-case hex. Keys are random, so no salt or stretching is needed. */
export function hashAccessKey(key: string): string {
  return hash('sha256', key, 'hex')
}
