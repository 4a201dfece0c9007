import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { middleOfNtp, parseRtcp, type RtcpPacket, serializeRtcp } from './rtcp.ts'
import { RtcpSession } from './rtcp-session.ts'

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const reception = fc.record(
  {
    ssrc: uint32,
    fractionLost: fc.integer({ min: 0, max: 255 }),
    packetsLost: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
    highestSequenceNumber: uint32,
    jitter: uint32,
    lastSenderReport: uint32,
    delaySinceLastSenderReport: uint32,
  },
  { noNullPrototype: true },
)
const receptions = fc.array(reception, { maxLength: 31 })
const packets: fc.Arbitrary<RtcpPacket> = fc.oneof(
  fc.record(
    {
      type: fc.constant('senderReport' as const),
      ssrc: uint32,
      sentAtMs: fc.integer({ min: 0, max: 2_000_000_000_000 }),
      rtpTimestamp: uint32,
      packetsSent: uint32,
      octetsSent: uint32,
      receptions,
    },
    { noNullPrototype: true },
  ),
  fc.record(
    { type: fc.constant('receiverReport' as const), ssrc: uint32, receptions },
    { noNullPrototype: true },
  ),
  fc.record(
    {
      type: fc.constant('sourceDescription' as const),
      ssrc: uint32,
      cname: fc.string({ maxLength: 80 }),
    },
    { noNullPrototype: true },
  ),
  fc.record(
    { type: fc.constant('goodbye' as const), ssrcs: fc.array(uint32, { maxLength: 31 }) },
    { noNullPrototype: true },
  ),
)

describe('RTCP packets', () => {
  test('compound packets survive serializing and parsing', () => {
    fc.assert(
      fc.property(fc.array(packets, { minLength: 1, maxLength: 8 }), (compound) => {
        const parsed = parseRtcp(serializeRtcp(compound))
        const rounded = parsed?.map((p) =>
          p.type === 'senderReport' ? { ...p, sentAtMs: Math.round(p.sentAtMs) } : p,
        )
        assert.deepEqual(rounded, compound)
      }),
    )
  })

  test('a sender report is laid out as RFC 3550 §6.4.1 draws it', () => {
    const report = serializeRtcp([
      {
        type: 'senderReport',
        ssrc: 0x0102_0304,
        sentAtMs: 500,
        rtpTimestamp: 160,
        packetsSent: 2,
        octetsSent: 320,
        receptions: [],
      },
    ])
    assert.equal(report.toString('hex'), '80c80006010203' + '0483aa7e8080000000000000a00000000200000140')
  })

  for (const [what, hex] of [
    ['empty', ''],
    ['cut short', '80c8000600000001'],
    ['of another version', '40c9000100000001'],
    ['a report with fewer blocks than it says', '81c9000100000001'],
    ['followed by rubbish', '80c900010000000141'],
    ['an endless chain of empty packets', '80cc0000'.repeat(40)],
  ] as const) {
    test(`a datagram that is ${what} is refused`, () => {
      assert.equal(parseRtcp(Buffer.from(hex, 'hex')), undefined)
    })
  }

  test('packets of other types are skipped', () => {
    assert.deepEqual(parseRtcp(Buffer.from('80cc000100000001', 'hex')), [])
  })

  test('no datagram makes the parser throw', () => {
    const rtcpLike = fc
      .tuple(
        fc.integer({ min: 0x80, max: 0xbf }),
        fc.integer({ min: 199, max: 205 }),
        fc.integer({ min: 0, max: 10 }),
        fc.uint8Array({ maxLength: 80 }),
      )
      .map(([flags, type, length, rest]) => Buffer.from([flags, type, 0, length, ...rest]))
    fc.assert(
      fc.property(rtcpLike, (datagram) => void parseRtcp(datagram)),
      { numRuns: 3_000 },
    )
  })

  test('the middle of an NTP time counts in 1/65536 s', () => {
    assert.equal((middleOfNtp(10_500) - middleOfNtp(10_000)) >>> 0, 32_768)
  })
})

describe('an RTCP session', () => {
  const sent = { rtpTimestamp: 160, packetsSent: 1, octetsSent: 160 }
  const received = { ssrc: 2, fractionLost: 12, packetsLost: 3, highestSequenceNumber: 70_000, jitter: 16 }
  const T0 = 1_700_000_000_000

  test('measures the round trip from the far end’s answer to its report', () => {
    const [we, they] = [new RtcpSession(1, 'we'), new RtcpSession(2, 'they')]

    assert.equal(they.receive(we.report(sent, undefined, T0), T0 + 30), true)
    assert.equal(we.receive(they.report(sent, { ...received, ssrc: 1 }, T0 + 1_030), T0 + 1_070), true)

    assert.ok(Math.abs((we.roundTripMs ?? 0) - 70) < 1, `${we.roundTripMs}`)
    assert.deepEqual(we.farEnd, { packetsLost: 3, jitterMs: 2 })
  })

  test('reports as a receiver until it has sent something, and says goodbye at the end', () => {
    const session = new RtcpSession(1, 'name')
    const silent = parseRtcp(session.report({ ...sent, packetsSent: 0 }, received, T0))
    assert.deepEqual(
      silent?.map(({ type }) => type),
      ['receiverReport', 'sourceDescription'],
    )
    const last = parseRtcp(session.report(sent, received, T0, true))
    assert.deepEqual(
      last?.map(({ type }) => type),
      ['senderReport', 'sourceDescription', 'goodbye'],
    )
  })

  test('ignores reports about others, and an impossible round trip', () => {
    const [we, they] = [new RtcpSession(1, 'we'), new RtcpSession(2, 'they')]
    we.receive(they.report(sent, { ...received, ssrc: 99 }, T0), T0)
    assert.equal(we.farEnd, undefined)

    they.receive(we.report(sent, undefined, T0 + 5_000), T0)
    we.receive(they.report(sent, { ...received, ssrc: 1 }, T0), T0)
    assert.equal(we.roundTripMs, undefined)
  })

  test('refuses what is not RTCP', () => {
    assert.equal(new RtcpSession(1, 'we').receive(Buffer.from('hello'), T0), false)
  })
})
