import { join } from 'node:path'
import { readConfig } from '../config.ts'
import type { Account } from '../domain/account.ts'
import type { AccessKeyRepository } from '../domain/repositories.ts'
import { makeAccessKey } from '../http/make-access-key.ts'
import { systemClock } from '../runtime/clock.ts'
import { systemIds } from '../runtime/ids.ts'
import { StartError } from '../start-error.ts'
import { openRepositories } from '../storage/open-repositories.ts'
import { openSqlite } from '../storage/sqlite-database.ts'
import { readArguments } from './arguments.ts'

/** `linnet key create|list|revoke`: works on the data folder, also while the server runs. */
export async function key(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    { test: { type: 'boolean' }, name: { type: 'string' }, account: { type: 'string' } },
    true,
  )
  const [action, id] = positionals
  const { dataDir } = readConfig()
  await using database = await openSqlite({ path: join(dataDir, 'linnet.db') }).catch((error: Error) => {
    throw new StartError(error.message, { cause: error })
  })
  const { accessKeys } = openRepositories(database)
  switch (action) {
    case 'create':
      console.log(await createKey(accessKeys, wantedKey(values)))
      return 0
    case 'list':
      for (const line of await listKeys(accessKeys)) console.log(line)
      return 0
    case 'revoke':
      return revoke(accessKeys, id)
    default:
      throw new StartError('say what to do with keys: create, list, or revoke ID')
  }
}

/** What `key create` is asked for. */
export interface WantedKey {
  readonly mode: 'live' | 'test'
  readonly name?: string
  /** The account's name; default: the account that was made with the data folder. */
  readonly account?: string
}

function wantedKey({ test, name, account }: Readonly<Record<string, unknown>>): WantedKey {
  return {
    mode: test === true ? 'test' : 'live',
    ...(typeof name === 'string' && { name }),
    ...(typeof account === 'string' && { account }),
  }
}

/** Makes a key, and its account if there is none of that name; resolves with the key. Rejects with StartError. */
export async function createKey(accessKeys: AccessKeyRepository, wanted: WantedKey): Promise<string> {
  const { id: accountId } = await accountNamed(accessKeys, wanted.account)
  const { mode, name } = wanted
  const { key, record } = makeAccessKey(
    { accountId, mode, ...(name !== undefined && { name }) },
    { clock: systemClock, ids: systemIds },
  )
  await accessKeys.create(record)
  return key
}

async function accountNamed(accessKeys: AccessKeyRepository, name: string | undefined): Promise<Account> {
  const accounts = await accessKeys.listAccounts()
  const [first] = accounts
  if (!first) throw new StartError('there is no account yet; start the server once: npm start')
  if (name === undefined) return first
  if (name.trim() === '') throw new StartError('say which account: --account NAME')
  const known = accounts.find((account) => account.name === name)
  if (known) return known
  const account = { id: systemIds.uuid(), name, createdAt: systemClock.now() }
  await accessKeys.createAccount(account)
  return account
}

/** One line for each key: id, mode, how it begins, when it was made, whether it is valid, its account, its name. */
export async function listKeys(accessKeys: AccessKeyRepository): Promise<readonly string[]> {
  const [keys, accounts] = await Promise.all([accessKeys.list(), accessKeys.listAccounts()])
  const names = new Map(accounts.map((account) => [account.id, account.name]))
  return keys.map(({ id, accountId, mode, hint, name, createdAt, revokedAt }) => {
    const made = new Date(createdAt).toISOString()
    const state = revokedAt === undefined ? 'valid' : `revoked ${new Date(revokedAt).toISOString()}`
    const account = names.get(accountId) ?? accountId
    return [id, mode, `${hint}…`, made, state, account, name ?? ''].join('  ').trimEnd()
  })
}

async function revoke(accessKeys: AccessKeyRepository, id: string | undefined): Promise<number> {
  if (id === undefined)
    throw new StartError('say which key: linnet key revoke ID (linnet key list shows the ids)')
  if (!(await accessKeys.revoke(id, systemClock.now())))
    throw new StartError(`there is no key with id ${id}; linnet key list shows them`)
  console.log(`revoked ${id}`)
  return 0
}
