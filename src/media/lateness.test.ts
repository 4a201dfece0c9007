import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LatenessHistogram } from './lateness.ts'

test('percentiles are those of what was recorded, to a tenth of a millisecond', () => {
  const histogram = new LatenessHistogram()
  for (let i = 1; i <= 1_000; i++) histogram.record(i / 50)

  const { count, p50Ms, p99Ms, p999Ms, maxMs } = histogram.take()
  assert.equal(count, 1_000)
  for (const [measured, exact] of [
    [p50Ms, 10],
    [p99Ms, 19.8],
    [p999Ms, 19.98],
  ] as const) {
    assert.ok(measured >= exact && measured <= exact + 0.1001, `${measured} for ${exact}`)
  }
  assert.equal(maxMs, 20)
})

test('what lies beyond the buckets shows in the maximum', () => {
  const histogram = new LatenessHistogram()
  for (const ms of [1, 70, 300]) histogram.record(ms)
  assert.deepEqual(histogram.take(), {
    count: 3,
    p50Ms: 300,
    p99Ms: 300,
    p999Ms: 300,
    maxMs: 300,
    skippedTurns: 0,
  })
})

test('taking starts a new count', () => {
  const histogram = new LatenessHistogram()
  histogram.record(3)
  histogram.recordSkipped(2)
  assert.equal(histogram.take().skippedTurns, 2)
  assert.deepEqual(histogram.take(), {
    count: 0,
    p50Ms: 0,
    p99Ms: 0,
    p999Ms: 0,
    maxMs: 0,
    skippedTurns: 0,
  })
})

test('a turn before its time counts as punctual', () => {
  const histogram = new LatenessHistogram()
  histogram.record(-0.5)
  assert.equal(histogram.take().p99Ms, 0)
})
