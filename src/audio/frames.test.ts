import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FRAME_SAMPLES, padToFrames } from './frames.ts'

test('a piece of a frame is filled up with silence', () => {
  const padded = padToFrames(new Int16Array(FRAME_SAMPLES + 1).fill(5))

  assert.equal(padded.length, 2 * FRAME_SAMPLES)
  assert.deepEqual([...padded.subarray(0, 161)], Array(161).fill(5))
  assert.ok(padded.subarray(161).every((sample) => sample === 0))
})

test('whole frames and nothing are left as they are', () => {
  const whole = new Int16Array(3 * FRAME_SAMPLES)
  const nothing = new Int16Array(0)

  assert.equal(padToFrames(whole), whole)
  assert.equal(padToFrames(nothing), nothing)
})
