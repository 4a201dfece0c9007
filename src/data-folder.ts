import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Account } from './domain/account.ts'
import type { RecordingFiles } from './domain/recording-files.ts'
import type { Repositories } from './domain/repositories.ts'
import { hashAccessKey, makeAccessKey, type NewAccessKey } from './http/make-access-key.ts'
import { systemClock } from './runtime/clock.ts'
import { systemIds } from './runtime/ids.ts'
import { StartError } from './start-error.ts'
import { openRepositories } from './storage/open-repositories.ts'
import { RecordingFolder } from './storage/recording-folder.ts'
import { openSqlite } from './storage/sqlite-database.ts'
import { wavFormat } from './wav-format.ts'

/** What must be on disk before anything else starts. Disposing it closes the database and gives the folder free. */
export interface DataFolder extends AsyncDisposable {
  readonly repositories: Repositories
  readonly recordingFiles: RecordingFiles
  /** Owns incoming calls to numbers that nobody claims. */
  readonly account: Account
  /** Access keys that were just made: to be shown once. */
  readonly newKeys: readonly string[]
}

/** Where the sound of recordings is, within the data folder. */
export function recordingsFolder(dataDir: string): string {
  return join(dataDir, 'recordings')
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
  await using opened = new AsyncDisposableStack()
  opened.use(await lockFolder(dataDir))
  const database = await openSqlite({ path: join(dataDir, 'linnet.db'), onLost }).catch((error: Error) => {
    throw new StartError(error.message, { cause: error })
  })
  opened.use(database)
  const repositories = openRepositories(database)
  const keys = await prepareKeys(repositories, bootstrapKey)
  const parts = opened.move()
  const recordingFiles = new RecordingFolder(recordingsFolder(dataDir), wavFormat())
  return { repositories, recordingFiles, ...keys, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/**
 * One server a folder: a second one would close the calls of the first as dead. The lock is an abstract socket, which ends
 * with its process however that ends; only Linux has them, elsewhere nothing is locked.
 */
async function lockFolder(dataDir: string): Promise<AsyncDisposable> {
  if (process.platform !== 'linux') return new AsyncDisposableStack()
  const lock = createServer((visitor) => visitor.destroy()) // one who stays would hold up the stop
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  lock.once('error', reject).listen(`\0linnet:${realpathSync(dataDir)}`, resolve)
  await promise.catch((error: Error) => {
    throw new StartError(
      `the data folder ${dataDir} is in use by another Linnet; stop that one, or name another folder with LINNET_DATA_DIR`,
      { cause: error },
    )
  })
  lock.unref()
  return lock
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
