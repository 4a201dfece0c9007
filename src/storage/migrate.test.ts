import assert from 'node:assert/strict'
import { test } from 'node:test'
import SqliteConnection from 'better-sqlite3'
import { StorageError } from '../domain/repositories.ts'
import { type Migration, migrate, readMigrations } from './migrate.ts'

const first: Migration = { number: 1, name: '0001-a', sql: 'create table a (n integer)' }
const second: Migration = {
  number: 2,
  name: '0002-b',
  sql: 'create table b (n integer); insert into b values (1)',
}

function applied(connection: SqliteConnection.Database): unknown[] {
  return connection.prepare('select name from migrations order by number').pluck().all()
}

test('the migrations are numbered from 1 without gaps', () => {
  assert.deepEqual(
    readMigrations().map(({ number }) => number),
    readMigrations().map((_, index) => index + 1),
  )
  assert.ok(readMigrations().length > 0)
})

test('only the missing migrations are applied, in order', () => {
  const connection = new SqliteConnection(':memory:')

  migrate(connection, 'x.db', [first])
  connection.exec('insert into a values (7)')
  migrate(connection, 'x.db', [first, second])
  migrate(connection, 'x.db', [first, second])

  assert.deepEqual(applied(connection), ['0001-a', '0002-b'])
  assert.deepEqual(connection.prepare('select n from a union all select n from b').pluck().all(), [7, 1])
})

test('a migration that fails leaves the database as it was', () => {
  const connection = new SqliteConnection(':memory:')
  migrate(connection, 'x.db', [first])
  const broken: Migration = { number: 2, name: '0002-c', sql: 'create table c (n integer); nonsense' }

  assert.throws(() => migrate(connection, 'x.db', [first, broken]), /nonsense/)

  assert.deepEqual(applied(connection), ['0001-a'])
  assert.deepEqual(connection.prepare("select name from sqlite_schema where name = 'c'").all(), [])
})

test('a database with a migration that the code does not know is refused', () => {
  const newer = new SqliteConnection(':memory:')
  migrate(newer, 'x.db', [first, second])
  const other = new SqliteConnection(':memory:')
  migrate(other, 'x.db', [{ ...first, name: '0001-z' }])

  for (const [connection, sentence] of [
    [newer, /newer than this version of Linnet/],
    [other, /has the migration 0001-z/],
  ] as const) {
    assert.throws(
      () => migrate(connection, 'x.db', [first]),
      (error) => error instanceof StorageError && sentence.test(error.message),
    )
  }
})

test('the schema keeps every table strict, so that no column holds what its type does not say', () => {
  const connection = new SqliteConnection(':memory:')
  migrate(connection, 'x.db')

  const loose = connection.prepare(
    "select name from pragma_table_list where strict = 0 and name not like 'sqlite_%'",
  )

  assert.deepEqual(loose.pluck().all(), [])
})
