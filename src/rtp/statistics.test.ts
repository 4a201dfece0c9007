import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ReceptionCounter } from './statistics.ts'

const SSRC = 7

/** Counts packets 20 ms apart, in the order of their sequence numbers. */
function receive(counter: ReceptionCounter, sequenceNumbers: readonly number[], ssrc = SSRC) {
  for (const n of sequenceNumbers) counter.count(ssrc, n & 0xffff, (n * 160) >>> 0, n * 20, true)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

describe('loss', () => {
  test('nothing is lost when all arrives', () => {
    const counter = new ReceptionCounter()
    receive(counter, range(100, 200))
    assert.equal(counter.packetsReceived, 100)
    assert.equal(counter.packetsLost, 0)
  })

  test('counts gaps across the wrap of sequence numbers', () => {
    const counter = new ReceptionCounter()
    receive(counter, [...range(65_500, 65_536 + 10), ...range(65_536 + 15, 65_536 + 100)])
    assert.equal(counter.packetsLost, 5)
    assert.equal(counter.report()?.highestSequenceNumber, 65_536 + 99)
  })

  test('stays right through many cycles', () => {
    const counter = new ReceptionCounter()
    receive(
      counter,
      range(0, 200_000).filter((n) => n % 100 !== 50),
    )
    assert.equal(counter.packetsLost, 2_000)
    assert.equal(counter.packetsReceived, 198_000)
  })

  test('late packets and duplicates never make the loss negative', () => {
    const counter = new ReceptionCounter()
    receive(counter, [1, 2, 3, 3, 3, 3, 5, 4, 6, 6])
    assert.equal(counter.packetsReceived, 10)
    assert.equal(counter.packetsLost, 0)
  })

  test('any shuffle within the bounds of reordering counts the same', () => {
    const shuffled = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 300, maxLength: 300 })
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 0, max: 0xffff }), (late, start) => {
        const counter = new ReceptionCounter()
        receive(counter, [start, start + 1])
        const order = range(start + 2, start + 302)
          .map((n, i) => ({ n, at: i + (late[i] ?? 0) }))
          .sort((a, b) => a.at - b.at)
          .map(({ n }) => n)
        receive(counter, order)
        assert.equal(counter.packetsReceived, 302)
        assert.equal(counter.packetsLost, 0)
      }),
      { numRuns: 200 },
    )
  })

  test('a report tells the fraction lost since the one before', () => {
    const counter = new ReceptionCounter()
    receive(counter, range(0, 100))
    assert.equal(counter.report()?.fractionLost, 0)
    receive(
      counter,
      range(100, 200).filter((n) => n % 4 !== 0),
    )
    receive(counter, [200])
    const report = counter.report()
    assert.equal(report?.packetsLost, 25)
    assert.equal(report?.fractionLost, Math.floor((25 * 256) / 101))
    assert.equal(counter.report()?.fractionLost, 0)
  })
})

describe('sources', () => {
  test('a source is reported on once two of its packets came in order', () => {
    const counter = new ReceptionCounter()
    receive(counter, [10])
    assert.equal(counter.report(), undefined)
    receive(counter, [500])
    assert.equal(counter.report(), undefined)
    receive(counter, [501])
    assert.equal(counter.report()?.ssrc, SSRC)
    assert.equal(counter.packetsReceived, 2)
  })

  test('one packet with another SSRC changes nothing, two in order are a new source', () => {
    const counter = new ReceptionCounter()
    receive(counter, range(0, 50))
    receive(counter, [9_000], 8)
    receive(counter, range(50, 60))
    assert.equal(counter.report()?.ssrc, SSRC)
    assert.equal(counter.packetsReceived, 60)

    receive(counter, range(9_000, 9_010), 8)
    assert.equal(counter.report()?.ssrc, 8)
    assert.equal(counter.packetsReceived, 70)
    assert.equal(counter.packetsLost, 0)
  })

  test('what a former source lost stays lost', () => {
    const counter = new ReceptionCounter()
    receive(counter, [1, 2, 3, 6, 7])
    receive(counter, [40_000, 40_001, 40_004], 8)
    assert.equal(counter.packetsLost, 4)
    assert.equal(counter.packetsReceived, 8)
  })

  test('a sequence that jumps is followed after two packets in order, and the jump is no loss', () => {
    const counter = new ReceptionCounter()
    receive(counter, range(0, 50))
    receive(counter, [20_000])
    assert.equal(counter.packetsReceived, 50)
    receive(counter, range(20_001, 20_050))
    assert.equal(counter.packetsReceived, 100)
    assert.equal(counter.packetsLost, 0)
  })

  test('no stream of numbers makes the counts negative or not finite', () => {
    const packets = fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.double({ min: 0, max: 1e12, noNaN: true }),
      ),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(packets, (all) => {
        const counter = new ReceptionCounter()
        for (const [ssrc, n, timestamp, at] of all) counter.count(ssrc, n, timestamp, at, true)
        assert.ok(counter.packetsLost >= 0 && Number.isInteger(counter.packetsLost))
        assert.ok(counter.packetsReceived <= all.length)
        assert.ok(Number.isFinite(counter.jitterMs) && counter.jitterMs >= 0)
        const report = counter.report()
        assert.ok(!report || (report.fractionLost >= 0 && report.fractionLost <= 255))
      }),
    )
  })
})

describe('jitter', () => {
  test('packets that keep time have none, across the wrap of timestamps', () => {
    const counter = new ReceptionCounter()
    for (let n = 0; n < 100; n++) counter.count(SSRC, n, (0xffff_f000 + n * 160) >>> 0, n * 20, true)
    assert.equal(counter.jitterMs, 0)
  })

  test('packets that come alternately 5 ms early and late approach a jitter of 10 ms', () => {
    const counter = new ReceptionCounter()
    for (let n = 0; n < 1_000; n++) counter.count(SSRC, n, n * 160, n * 20 + (n % 2 ? 5 : -5) + 100, true)
    assert.ok(Math.abs(counter.jitterMs - 10) < 0.1, `${counter.jitterMs}`)
  })

  test('a key press, whose packets share a timestamp, is not jitter', () => {
    const counter = new ReceptionCounter()
    receive(counter, range(0, 10))
    for (let n = 10; n < 30; n++) counter.count(SSRC, n, 1_600, n * 20, false)
    receive(counter, range(30, 40))
    assert.equal(counter.jitterMs, 0)
    assert.equal(counter.packetsReceived, 40)
  })

  test('a sender that starts its timestamps afresh does not jump in jitter', () => {
    const counter = new ReceptionCounter()
    receive(counter, range(0, 10))
    for (let n = 10; n < 20; n++) counter.count(SSRC, n, 0x7000_0000 + n * 160, n * 20, true)
    assert.equal(counter.jitterMs, 0)
  })
})
