import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isSendable, SourceGuard } from './source-guard.ts'

const SIGNALLED = '192.0.2.10'
const NAT = '203.0.113.5'
const STRANGER = '198.51.100.66'

function open({ windowMs = 5_000 } = {}) {
  const guard = new SourceGuard(windowMs)
  guard.signal(SIGNALLED, 4000, 0)
  return guard
}

/** Offers `count` packets in order; the answers as a string of + and -. */
function offer(
  guard: SourceGuard,
  address: string,
  port: number,
  { at = 100, count = 1, ssrc = 1, from = 0 } = {},
) {
  return Array.from({ length: count }, (_, i) =>
    guard.admit(address, port, at, ssrc, from + i) === 'admitted' ? '+' : '-',
  ).join('')
}

describe('the guard of a source', () => {
  test('sends to the signalled address until the far end shows itself', () => {
    const guard = open()
    assert.deepEqual([guard.address, guard.port], [SIGNALLED, 4000])
  })

  test('admits the signalled address at once and for ever, and nobody else from then on', () => {
    const guard = open()
    assert.equal(offer(guard, SIGNALLED, 4000), '+')
    assert.equal(offer(guard, STRANGER, 4000, { count: 10 }), '----------')
    assert.equal(offer(guard, SIGNALLED, 4002, { count: 10 }), '----------')
    assert.equal(offer(guard, SIGNALLED, 4000, { at: 3_600_000 }), '+')
    assert.deepEqual([guard.address, guard.port], [SIGNALLED, 4000])
  })

  test('follows another port of the signalled address within the window', () => {
    const guard = open()
    assert.equal(offer(guard, SIGNALLED, 61_000, { count: 2 }), '++')
    assert.equal(guard.port, 61_000)
  })

  test('follows a far end behind NAT after three packets in a row', () => {
    const guard = open()
    assert.equal(offer(guard, NAT, 31_000, { count: 5 }), '--+++')
    assert.deepEqual([guard.address, guard.port], [NAT, 31_000])
    assert.equal(offer(guard, STRANGER, 31_000, { count: 5 }), '-----')
  })

  test('does not believe packets that do not follow each other, or that change their SSRC', () => {
    const guard = open()
    for (let i = 0; i < 20; i++) assert.equal(offer(guard, NAT, 31_000, { from: i * 7 }), '-')
    for (let i = 0; i < 20; i++) assert.equal(offer(guard, NAT, 31_000, { from: i, ssrc: i }), '-')
    assert.equal(guard.address, SIGNALLED)
  })

  test('does not believe a spray that changes its source', () => {
    const guard = open()
    for (let i = 0; i < 20; i++) assert.equal(offer(guard, `198.51.100.${i}`, 31_000, { from: i }), '-')
    assert.equal(guard.address, SIGNALLED)
  })

  test('learns nothing once the window has closed', () => {
    const guard = open()
    assert.equal(offer(guard, NAT, 31_000, { at: 5_000, count: 5 }), '-----')
    assert.equal(offer(guard, SIGNALLED, 61_000, { at: 5_000, count: 5 }), '-----')
    assert.equal(offer(guard, SIGNALLED, 4000, { at: 3_600_000 }), '+')
  })

  test('gives up what it learned when the signalled address speaks within the window, not later', () => {
    const early = open()
    assert.equal(offer(early, STRANGER, 31_000, { count: 3 }), '--+')
    assert.equal(offer(early, SIGNALLED, 4000, { at: 4_999 }), '+')
    assert.equal(offer(early, STRANGER, 31_000, { count: 3, from: 3 }), '---')

    const late = open()
    assert.equal(offer(late, NAT, 31_000, { count: 3 }), '--+')
    assert.equal(offer(late, SIGNALLED, 4000, { at: 5_000 }), '-')
  })

  test('keeps what it learned when the same far end is signalled again, and starts afresh with another', () => {
    const guard = open()
    offer(guard, NAT, 31_000, { count: 3 })
    guard.signal(SIGNALLED, 4000, 60_000)
    assert.deepEqual([guard.address, guard.port], [NAT, 31_000])

    guard.signal(SIGNALLED, 4010, 60_000)
    assert.deepEqual([guard.address, guard.port], [SIGNALLED, 4010])
    assert.equal(offer(guard, NAT, 31_000, { at: 60_100, count: 3, from: 3 }), '--+')
  })

  test('believes RTCP from the address it sends to', () => {
    const guard = open()
    assert.equal(guard.admitsAddress(SIGNALLED), true)
    assert.equal(guard.admitsAddress(STRANGER), false)
  })
})

describe('an address that media may be sent to', () => {
  for (const address of ['127.0.0.1', '192.0.2.1', '10.0.0.1', '223.255.255.255', '::1', '2001:db8::1']) {
    test(`${address} is one`, () => assert.equal(isSendable(address, 4000), true))
  }
  const others = ['0.0.0.0', '0.1.2.3', '224.0.0.1', '239.1.1.1', '255.255.255.255', '::', '0:0:0:0:0:0:0:0']
  for (const address of [...others, 'ff02::1', '::ffff:0.0.0.0', 'phone.example', '1.2.3', '1.2.3.999', '']) {
    test(`"${address}" is none`, () => assert.equal(isSendable(address, 4000), false))
  }
  test('a port outside 1 to 65535 makes it none', () => {
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) assert.equal(isSendable('192.0.2.1', port), false)
  })
})
