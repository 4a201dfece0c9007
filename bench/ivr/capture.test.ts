import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statisticsOf } from './capture.ts'

interface Sent {
  readonly atMs: number
  readonly sequence: number
  readonly timestamp: number
  readonly ssrc?: number
}

/** A capture as dumpcap writes it: microseconds, Ethernet, 54 bytes of each frame. */
function pcapOf(packets: readonly Sent[]): Buffer {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4, 0)
  const records = packets.map(({ atMs, sequence, timestamp, ssrc = 1 }) => {
    const record = Buffer.alloc(16 + 54)
    record.writeUInt32LE(Math.floor(atMs / 1_000), 0)
    record.writeUInt32LE(Math.round((atMs % 1_000) * 1_000), 4)
    record.writeUInt32LE(54, 8)
    record.writeUInt8(0x80, 16 + 42)
    record.writeUInt16BE(sequence & 0xffff, 16 + 44)
    record.writeUInt32BE(timestamp >>> 0, 16 + 46)
    record.writeUInt32BE(ssrc, 16 + 50)
    return record
  })
  return Buffer.concat([head, ...records])
}

/** A stream that is sent to the millisecond, across the wrap of its numbers. */
const stream = (count: number, ssrc = 1): Sent[] =>
  Array.from({ length: count }, (_, index) => ({
    atMs: 1_000 + 20 * index,
    sequence: 65_530 + index,
    timestamp: 2 ** 32 - 320 + 160 * index,
    ssrc,
  }))

test('a stream that is paced to the millisecond has no jitter and no loss, across a wrap', () => {
  const { streams, packets, lost, jitterMs } = statisticsOf(pcapOf([...stream(50), ...stream(50, 2)]))
  assert.deepEqual({ streams, packets, lost }, { streams: 2, packets: 100, lost: 0 })
  assert.ok(jitterMs.max < 0.01, `${jitterMs.max}`)
})

test('missing numbers are lost packets, a late one is out of order and not lost', () => {
  const sent = stream(50)
  const [late] = sent.splice(20, 1)
  assert.ok(late)
  assert.equal(statisticsOf(pcapOf(sent)).lost, 1)
  sent.splice(22, 0, late)
  const { lost, reordered } = statisticsOf(pcapOf(sent))
  assert.deepEqual({ lost, reordered }, { lost: 0, reordered: 1 })
})

test('a packet that is 7 ms late deviates by 7 ms twice', () => {
  const sent = stream(50).map((packet, index) =>
    index === 10 ? { ...packet, atMs: packet.atMs + 7 } : packet,
  )
  const { jitterMs } = statisticsOf(pcapOf(sent))
  assert.ok(Math.abs(jitterMs.max - 7) < 0.01, `${jitterMs.max}`)
  assert.ok(jitterMs.p50 < 0.01)
})
