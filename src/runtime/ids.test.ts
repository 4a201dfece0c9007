import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from './ids.ts'

test('tokens are hexadecimal, of the asked length, and never repeat over many refills of the pool', () => {
  const tokens = Array.from({ length: 5_000 }, () => systemIds.token(8))
  assert.ok(tokens.every((token) => /^[0-9a-f]{16}$/.test(token)))
  assert.equal(new Set(tokens).size, tokens.length)
  assert.ok(!tokens.includes('0'.repeat(16)))
})

test('a token may take the whole pool, and not more', () => {
  assert.equal(systemIds.token(4096).length, 8192)
  assert.throws(() => systemIds.token(4097), RangeError)
})

test('uuids are of version 4', () => {
  assert.match(systemIds.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
