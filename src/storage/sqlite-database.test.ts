import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import SqliteConnection from 'better-sqlite3'
import { CompiledQuery } from 'kysely'
import { StorageError } from '../domain/repositories.ts'
import type { Database } from './database.ts'
import { openSqlite } from './sqlite-database.ts'

const folder = mkdtempSync(join(tmpdir(), 'linnet-sqlite-'))
after(() => rmSync(folder, { recursive: true }))

function raw(sql: string, parameters: unknown[] = []): CompiledQuery {
  return CompiledQuery.raw(sql, parameters)
}

function insertAccount(id: string): CompiledQuery {
  return raw('insert into accounts (id, name, created_at) values (?, ?, 1)', [id, id])
}

async function accountIds(database: Database): Promise<string[]> {
  const rows = await database.read(
    database.builder.selectFrom('accounts').select('id').orderBy('id').compile(),
  )
  return rows.map(({ id }) => id)
}

for (const [kind, path] of [
  ['in memory', ':memory:'],
  ['of a file', join(folder, 'writes.db')],
] as const) {
  test(`${kind}: writes asked for at once share a commit, and one that fails is undone and rejected alone`, async () => {
    await using database = await openSqlite({ path })

    const outcomes = await Promise.allSettled([
      database.write([insertAccount('a')]),
      database.write([insertAccount('b'), insertAccount('a')]),
      database.write([insertAccount('c')]),
      database.write([raw('select nonsense')]),
      database.write([insertAccount('d')]),
    ])

    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(await accountIds(database), ['a', 'c', 'd'])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof StorageError)
    }
  })

  test(`${kind}: each query of a write tells its rows and how many rows it changed`, async () => {
    await using database = await openSqlite({ path })
    await database.write([raw('delete from accounts'), insertAccount('x'), insertAccount('y')])

    const results = await database.write([
      raw('update accounts set created_at = 7'),
      raw('select id, created_at from accounts order by id'),
      raw("delete from accounts where id = 'x' returning id"),
    ])

    assert.deepEqual(results, [
      { rows: [], changes: 2 },
      {
        rows: [
          { id: 'x', created_at: 7 },
          { id: 'y', created_at: 7 },
        ],
        changes: 0,
      },
      { rows: [{ id: 'x' }], changes: 1 },
    ])
  })

  test(`${kind}: a write with an objection changes nothing and answers with the objecting rows`, async () => {
    await using database = await openSqlite({ path })
    await database.write([raw('delete from accounts'), insertAccount('x')])
    const objection = database.builder.selectFrom('accounts').select('id').compile()
    const none = database.builder.selectFrom('accounts').select('id').where('id', '=', 'none').compile()

    assert.deepEqual(await database.writeUnless([none, objection], [insertAccount('y')]), [{ id: 'x' }])
    assert.deepEqual(await accountIds(database), ['x'])
    assert.deepEqual(await database.writeUnless([none], [insertAccount('y')]), [])
    assert.deepEqual(await accountIds(database), ['x', 'y'])
  })

  test(`${kind}: a read sees every write that was acknowledged before it`, async () => {
    await using database = await openSqlite({ path })
    await database.write([raw('delete from accounts')])

    for (let round = 0; round < 200; round++) {
      await database.write([insertAccount(`r${round}`)])
      assert.equal((await accountIds(database)).length, round + 1)
    }
  })
}

test('a read that fails rejects alone', async () => {
  await using database = await openSqlite({ path: ':memory:' })

  const [bad, good] = await Promise.allSettled([
    database.read(raw('select nonsense')),
    database.read(raw('select 1 as one')),
  ])

  assert.equal(bad?.status, 'rejected')
  assert.deepEqual(good, { status: 'fulfilled', value: [{ one: 1 }] })
})

test('what was asked for before the database is closed is done, and what is asked later is refused', async () => {
  const path = join(folder, 'closing.db')
  const database = await openSqlite({ path })
  const writes = Promise.all(
    Array.from({ length: 50 }, (_, index) => database.write([insertAccount(`${index}`)])),
  )

  await database[Symbol.asyncDispose]()

  await writes
  await assert.rejects(database.write([insertAccount('late')]), StorageError)
  await assert.rejects(database.read(raw('select 1')), StorageError)
  await using again = await openSqlite({ path })
  assert.equal((await accountIds(again)).length, 50)
})

