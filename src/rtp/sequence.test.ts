import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sequenceDistance, timestampDistance } from './sequence.ts'

test('sequence numbers are near each other across the wrap', () => {
  assert.equal(sequenceDistance(65_535, 0), 1)
  assert.equal(sequenceDistance(0, 65_535), -1)
  assert.equal(sequenceDistance(10, 10), 0)
  assert.equal(sequenceDistance(0, 0x7fff), 0x7fff)
  assert.equal(sequenceDistance(0, 0x8000), -0x8000)
})

test('timestamps are near each other across the wrap', () => {
  assert.equal(timestampDistance(0xffff_ff60, 0), 160)
  assert.equal(timestampDistance(0, 0xffff_ff60), -160)
  assert.equal(timestampDistance(0, 0x7fff_ffff), 0x7fff_ffff)
  assert.equal(timestampDistance(0, 0x8000_0000), -0x8000_0000)
})
