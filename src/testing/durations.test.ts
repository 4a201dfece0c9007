import assert from 'node:assert/strict'
import { test } from 'node:test'
import { milliseconds, parsePresses, singleKeys } from './durations.ts'

test('times are numbers of milliseconds, or numbers with their unit', () => {
  assert.deepEqual(
    [250, '500ms', '4.5s', '10m', '1h', '0s'].map(milliseconds),
    [250, 500, 4_500, 600_000, 3_600_000, 0],
  )
})

for (const wrong of ['', '5', 's', '-1s', '1 s', '1d', '25h', '1e3s', -1, Number.NaN, 1e12]) {
  test(`\`${wrong}\` is no time`, () => {
    assert.throws(() => milliseconds(wrong), { name: 'RangeError', message: /is no time: write one/ })
  })
}

test('keys and times are read from text', () => {
  assert.deepEqual(parsePresses('2@1s, 34#@4.5s'), [
    { keys: '2', at: 1_000 },
    { keys: '34#', at: 4_500 },
  ])
})

for (const wrong of ['', '2', '2@', '2@1s,', '2@1s@2s', '2@soon']) {
  test(`\`${wrong}\` is no list of keys and times`, () =>
    assert.throws(() => parsePresses(wrong), RangeError))
}

test('presses become single keys in the order of their time', () => {
  const presses = [
    { keys: '3a', at: '2s' },
    { keys: '*', at: 10 },
  ] as const
  assert.deepEqual(singleKeys(presses), [
    { atMs: 10, key: '*' },
    { atMs: 2_000, key: '3' },
    { atMs: 2_000, key: 'A' },
  ])
})

for (const wrong of ['', 'x', '1 2']) {
  test(`\`${wrong}\` are no keys`, () =>
    assert.throws(() => singleKeys([{ keys: wrong, at: 0 }]), RangeError))
}
