import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as realTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { sleep } from './clock.ts'
import { VirtualClock } from './virtual-clock.ts'

const { signal } = new AbortController()

test('hours of waiting pass at once, and the clock shows them', async () => {
  const clock = new VirtualClock(5)

  const result = await clock.runUntil(sleep(clock, 3_600_000, signal).then(() => clock.now()))

  assert.equal(result, 3_600_005)
})

test('timers fire in the order they are due, and those of one moment in the order they were set', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ ms: fc.nat(20), cancel: fc.boolean() })), async (timers) => {
      const clock = new VirtualClock()
      const fired: number[] = []
      const set = timers.map(({ ms }, index) => clock.after(ms, () => fired.push(index)))
      for (const [index, timer] of set.entries()) if (timers[index]?.cancel) timer[Symbol.dispose]()

      await clock.runUntil(sleep(clock, 21, signal))

      const expected = timers
        .map(({ ms, cancel }, index) => ({ ms, cancel, index }))
        .filter(({ cancel }) => !cancel)
        .sort((a, b) => a.ms - b.ms || a.index - b.index)
      assert.deepEqual(
        fired,
        expected.map(({ index }) => index),
      )
      assert.equal(clock.pendingTimers, 0)
    }),
  )
})

test('timers that are set by timers fire in their turn', async () => {
  const clock = new VirtualClock()
  const fired: string[] = []
  clock.after(10, () => {
    fired.push('a')
    clock.after(0, () => fired.push('b'))
    clock.after(5, () => fired.push('d'))
  })
  clock.after(12, () => fired.push('c'))

  await clock.runUntil(sleep(clock, 20, signal))

  assert.deepEqual(fired, ['a', 'b', 'c', 'd'])
})

test('work that fails passes its failure on, and work that waits for nothing is told of', async () => {
  const clock = new VirtualClock()
  await assert.rejects(clock.runUntil(sleep(clock, 5, signal).then(() => Promise.reject(new Error('x')))), {
    message: 'x',
  })
  await assert.rejects(clock.runUntil(new Promise(() => {})), /never comes/)
})

test('time stands still for work outside of the clock', async () => {
  const clock = new VirtualClock()
  let timerFired = false
  clock.after(1, () => {
    timerFired = true
  })

  const result = await clock.runUntil(clock.standStillFor(realTimeout(1, 'answer')))

  assert.deepEqual([result, timerFired, clock.now()], ['answer', false, 0])
})
