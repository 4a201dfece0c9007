import { join } from 'node:path'
import { readConfig } from '../config.ts'
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
    { test: { type: 'boolean' }, name: { type: 'string' } },
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
      return create(accessKeys, values['test'] === true ? 'test' : 'live', values['name'])
    case 'list':
      return list(accessKeys)
    case 'revoke':
      return revoke(accessKeys, id)
    default:
      throw new StartError('say what to do with keys: create, list, or revoke ID')
  }
}

async function create(
  accessKeys: AccessKeyRepository,
  mode: 'live' | 'test',
  name: unknown,
): Promise<number> {
  const [account] = await accessKeys.listAccounts()
  if (!account) throw new StartError('there is no account yet; start the server once: npm start')
  const wanted = { accountId: account.id, mode, ...(typeof name === 'string' && { name }) }
  const { key, record } = makeAccessKey(wanted, { clock: systemClock, ids: systemIds })
  await accessKeys.create(record)
  console.log(key)
  return 0
}

async function list(accessKeys: AccessKeyRepository): Promise<number> {
  for (const { id, mode, hint, name, createdAt, revokedAt } of await accessKeys.list()) {
    const made = new Date(createdAt).toISOString()
    const state = revokedAt === undefined ? 'valid' : `revoked ${new Date(revokedAt).toISOString()}`
    console.log([id, mode, `${hint}…`, made, state, name ?? ''].join('  ').trimEnd())
  }
  return 0
}

async function revoke(accessKeys: AccessKeyRepository, id: string | undefined): Promise<number> {
  if (id === undefined)
    throw new StartError('say which key: linnet key revoke ID (linnet key list shows the ids)')
  if (!(await accessKeys.revoke(id, systemClock.now())))
    throw new StartError(`there is no key with id ${id}; linnet key list shows them`)
  console.log(`revoked ${id}`)
  return 0
}
