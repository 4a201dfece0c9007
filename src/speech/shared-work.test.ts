import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { SharedWork } from './shared-work.ts'

const never = new AbortController().signal

/** Work that ends when it is told to, and notes its aborts. */
function controlled() {
  const started: AbortSignal[] = []
  const done = Promise.withResolvers<number>()
  const start = async (signal: AbortSignal) => {
    started.push(signal)
    signal.addEventListener('abort', () => done.reject(signal.reason))
    return await done.promise
  }
  return { start, started, done }
}

test('all who join get the outcome of one run, and the next one runs anew', async () => {
  const work = new SharedWork<number>()
  const { start, started, done } = controlled()
  const both = Promise.all([work.join('a', start, never), work.join('a', start, never)])

  done.resolve(7)

  assert.deepEqual(await both, [7, 7])
  assert.equal(started.length, 1)
  assert.equal(started[0]?.aborted, false)
  assert.equal(await work.join('a', async () => 8, never), 8)
})

test('a failure reaches all who joined and is not kept', async () => {
  const work = new SharedWork<number>()
  const { start, done } = controlled()
  const both = [work.join('a', start, never), work.join('a', start, never)]

  done.reject(new Error('broken'))

  for (const outcome of await Promise.allSettled(both)) assert.equal(outcome.status, 'rejected')
  assert.equal(await work.join('a', async () => 8, never), 8)
})

test('work is aborted with the last who waits, and whoever comes then starts anew', async () => {
  const work = new SharedWork<number>()
  const { start, started } = controlled()
  const [first, second] = [new AbortController(), new AbortController()]
  const both = [work.join('a', start, first.signal), work.join('a', start, second.signal)]

  first.abort(new Error('one left'))
  await assert.rejects(Promise.resolve(both[0]), /one left/)
  assert.equal(started[0]?.aborted, false)
  second.abort(new Error('both left'))

  await assert.rejects(Promise.resolve(both[1]), /both left/)
  assert.equal(started[0]?.aborted, true)
  assert.equal(await work.join('a', async () => 8, never), 8)
})

test('closing waits for work that was abandoned but has not ended', async () => {
  const work = new SharedWork<number>()
  const slow = Promise.withResolvers<number>()
  const leave = new AbortController()
  const abandoned = assert.rejects(
    work.join('a', () => slow.promise, leave.signal),
    /left/,
  )
  leave.abort(new Error('left'))
  await abandoned
  let closed = false

  const closing = work.close(new Error('closed')).then(() => {
    closed = true
  })

  await setImmediate()
  assert.equal(closed, false)
  slow.resolve(1)
  await closing
})
