import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { assertRefused, startTestApi, TEST_KEY } from '../../test/support/test-api.ts'
import { RateLimiter } from './rate-limit.ts'

test('a burst passes at once, then requests pass at the rate', async () => {
  const clock = new FakeClock()
  const limiter = new RateLimiter(clock, { perSecond: 2, burst: 3 })

  const burst = [1, 2, 3, 4].map(() => limiter.take('a'))
  await clock.advance(500)
  const later = [1, 2].map(() => limiter.take('a'))

  assert.deepEqual(burst, [0, 0, 0, 1])
  assert.deepEqual(later, [0, 1])
})

test('a clock that is set back neither fills nor empties the bucket', () => {
  let now = 1_000_000
  const limiter = new RateLimiter({ now: () => now, after: () => assert.fail() }, { perSecond: 1, burst: 2 })
  limiter.take('a')
  now = 0

  assert.deepEqual([limiter.take('a'), limiter.take('a')], [0, 1])
})

test('the limiter remembers a bounded number of keys', () => {
  const limiter = new RateLimiter(new FakeClock(), { perSecond: 1, burst: 1 })
  for (let key = 0; key < 20_000; key += 1) limiter.take(String(key))

  assert.equal(limiter.size, 10_000)
})

test('a key beyond its rate gets 429 with Retry-After, and no other key suffers', async () => {
  await using api = await startTestApi({ limits: { requestsPerSecond: 1, requestBurst: 2 } })
  await api.send('GET', '/calls')
  await api.send('GET', '/calls')

  const refused = await api.send('GET', '/calls')
  const other = await api.send('GET', '/calls', undefined, { authorization: `AccessKey ${TEST_KEY}` })
  await api.clock.advance(1_000)
  const later = await api.send('GET', '/calls')

  assertRefused(refused, 429, 14)
  assert.equal(refused.headers['retry-after'], '1')
  assert.equal(other.status, 200)
  assert.equal(later.status, 200)
})
