import type { Kysely } from 'kysely'
import type { AccessKey, Account } from '../domain/account.ts'
import type { AccessKeyRepository } from '../domain/repositories.ts'
import { withoutNulls } from './columns.ts'
import type { Database } from './database.ts'
import { pick, prepare } from './prepare.ts'
import type { AccessKeyRow, AccountRow, Tables } from './schema.ts'

const ACCOUNT_COLUMNS = ['id', 'name', 'created_at'] as const satisfies readonly (keyof AccountRow)[]
const KEY_COLUMNS = [
  'id',
  'account_id',
  'mode',
  'hash',
  'hint',
  'name',
  'created_at',
  'revoked_at',
] as const satisfies readonly (keyof AccessKeyRow)[]

/** Accounts and their keys. A second account with the same name, a second key with the same hash, or a key of no account, is refused with StorageError. */
export function openAccessKeyRepository(database: Database): AccessKeyRepository {
  const queries = prepareQueries(database.builder)

  return {
    async createAccount({ id, name, createdAt }) {
      await database.write([queries.createAccount({ id, name, created_at: createdAt })])
    },

    async listAccounts() {
      return (await database.read(queries.listAccounts({}))).map(toAccount)
    },

    async create(key) {
      await database.write([queries.createKey(toRow(key))])
    },

    async list() {
      return (await database.read(queries.listKeys({}))).map(toAccessKey)
    },

    async revoke(keyId, at) {
      const [, found] = await database.write([queries.revoke({ keyId, at }), queries.find({ keyId })])
      return found?.rows.length === 1
    },
  }
}

function prepareQueries(builder: Kysely<Tables>) {
  return {
    createAccount: prepare((p: AccountRow) =>
      builder.insertInto('accounts').values(pick(p, ACCOUNT_COLUMNS)),
    ),
    listAccounts: prepare((_: object) =>
      builder.selectFrom('accounts').select(ACCOUNT_COLUMNS).orderBy('created_at').orderBy('id'),
    ),
    createKey: prepare((p: AccessKeyRow) => builder.insertInto('access_keys').values(pick(p, KEY_COLUMNS))),
    listKeys: prepare((_: object) =>
      builder
        .selectFrom('access_keys')
        .select(KEY_COLUMNS)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc'),
    ),
    /** A key that is revoked already keeps the time of its first revocation. */
    revoke: prepare((p: { keyId: string; at: number }) =>
      builder
        .updateTable('access_keys')
        .set({ revoked_at: p.at })
        .where('id', '=', p.keyId)
        .where('revoked_at', 'is', null),
    ),
    find: prepare((p: { keyId: string }) =>
      builder.selectFrom('access_keys').select('id').where('id', '=', p.keyId),
    ),
  }
}

function toAccount({ id, name, created_at }: AccountRow): Account {
  return { id, name, createdAt: created_at }
}

function toRow(key: AccessKey): AccessKeyRow {
  return {
    id: key.id,
    account_id: key.accountId,
    mode: key.mode,
    hash: key.hash,
    hint: key.hint,
    name: key.name ?? null,
    created_at: key.createdAt,
    revoked_at: key.revokedAt ?? null,
  }
}

function toAccessKey(row: AccessKeyRow): AccessKey {
  return {
    id: row.id,
    accountId: row.account_id,
    mode: row.mode,
    hash: row.hash,
    hint: row.hint,
    ...withoutNulls({ name: row.name }),
    createdAt: row.created_at,
    ...withoutNulls({ revokedAt: row.revoked_at }),
  }
}
