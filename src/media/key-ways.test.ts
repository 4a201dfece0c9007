import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KeyWay, KeyWays } from './key-ways.ts'

type Press = readonly [atMs: number, way: KeyWay, key: string, heldMs?: number]

const counted = (...presses: Press[]) => {
  const ways = new KeyWays()
  return presses
    .filter(([atMs, way, key, heldMs]) => ways.admit(key, way, atMs, heldMs))
    .map(([atMs, , key]) => `${key}@${atMs}`)
}

test('a press that comes both ways counts once, whichever way is first', () => {
  assert.deepEqual(counted([0, 'rtp', '5'], [150, 'signalling', '5']), ['5@0'])
  assert.deepEqual(counted([0, 'signalling', '5'], [150, 'rtp', '5']), ['5@0'])
})

test('a key pressed twice in quick succession, each press both ways, counts twice', () => {
  const presses: Press[] = [
    [0, 'rtp', '5'],
    [10, 'signalling', '5'],
    [120, 'rtp', '5'],
    [130, 'signalling', '5'],
  ]
  assert.deepEqual(counted(...presses), ['5@0', '5@120'])
})

test('presses of one way all count, however close', () => {
  assert.deepEqual(counted([0, 'signalling', '5'], [1, 'signalling', '5'], [2, 'rtp', '6']), [
    '5@0',
    '5@1',
    '6@2',
  ])
})

test('after 200 ms the same key is another press', () => {
  assert.deepEqual(counted([0, 'rtp', '5'], [201, 'signalling', '5']), ['5@0', '5@201'])
})

test('a key that is told at its end, with its duration, is the one that began then', () => {
  assert.deepEqual(counted([0, 'rtp', '5'], [900, 'signalling', '5', 800]), ['5@0'])
  assert.deepEqual(counted([0, 'rtp', '5'], [9_000, 'signalling', '5', 1e9]), ['5@0', '5@9000'])
})

test('of very many keys only the latest are remembered', () => {
  const ways = new KeyWays()
  for (let i = 0; i < 20; i++) ways.admit('1', 'rtp', 0)
  const dropped = Array.from({ length: 20 }, () => ways.admit('1', 'signalling', 0)).filter((taken) => !taken)
  assert.equal(dropped.length, 16)
})
