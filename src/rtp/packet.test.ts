import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyRtpHeader, isRtcp, parseRtpPacket, readRtpHeader, serializeRtpPacket } from './packet.ts'

const packet = {
  marker: true,
  payloadType: 101,
  sequenceNumber: 65_535,
  timestamp: 0xffff_ff60,
  ssrc: 0xdead_beef,
  payload: Buffer.from('0102', 'hex'),
}

test('a serialized packet parses back to itself', () => {
  assert.deepEqual(parseRtpPacket(serializeRtpPacket(packet)), packet)
})

test('CSRCs, a header extension and padding are stripped from the payload', () => {
  const datagram = Buffer.from(
    'b2' +
      '00' +
      '0001' +
      '000000a0' +
      '00000001' + // V=2 P=1 X=1 CC=2, PT 0
      '0000000a' +
      '0000000b' +
      'bede0001' +
      '10ff0000' + // two CSRCs, a one-word extension
      'aabb' +
      '000003',
    'hex',
  )
  assert.deepEqual(parseRtpPacket(datagram)?.payload, Buffer.from('aabb', 'hex'))
})

for (const [what, hex] of [
  ['empty', ''],
  ['shorter than a header', '8000'],
  ['version 1', '40'.padEnd(24, '0')],
  ['extension past the end', '9000000100000000000000010000ffff'],
  ['padding longer than the packet', '200000010000000000000001ff'.replace(/^2/, 'a')],
] as const) {
  test(`a datagram that is ${what} is rejected`, () => {
    assert.equal(parseRtpPacket(Buffer.from(hex, 'hex')), undefined)
  })
}

test('no datagram makes the parser throw', () => {
  for (let i = 0; i < 20_000; i++) parseRtpPacket(randomBytes(i % 64))
})

test('reading in place finds what parsing finds, whatever the datagram', () => {
  const header = emptyRtpHeader()
  const headerLike = fc
    .tuple(fc.integer({ min: 0x80, max: 0xbf }), fc.uint8Array({ maxLength: 80 }))
    .map(([first, rest]) => Buffer.from([first, ...rest]))
  const datagrams = fc.oneof(
    headerLike,
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  )

  fc.assert(
    fc.property(datagrams, (datagram) => {
      const packet = parseRtpPacket(datagram)
      assert.equal(readRtpHeader(datagram, header), packet !== undefined)
      if (!packet) return
      const { payload, ...fields } = packet
      const { payloadStart, payloadEnd, ...read } = header
      assert.deepEqual(read, fields)
      assert.deepEqual(datagram.subarray(payloadStart, payloadEnd), payload)
    }),
    { numRuns: 2_000 },
  )
})

test('any packet survives serializing and parsing', () => {
  const packets = fc.record(
    {
      marker: fc.boolean(),
      payloadType: fc.integer({ min: 0, max: 127 }),
      sequenceNumber: fc.integer({ min: 0, max: 0xffff }),
      timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
      ssrc: fc.integer({ min: 0, max: 0xffff_ffff }),
      payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    },
    { noNullPrototype: true },
  )

  fc.assert(fc.property(packets, (p) => assert.deepEqual(parseRtpPacket(serializeRtpPacket(p)), p)))
})

test('RTCP on the RTP port is told apart by its packet type', () => {
  assert.equal(isRtcp(Buffer.from('80c8000600000001', 'hex')), true) // sender report
  assert.equal(isRtcp(Buffer.from('81cb000100000001', 'hex')), true) // goodbye
  assert.equal(isRtcp(serializeRtpPacket({ ...packet, payloadType: 0 })), false)
  assert.equal(isRtcp(serializeRtpPacket(packet)), false)
  assert.equal(isRtcp(Buffer.from('80c8', 'hex')), false)
})
