import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { KeyBuffer } from './key-buffer.ts'
import { MAX_KEYS } from './limits.ts'

test('keys come out in the order they went in', () => {
  const keys = new KeyBuffer()
  for (const key of '12#') keys.push(key)
  assert.deepEqual([keys.take(), keys.take(), keys.take(), keys.take()], ['1', '2', '#', undefined])
})

test('a full buffer drops the newest keys and says so', () => {
  const keys = new KeyBuffer()
  for (let pushed = 0; pushed < MAX_KEYS; pushed++) assert.equal(keys.push('1'), true)
  assert.equal(keys.push('2'), false)
  assert.equal(keys.size, MAX_KEYS)
})

test('a listener hears of each new key until it is disposed', () => {
  const keys = new KeyBuffer()
  const heard: number[] = []
  keys.push('1')
  const listener = keys.onKey(() => heard.push(keys.size))
  keys.push('2')
  keys.push('3')
  listener[Symbol.dispose]()
  keys.push('4')
  assert.deepEqual(heard, [2, 3])
})

test('taking with a wait gives a key that is there, that comes in time, or nothing', async () => {
  const clock = new FakeClock()
  const keys = new KeyBuffer()
  const { signal } = new AbortController()

  keys.push('1')
  assert.equal(await keys.takeWithin(100, clock, signal), '1')
  assert.equal(await keys.takeWithin(0, clock, signal), undefined)

  const inTime = keys.takeWithin(100, clock, signal)
  await clock.advance(99)
  keys.push('2')
  assert.equal(await inTime, '2')

  const tooLate = keys.takeWithin(100, clock, signal)
  await clock.advance(100)
  assert.equal(await tooLate, undefined)
  assert.equal(clock.pendingTimers, 0)
})

test('an abort ends the wait and leaves neither timer nor listener', async () => {
  const clock = new FakeClock()
  const keys = new KeyBuffer()
  const aborter = new AbortController()
  const taken = keys.takeWithin(100, clock, aborter.signal)
  aborter.abort(new Error('gone'))
  await assert.rejects(taken, { message: 'gone' })
  assert.equal(clock.pendingTimers, 0)
  keys.push('1')
  assert.equal(keys.size, 1)
})
