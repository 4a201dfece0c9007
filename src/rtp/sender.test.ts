import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRtpPacket } from './packet.ts'
import { FRAME_BYTES, RtpSender } from './sender.ts'
import { parseTelephoneEvents } from './telephone-event.ts'

function open() {
  const sender = new RtpSender({ ssrc: 0xdead_beef, sequenceNumber: 65_534, timestamp: 0xffff_ff60 })
  sender.use(8, 0xd5)
  return sender
}

function prompt(frames: number) {
  const bytes = Buffer.alloc(frames * FRAME_BYTES, 0).map((_, i) => (i * 31) & 0xff)
  return { bytes, words: new Int32Array(Uint8Array.from(bytes).buffer) }
}

function parsed(datagram: Uint8Array) {
  const packet = parseRtpPacket(Buffer.from(datagram)) // a copy: the sender writes the next one into the same memory
  assert.ok(packet)
  return packet
}

test('frames carry the prompt byte for byte, numbered without gaps across the wrap', () => {
  const sender = open()
  const { bytes, words } = prompt(4)
  const packets = [0, 1, 2, 3].map((i) => parsed(sender.frame(words, i)))

  assert.deepEqual(Buffer.concat(packets.map((p) => p.payload)), Buffer.from(bytes))
  assert.deepEqual(
    packets.map((p) => p.sequenceNumber),
    [65_534, 65_535, 0, 1],
  )
  assert.deepEqual(
    packets.map((p) => p.timestamp),
    [0xffff_ff60, 0, 160, 320],
  )
  assert.ok(packets.every((p) => p.payloadType === 8 && p.ssrc === 0xdead_beef))
})

test('the marker is set on the first packet, on speech after silence, and after a gap', () => {
  const sender = open()
  const { words } = prompt(3)
  const flags = [
    parsed(sender.silence()).marker,
    parsed(sender.silence()).marker,
    parsed(sender.frame(words, 0)).marker,
    parsed(sender.frame(words, 1)).marker,
    parsed(sender.silence()).marker,
  ]
  sender.skip(1)
  flags.push(parsed(sender.frame(words, 2)).marker, parsed(sender.frame(words, 2)).marker)
  assert.deepEqual(flags, [true, false, true, false, false, true, false])
})

test('time that passes without packets moves the timestamp and not the sequence number', () => {
  const sender = open()
  const before = parsed(sender.silence())
  sender.skip(10)
  const after = parsed(sender.silence())
  assert.equal((after.timestamp - before.timestamp) >>> 0, 11 * 160)
  assert.equal(after.sequenceNumber, 65_535)
})

test('silence is the silence of the codec, also after it changed', () => {
  const sender = open()
  assert.ok(parsed(sender.silence()).payload.every((byte) => byte === 0xd5))
  sender.use(0, 0xff)
  const packet = parsed(sender.silence())
  assert.equal(packet.payloadType, 0)
  assert.ok(packet.payload.every((byte) => byte === 0xff))
  assert.equal(packet.payload.length, FRAME_BYTES)
})

test('sent packets and their octets are counted', () => {
  const sender = open()
  for (let i = 0; i < 10; i++) sender.silence()
  assert.equal(sender.packetsSent, 10)
  assert.equal(sender.octetsSent, 1_600)
})

test('packets of a key keep its first timestamp and its payload type, while numbers and time run on', () => {
  const sender = open()
  const before = parsed(sender.silence())
  const event = { event: 5, end: false, volume: 10, duration: 160 }
  const keys = [160, 320, 480].map((duration, i) =>
    parsed(sender.event(101, { ...event, duration }, i === 0)),
  )
  const after = parsed(sender.silence())

  const start = (before.timestamp + 160) >>> 0
  assert.ok(keys.every((packet) => packet.timestamp === start && packet.payloadType === 101))
  assert.deepEqual(
    keys.map((packet) => packet.marker),
    [true, false, false],
  )
  assert.deepEqual(parseTelephoneEvents(keys[2]?.payload ?? Buffer.alloc(0)), [{ ...event, duration: 480 }])
  assert.deepEqual(
    [before, ...keys, after].map((packet) => packet.sequenceNumber),
    [65_534, 65_535, 0, 1, 2],
  )
  assert.deepEqual([after.timestamp, after.marker, after.payloadType], [(start + 480) >>> 0, true, 8])
  assert.ok(after.payload.every((byte) => byte === 0xd5))
  assert.deepEqual([sender.packetsSent, sender.octetsSent], [5, 2 * 160 + 3 * 4])
})
