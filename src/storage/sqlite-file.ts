import SqliteConnection from 'better-sqlite3'
import { StorageError } from '../domain/repositories.ts'
import { migrate } from './migrate.ts'
import type { ThreadOptions } from './thread-protocol.ts'

/** Pages kept in memory by one connection. */
const CACHE_KIB = 8192
/** What is left of the write-ahead log after a checkpoint that could reset it. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024

/**
 * Opens a database file; a writer makes it if there is none, and brings its schema up to date.
 * Throws StorageError with a sentence that says how to mend it.
 */
export function openSqliteFile({ path, role, busyTimeoutMs }: ThreadOptions): SqliteConnection.Database {
  let connection: SqliteConnection.Database | undefined
  try {
    connection = new SqliteConnection(path, { readonly: role === 'reader', timeout: busyTimeoutMs })
    connection.pragma(`cache_size = -${CACHE_KIB}`)
    connection.pragma('trusted_schema = off')
    if (role === 'writer') {
      switchToWal(connection, busyTimeoutMs)
      connection.pragma('synchronous = full') // the build's default in WAL mode is NORMAL, which a power cut can undo
      connection.pragma('wal_autocheckpoint = 4000')
      connection.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`)
      migrate(connection, path)
    }
    return connection
  } catch (error) {
    connection?.close()
    if (error instanceof StorageError) throw error
    throw new StorageError(explain(error, path), { cause: error })
  }
}

/** Two processes that switch the same file at once get SQLITE_BUSY without SQLite's own waiting. */
function switchToWal(connection: SqliteConnection.Database, busyTimeoutMs: number): void {
  const giveUpAt = Date.now() + busyTimeoutMs
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    try {
      connection.pragma('journal_mode = wal')
      return
    } catch (error) {
      if (!codeOf(error).startsWith('SQLITE_BUSY') || Date.now() >= giveUpAt) throw error
      Atomics.wait(pause, 0, 0, 20)
    }
  }
}

/** SQLite's extended result code, such as `SQLITE_IOERR_WRITE`; empty for other errors. */
export function codeOf(error: unknown): string {
  return error instanceof SqliteConnection.SqliteError ? error.code : ''
}

/** One sentence: what is wrong with the file, and what mends it. */
function explain(error: unknown, path: string): string {
  const code = codeOf(error)
  const known = Object.entries(remedies).find(([prefix]) => code.startsWith(prefix))
  if (known) return `the database ${path} ${known[1]}`
  const reason = error instanceof Error ? error.message : String(error)
  return reason.includes('directory does not exist')
    ? `the database ${path} can't be made: its folder does not exist; create the folder first`
    : `the database ${path} can't be opened: ${reason}`
}

const remedies: Readonly<Record<string, string>> = {
  SQLITE_BUSY: 'is locked by another process; stop that process, then start again',
  SQLITE_LOCKED: 'is locked by another process; stop that process, then start again',
  SQLITE_READONLY: 'is not writable; give this user write access to the file and to its folder',
  SQLITE_PERM: 'is not accessible; give this user write access to the file and to its folder',
  SQLITE_CANTOPEN:
    "can't be opened; check that the path names a file, and give this user write access to it and to its folder",
  SQLITE_NOTADB: 'is not an SQLite database; choose another path, or restore the file from a backup',
  SQLITE_CORRUPT: 'is damaged; restore the file from a backup',
  SQLITE_FULL: 'has no room: the disk is full; free some space, then start again',
}
