import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Account } from './domain/account.ts'
import type { Repositories } from './domain/repositories.ts'
import { hashAccessKey, makeAccessKey, type NewAccessKey } from './http/make-access-key.ts'
import { systemClock } from './runtime/clock.ts'
import { systemIds } from './runtime/ids.ts'
import { StartError } from './start-error.ts'
import type { Database } from './storage/database.ts'
import { openRepositories } from './storage/open-repositories.ts'
import { openSqlite } from './storage/sqlite-database.ts'

/** What must be on disk before anything else starts. */
export interface DataFolder {
  readonly database: Database
  readonly repositories: Repositories
  /** Owns incoming calls to numbers that nobody claims. */
  readonly account: Account
  /** Access keys that were just made: to be shown once. */
  readonly newKeys: readonly string[]
}

/**
 * Creates the folder, the database, the account and the first keys, whatever of it is missing. Rejects with StartError.
 * `onLost` is called once if the database is lost later: it stays lost.
 */
export async function openDataFolder(
  { dataDir, bootstrapKey }: Config,
  onLost: (error: Error) => void,
): Promise<DataFolder> {
  prepareFolder(dataDir)
  const database = await openSqlite({ path: join(dataDir, 'linnet.db'), onLost }).catch((error: Error) => {
    throw new StartError(error.message, { cause: error })
  })
  const repositories = openRepositories(database)
  return { database, repositories, ...(await prepareKeys(repositories, bootstrapKey)) }
}

function prepareFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    accessSync(dataDir, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { message } = error as Error
    throw new StartError(
      `can't write to the data folder ${dataDir} (${message}); make it writable, or name another one with LINNET_DATA_DIR`,
      { cause: error },
    )
  }
}

/** The first start makes an account with a live and a test key; a bootstrap key is added when it is not there yet. */
async function prepareKeys(
  { accessKeys }: Pick<Repositories, 'accessKeys'>,
  bootstrapKey: string | undefined,
): Promise<Pick<DataFolder, 'account' | 'newKeys'>> {
  const [first] = await accessKeys.listAccounts()
  const account = first ?? { id: systemIds.uuid(), name: 'default', createdAt: systemClock.now() }
  if (!first) await accessKeys.createAccount(account)
  const known = await accessKeys.list()
  const wanted: NewAccessKey[] = []
  if (bootstrapKey !== undefined && !known.some(({ hash }) => hash === hashAccessKey(bootstrapKey)))
    wanted.push({ accountId: account.id, mode: 'live', name: 'bootstrap', key: bootstrapKey })
  if (known.length === 0 && bootstrapKey === undefined) wanted.push({ accountId: account.id, mode: 'live' })
  if (known.length === 0) wanted.push({ accountId: account.id, mode: 'test' })

  const newKeys: string[] = []
  for (const each of wanted) {
    const { key, record } = makeAccessKey(each, { clock: systemClock, ids: systemIds })
    await accessKeys.create(record)
    if (key !== bootstrapKey) newKeys.push(key)
  }
  return { account, newKeys }
}
