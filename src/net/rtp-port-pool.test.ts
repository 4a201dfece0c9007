import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RtpPortPool } from './rtp-port-pool.ts'

function open(first: number, last: number) {
  const time = { now: 0 }
  const pool = new RtpPortPool({ first, last }, 5_000, () => time.now, Math.random)
  const takeAll = () => {
    const ports: number[] = []
    for (let port = pool.take(); port !== undefined; port = pool.take()) ports.push(port)
    return ports
  }
  return { time, pool, takeAll }
}

test('gives out every even port whose odd neighbour is in the range, each once', () => {
  assert.deepEqual(open(20_000, 20_009).takeAll().sort(), [20_000, 20_002, 20_004, 20_006, 20_008])
  assert.deepEqual(open(20_001, 20_006).takeAll().sort(), [20_002, 20_004])
  assert.deepEqual(open(20_001, 20_002).takeAll(), [])
})

test('a port rests before it is given out again', () => {
  const { pool, time } = open(20_000, 20_001)
  assert.equal(pool.take(), 20_000)
  pool.release(20_000)

  time.now = 4_999
  assert.equal(pool.free, 0)
  assert.equal(pool.take(), undefined)
  time.now = 5_000
  assert.equal(pool.free, 1)
  assert.equal(pool.take(), 20_000)
})

test('the port that was freed first is used first', () => {
  const { pool, time, takeAll } = open(20_000, 20_007)
  const order = takeAll().reverse()
  for (const port of order) {
    pool.release(port)
    time.now += 10
  }
  time.now += 5_000
  assert.deepEqual(takeAll(), order)
})
