import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import SqliteConnection from 'better-sqlite3'
import type { Database } from './database.ts'
import { openRepositories } from './open-repositories.ts'
import { openSqlite } from './sqlite-database.ts'

const ROUNDS = 4
const folder = mkdtempSync(join(tmpdir(), 'linnet-crash-'))
after(() => rmSync(folder, { recursive: true }))

const writerPath = fileURLToPath(new URL('../../test/support/storage-writer.ts', import.meta.url))

function startWriter(path: string, round: string): ChildProcess {
  return spawn(process.execPath, [writerPath, path, round], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Lets a writer run for `ms` after it is ready, kills it, and tells the last acknowledged step of each call. */
async function killAfter(writer: ChildProcess, ms: number): Promise<ReadonlyMap<string, number>> {
  const { stdout } = writer
  assert.ok(stdout)
  const acknowledged = new Map<string, number>()
  const ready = Promise.withResolvers<void>()
  const exited = once(writer, 'exit')
  const read = (async () => {
    for await (const line of createInterface({ input: stdout })) {
      if (line === 'ready') ready.resolve()
      const [, id, step] = /^(\S+) (\d)$/.exec(line) ?? [] // the last line may be cut
      if (id && step) acknowledged.set(id, Number(step))
    }
  })()
  await ready.promise
  await delay(ms)
  writer.kill('SIGKILL')
  await Promise.all([exited, read])
  return acknowledged
}

test('no acknowledged change is lost when the process is killed, and no call is left half changed', async () => {
  const path = join(folder, 'killed.db')
  const acknowledged = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    const killMoment = 30 + Math.random() * 250
    for (const [id, step] of await killAfter(startWriter(path, String(round)), killMoment)) {
      acknowledged.set(id, step)
    }
  }

  await using database = await openSqlite({ path })

  assert.ok(acknowledged.size > ROUNDS, 'the writers were killed before they had acknowledged anything')
  const { calls } = openRepositories(database)
  const found = await calls.listLive()
  const byId = new Map(found.map((entry) => [entry.call.id, entry]))
  for (const [id, step] of acknowledged) {
    const entry = byId.get(id)
    assert.ok(entry && entry.call.updatedAt >= step, `${id} lost step ${step}`)
  }
  for (const { call, legs, lastSequence } of found) {
    const step = call.updatedAt
    assert.equal(legs.length, 1)
    assert.equal(lastSequence, step * 2)
    const sequences = (await calls.journal('ours', call.id)).map(({ sequence }) => sequence)
    assert.deepEqual(
      sequences,
      Array.from({ length: step * 2 }, (_, index) => index + 1),
    )
  }
  assert.equal((await calls.list('ours', { page: 1, perPage: 1 })).totalCount, found.length)
  assert.equal(
    await countOutbox(database),
    found.reduce((sum, { call }) => sum + call.updatedAt, 0),
  )
})

async function countOutbox(database: Database): Promise<number | undefined> {
  const query = database.builder.selectFrom('outbox').select(({ fn }) => fn.countAll<number>().as('count'))
  return (await database.read(query.compile()))[0]?.count
}

test('two processes that start at once on a new file both find the schema whole', async () => {
  const path = join(folder, 'shared.db')
  const writers = [startWriter(path, 'left'), startWriter(path, 'right')]

  const acknowledged = await Promise.all(writers.map((writer) => killAfter(writer, 100)))

  for (const steps of acknowledged) assert.ok(steps.size > 0)
  const connection = new SqliteConnection(path)
  after(() => connection.close())
  assert.deepEqual(connection.prepare('select number from migrations').pluck().all(), [1])
  assert.equal(connection.pragma('integrity_check', { simple: true }), 'ok')
})
