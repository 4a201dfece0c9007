import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeWheelTime } from '../../test/support/fake-wheel-time.ts'
import { LatenessHistogram } from './lateness.ts'
import { TimerWheel, type Turning } from './timer-wheel.ts'

class Counter implements Turning {
  turns = 0
  skipped = 0
  readonly at: number[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  turn(skipped: number): void {
    this.turns++
    this.skipped += skipped
    if (this.at.length < 10_000) this.at.push(this.#now())
  }
}

function open(size: number) {
  const time = new FakeWheelTime()
  const lateness = new LatenessHistogram()
  const wheel = new TimerWheel(time, lateness)
  const legs = Array.from({ length: size }, () => new Counter(time.now))
  for (const leg of legs) wheel.add(leg)
  return { time, lateness, wheel, legs }
}

describe('the rate', () => {
  test('each leg has exactly 50 turns a second for hours, however unpunctual the alarms are', () => {
    const { time, legs } = open(7)
    let n = 0
    time.oversleep = () => (n++ % 17) * 0.63 // up to 10 ms

    time.advance(3 * 3_600_000)

    time.oversleep = () => 0
    time.advance(20)
    for (const leg of legs) {
      assert.ok(Math.abs(leg.turns - 3 * 3_600 * 50 - 1) <= 1, `${leg.turns} turns`)
      assert.equal(leg.skipped, 0)
    }
  })

  test('turns of a leg are 20 ms apart when the alarms are punctual', () => {
    const { time, legs } = open(3)
    time.advance(1_000)
    for (const { at } of legs) {
      const gaps = at.slice(1).map((t, i) => t - (at[i] ?? 0))
      assert.ok(gaps.every((gap) => Math.abs(gap - 20) <= 1, gaps.join()))
    }
  })

  test('the first turn comes within 20 ms', () => {
    const { time, wheel } = open(25)
    time.advance(7)
    const late = new Counter(time.now)
    wheel.add(late)
    time.advance(21)
    assert.ok(late.turns >= 1)
  })
})

describe('a stall', () => {
  test('of up to five turns is made up for at once', () => {
    const { time, legs } = open(20)
    time.advance(1_000)
    const before = legs.map((leg) => leg.turns)

    time.stall(100)

    for (const [i, leg] of legs.entries()) assert.equal(leg.turns, (before[i] ?? 0) + 5)
    assert.ok(legs.every((leg) => leg.skipped === 0))
  })

  test('of longer is made up for in part, and the rest is named as skipped', () => {
    const { time, legs, lateness } = open(20)
    time.advance(1_000)
    lateness.take()
    const before = legs.map((leg) => leg.turns)

    time.stall(1_000)

    legs.forEach((leg, i) => {
      const done = leg.turns - (before[i] ?? 0)
      assert.ok(done <= 6, `${done} turns at once`)
      assert.equal(done + leg.skipped, 50)
    })
    assert.equal(lateness.take().skippedTurns, legs[0]?.skipped)
    time.advance(1_000)
    for (const [i, leg] of legs.entries()) assert.equal(leg.turns + leg.skipped - (before[i] ?? 0), 100)
  })

  test('shows in the lateness', () => {
    const { time, lateness } = open(10)
    time.advance(1_000)
    assert.ok(lateness.take().maxMs <= 1)
    time.stall(30)
    assert.ok(lateness.take().maxMs >= 28)
  })
})

describe('the slots', () => {
  test('share the legs evenly, also after some have left', () => {
    const { wheel, legs } = open(100)
    assert.deepEqual(wheel.occupancy, Array(10).fill(10))
    legs.filter((_, i) => i % 10 < 3).forEach((leg) => void wheel.remove(leg))
    for (let i = 0; i < 30; i++) wheel.add(new Counter(() => 0))
    assert.deepEqual(wheel.occupancy, Array(10).fill(10))
  })

  test('are done at their own times, two milliseconds apart', () => {
    const { time, legs } = open(10)
    time.advance(40)
    const first = legs.map(({ at }) => at[0] ?? 0).sort((a, b) => a - b)
    const gaps = first.slice(1).map((t, i) => t - (first[i] ?? 0))
    assert.ok(
      gaps.every((gap) => gap >= 1 && gap <= 3),
      gaps.join(),
    )
  })
})

describe('joining and leaving', () => {
  test('adding twice counts once, removing what is not there does nothing', () => {
    const { time, wheel, legs } = open(1)
    const [leg] = legs
    assert.ok(leg)
    wheel.add(leg)
    time.advance(200)
    assert.equal(leg.turns, 10)
    wheel.remove(new Counter(time.now))
    wheel.remove(leg)
    wheel.remove(leg)
    assert.equal(wheel.size, 0)
  })

  test('an empty wheel sets no alarm, and keeps time again when someone joins', () => {
    const { time, wheel, legs } = open(1)
    const [leg] = legs
    assert.ok(leg)
    time.advance(100)
    wheel.remove(leg)
    assert.equal(time.asleep, true)

    time.advance(60_000)
    wheel.add(leg)
    const before = leg.turns
    time.advance(200)
    assert.equal(leg.turns - before, 10)
    assert.equal(leg.skipped, 0)
  })

  test('what leaves during another’s turn in its slot has no further turn', () => {
    const { time, wheel } = open(0)
    const turns: string[] = []
    const legs: Turning[] = Array.from({ length: 20 }, (_, i) => ({
      turn: () => {
        turns.push(`${i}`)
        for (const other of legs) wheel.remove(other)
      },
    }))
    for (const leg of legs) wheel.add(leg)

    time.advance(100)

    assert.equal(turns.length, 1)
    assert.equal(time.asleep, true)
  })

  test('a disposed wheel is still', () => {
    const { time, wheel, legs } = open(5)
    wheel[Symbol.dispose]()
    time.advance(1_000)
    assert.ok(legs.every((leg) => leg.turns === 0))
    assert.equal(time.asleep, true)
  })
})
