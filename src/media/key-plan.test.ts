import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyPlan } from './key-plan.ts'

/** A character for each turn: the key while it sounds, `)` for its end packets, `.` in a pause. */
function draw(plan: KeyPlan, turns = 1_000): string {
  let drawing = ''
  for (let i = 0; i < turns && !plan.done; i++) {
    const turn = plan.next()
    drawing += turn === undefined ? '.' : turn.end ? ')' : turn.key
  }
  return drawing
}

test('each key lasts its time, ends three times and is followed by the pause; the last one by its ends alone', () => {
  assert.equal(draw(new KeyPlan(1, '1#', 100, 100)), '1111)))...####)))')
})

test('times are rounded to whole turns, and a pause has room for the repeated ends', () => {
  assert.equal(draw(new KeyPlan(1, '12', 50, 1)), '11)))22)))')
  assert.equal(draw(new KeyPlan(1, '1', 1, 1)), ')))')
})

test('the length grows by a turn each time and stays in the repeated ends, which do not sound', () => {
  const plan = new KeyPlan(1, 'A', 60, 100)
  const turns = Array.from({ length: 5 }, () => plan.next())
  assert.deepEqual(
    turns.map((turn) => [turn?.turn, turn?.length, turn?.sounding, turn?.end]),
    [
      [0, 1, true, false],
      [1, 2, true, false],
      [2, 3, true, true],
      [3, 3, false, true],
      [4, 3, false, true],
    ],
  )
  assert.ok(plan.done)
  assert.equal(plan.next(), undefined)
})

test('no keys take no turn', () => {
  assert.ok(new KeyPlan(1, '', 100, 100).done)
})

test('a key that is cut sends three ends of the length it had, and no key follows', () => {
  const plan = new KeyPlan(1, '12', 100, 100)
  assert.equal(draw(plan, 2), '11')
  plan.cut()
  const ends = [plan.next(), plan.next(), plan.next()]
  assert.ok(ends.every((turn) => turn?.end && turn.length === 2 && !turn.sounding && turn.turn > 0))
  assert.ok(plan.done)
})

test('a cut in the ends leaves the ends that are missing; in a pause, or before the first key, nothing', () => {
  for (const [turns, left] of [
    [0, ''],
    [5, '))'],
    [6, ')'],
    [7, ''],
    [9, ''],
    [10, ''],
  ] as const) {
    const plan = new KeyPlan(1, '12', 100, 100)
    draw(plan, turns)
    plan.cut()
    assert.equal(draw(plan), left, `after ${turns} turns`)
  }
})
