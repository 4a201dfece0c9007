import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StorageError } from '../domain/repositories.ts'
import { DatabaseThread } from './database-thread.ts'

const options = { path: ':memory:', role: 'writer', busyTimeoutMs: 100 } as const
const statement = { sql: 'select 1 as one', parameters: [] }

/** A thread that opens, and does `onMessage` with the first message it gets. */
function threadThat(onMessage: string): URL {
  const source = `import { parentPort } from 'node:worker_threads'
    parentPort.postMessage({ type: 'opened' })
    parentPort.once('message', () => { ${onMessage} })`
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`)
}

for (const [name, end, sentence] of [
  [
    'dies of an error',
    "throw new Error('out of luck')",
    /the database thread died \(out of luck\); start again/,
  ],
  ['ends unasked', 'process.exit()', /the database thread ended unasked; start again/],
] as const) {
  test(`when the thread ${name}, what is pending and all that follows rejects, and the owner hears it once`, async () => {
    const lost: StorageError[] = []
    await using thread = new DatabaseThread(options, (error) => lost.push(error), threadThat(end))
    await thread.opened()

    const pending = await Promise.allSettled([
      thread.run('read', [statement]),
      thread.run('write', [statement]),
    ])

    for (const outcome of pending) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StorageError)
      assert.match(outcome.reason.message, sentence)
    }
    await assert.rejects(thread.run('read', [statement]), sentence)
    assert.equal(lost.length, 1)
  })
}

test('tasks asked for in one turn are answered each for itself', async () => {
  await using thread = new DatabaseThread(options, () => {})
  await thread.opened()

  const answers = await Promise.all(
    [1, 2, 3].map((n) => thread.run('read', [{ sql: 'select ? as n', parameters: [n] }])),
  )

  assert.deepEqual(
    answers.map(([result]) => result?.rows),
    [[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]],
  )
})
