import { readdirSync, readFileSync } from 'node:fs'
import type SqliteConnection from 'better-sqlite3'
import { StorageError } from '../domain/repositories.ts'

/** One forward-only step of the schema: `0001-initial.sql` is number 1. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

/** The migrations that this version of Linnet knows, in order. */
export function readMigrations(
  folder: URL = new URL('./migrations/sqlite/', import.meta.url),
): readonly Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .sort()
    .map((name) => ({
      number: Number(name.slice(0, 4)),
      name: name.replace(/\.sql$/, ''),
      sql: readFileSync(new URL(name, folder), 'utf8'),
    }))
}

/**
 * Applies the missing migrations in one transaction, so that a process that starts at the same time waits and then finds them done.
 * Throws StorageError for a database that is newer than this code, or that isn't Linnet's.
 */
export function migrate(
  connection: SqliteConnection.Database,
  path: string,
  migrations: readonly Migration[] = readMigrations(),
): void {
  if (appliedCount(connection, path, migrations) === migrations.length) return
  connection
    .transaction(() => {
      // Asked again under the lock: another process may have been quicker.
      const applied = appliedCount(connection, path, migrations)
      if (applied === 0) connection.exec(MIGRATIONS_TABLE)
      const record = connection.prepare('insert into migrations (number, name, applied_at) values (?, ?, ?)')
      for (const { number, name, sql } of migrations.slice(applied)) {
        connection.exec(sql)
        record.run(number, name, Date.now())
      }
    })
    .immediate()
}

const MIGRATIONS_TABLE = `create table migrations (
  number     integer not null primary key,
  name       text    not null,
  applied_at integer not null
) strict`

/** How many of the known migrations the database has. */
function appliedCount(
  connection: SqliteConnection.Database,
  path: string,
  known: readonly Migration[],
): number {
  const tables = connection.prepare("select name from sqlite_schema where type = 'table'").pluck().all()
  if (tables.length === 0) return 0
  if (!tables.includes('migrations')) {
    throw new StorageError(
      `the database ${path} is not Linnet's: it holds other tables; choose another path for Linnet's own`,
    )
  }
  const applied = connection
    .prepare<[], { number: number; name: string }>('select number, name from migrations order by number')
    .all()
  const newer = applied.at(known.length)
  if (newer) {
    throw new StorageError(
      `the database ${path} is newer than this version of Linnet (it has migration ${newer.name}); ` +
        'start the newer version, or restore a backup of the older database',
    )
  }
  const strange = applied.find(({ number, name }, index) => {
    const expected = known[index]
    return expected?.number !== number || expected.name !== name
  })
  if (strange) {
    throw new StorageError(
      `the database ${path} has the migration ${strange.name}, which this version of Linnet does not know; ` +
        'start the version that made it',
    )
  }
  return applied.length
}
