import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { systemIds } from '../runtime/ids.ts'
import { hashAccessKey, makeAccessKey } from './make-access-key.ts'

const dependencies = { clock: new FakeClock(), ids: systemIds }

test('a key names its mode, and its record holds no more than a hash and a hint', () => {
  const { key, record } = makeAccessKey({ accountId: 'a', mode: 'test', name: 'ci' }, dependencies)

  assert.match(key, /^test_[0-9a-f]{32}$/)
  assert.equal(record.hash, hashAccessKey(key))
  assert.equal(record.hint, key.slice(0, 9))
  assert.ok(!JSON.stringify(record).includes(key.slice(10)))
  assert.deepEqual([record.accountId, record.mode, record.name], ['a', 'test', 'ci'])
})

test('every key is another one, and a given key is kept', () => {
  const make = () => makeAccessKey({ accountId: 'a', mode: 'live' }, dependencies).key
  assert.notEqual(make(), make())
  assert.equal(
    makeAccessKey({ accountId: 'a', mode: 'live', key: 'live_mine' }, dependencies).key,
    'live_mine',
  )
})
