import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureLevel, normalizeLevel } from './level.ts'

const sine = (amplitude: number, count = 8000) =>
  Int16Array.from({ length: count }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * 440 * i) / 8000)),
  )

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 0.1, `${actual} is not near ${expected}`)

test('a full-scale sine has a peak of 0 dBFS and an RMS of -3 dBFS', () => {
  const level = measureLevel(sine(32767))

  near(level.peakDbfs, 0)
  near(level.rmsDbfs, -3.01)
})

test('silence and nothing at all measure -Infinity', () => {
  assert.deepEqual(measureLevel(new Int16Array(160)), { rmsDbfs: -Infinity, peakDbfs: -Infinity })
  assert.deepEqual(measureLevel(new Int16Array(0)), { rmsDbfs: -Infinity, peakDbfs: -Infinity })
})

test('quiet and loud speech alike are brought to -20 dBFS RMS', () => {
  for (const amplitude of [300, 3000, 30000]) {
    const samples = sine(amplitude)

    normalizeLevel(samples)

    near(measureLevel(samples).rmsDbfs, -20)
  }
})

test('a click keeps the gain so low that nothing is clipped', () => {
  const samples = sine(100)
  samples[4000] = 20000

  normalizeLevel(samples)

  near(measureLevel(samples).peakDbfs, -1)
  assert.ok(measureLevel(samples).rmsDbfs < -20)
})

test('silence stays silent', () => {
  const samples = new Int16Array(160)

  normalizeLevel(samples)

  assert.deepEqual(samples, new Int16Array(160))
})