test('a damaged page loses the database: what follows is refused, and the owner hears it once', async () => {
  const path = join(folder, 'damaged.db')
  await (await openSqlite({ path }))[Symbol.asyncDispose]()
  damageTable(path, 'calls')
  const lost: StorageError[] = []
  await using database = await openSqlite({ path, onLost: (error) => lost.push(error) })

  await assert.rejects(database.write([insertAccount('a'), raw('select * from calls')]), StorageError)
  await assert.rejects(database.write([insertAccount('b')]), StorageError)

  assert.equal(lost.length, 1)
  assert.match(lost[0]?.message ?? '', /SQLITE_CORRUPT.*check the disk, then start again/)
})

test('a full disk rejects the writes that found no room, and the database goes on once there is room', async () => {
  const path = join(folder, 'full.db')
  await using database = await openSqlite({ path })
  await database.write([raw('pragma max_page_count = 80')])
  const big = raw("insert into accounts (id, name, created_at) values ('big', hex(randomblob(400000)), 1)")

  await assert.rejects(database.write([big]), /full/)
  await database.write([raw('pragma max_page_count = 4000')])
  await database.write([big])

  assert.deepEqual(await accountIds(database), ['big'])
})

test('commits reach the disk before they are acknowledged: WAL and full synchronisation', async () => {
  await using database = await openSqlite({ path: join(folder, 'pragmas.db') })

  const results = await database.write([raw('pragma synchronous'), raw('pragma journal_mode')])

  assert.deepEqual(
    results.map(({ rows }) => rows),
    [[{ synchronous: 2 }], [{ journal_mode: 'wal' }]],
  )
})

function refuses(name: string, path: string, sentence: RegExp, prepare: () => void = () => {}): void {
  test(`${name} is refused with one sentence that says how to mend it`, async () => {
    prepare()
    await assert.rejects(openSqlite({ path, busyTimeoutMs: 100 }), (error) => {
      assert.ok(error instanceof StorageError)
      assert.match(error.message, sentence)
      assert.ok(error.message.includes(path))
      return true
    })
  })
}

refuses(
  'a file that is no database',
  join(folder, 'text.db'),
  /is not an SQLite database; choose another path/,
  () => {
    writeFileSync(join(folder, 'text.db'), 'Hello. '.repeat(1000))
  },
)
refuses(
  'a path in no folder',
  join(folder, 'none', 'x.db'),
  /its folder does not exist; create the folder first/,
)
refuses('a path that names a folder', folder, /check that the path names a file/)
refuses(
  "a database of another program's",
  join(folder, 'other.db'),
  /is not Linnet's: .* choose another path/,
  () => {
    using connection = closing(new SqliteConnection(join(folder, 'other.db')))
    connection.exec('create table things (id integer)')
  },
)

test('a database that another process holds is refused with one sentence that says how to mend it', async () => {
  const path = join(folder, 'locked.db')
  using connection = closing(new SqliteConnection(path))
  connection.exec('begin exclusive')

  await assert.rejects(
    openSqlite({ path, busyTimeoutMs: 100 }),
    /is locked by another process; stop that process/,
  )
})

test('a database of a newer version is refused and left as it is', async () => {
  const path = join(folder, 'newer.db')
  await (await openSqlite({ path }))[Symbol.asyncDispose]()
  using connection = closing(new SqliteConnection(path))
  connection.exec("insert into migrations values (9999, '9999-flying-cars', 1)")

  await assert.rejects(
    openSqlite({ path }),
    /newer than this version of Linnet \(it has migration 9999-flying-cars\)/,
  )
})

/** better-sqlite3's connections are not disposable themselves. */
function closing(connection: SqliteConnection.Database): SqliteConnection.Database & Disposable {
  return Object.assign(connection, { [Symbol.dispose]: () => void connection.close() })
}

/** Overwrites the first page of a table. */
function damageTable(path: string, table: string): void {
  using connection = closing(new SqliteConnection(path, { readonly: true }))
  const rootPage = connection.prepare('select rootpage from sqlite_schema where name = ?').pluck().get(table)
  const pageBytes = Number(connection.pragma('page_size', { simple: true }))
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(pageBytes, 0xff), 0, pageBytes, (Number(rootPage) - 1) * pageBytes)
  closeSync(file)
}
