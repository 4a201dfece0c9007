import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertContinuous, keyPacket, openLeg, PHONE, prompt, remote } from '../../test/support/leg-bench.ts'
import { audibleKeys } from '../../test/support/listen/tones.ts'
import { g711 } from '../audio/g711.ts'
import type { RtpPacket } from '../rtp/packet.ts'
import { parseTelephoneEvents } from '../rtp/telephone-event.ts'

describe('sending keys', () => {
  const TIMES = { durationMs: 100, intervalMs: 100 }

  test('keys leave as telephone events in place of audio: growing durations, three ends, one timestamp each', () => {
    const { leg, turns, sent, events } = openLeg()
    turns(5)
    leg.sendKeys(7, '1#', TIMES)
    turns(30)

    const packets = sent()
    const of = (packet: RtpPacket) => parseTelephoneEvents(packet.payload)?.[0]
    const keys = packets.flatMap((packet, i) => (packet.payloadType === 101 ? [{ i, packet }] : []))
    assert.deepEqual(
      keys.map(({ i }) => i - 5),
      [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16],
    )
    for (const [press, event] of [
      [keys.slice(0, 7), 1],
      [keys.slice(7), 11],
    ] as const) {
      const start = (0xffff_f000 + (press[0]?.i ?? 0) * 160) >>> 0
      assert.ok(press.every(({ packet }) => packet.timestamp === start))
      assert.deepEqual(
        press.map(({ packet }) => packet.marker),
        [true, false, false, false, false, false, false],
      )
      assert.deepEqual(
        press.map(({ packet }) => of(packet)),
        [160, 320, 480, 640, 800, 800, 800].map((duration, i) => ({
          event,
          end: i >= 4,
          volume: 10,
          duration,
        })),
      )
    }
    assert.deepEqual(events, [{ type: 'keysSent', sendId: 7, how: 'finished' }])
    packets.forEach((packet, i) => {
      assert.equal(packet.sequenceNumber, (65_500 + i) & 0xffff)
      if (packet.payloadType === 0) assert.equal(packet.timestamp, (0xffff_f000 + i * 160) >>> 0)
    })
  })

  for (const codec of ['PCMU', 'PCMA'] as const) {
    test(`without telephone events the keys are tones in ${codec}`, () => {
      const { telephoneEventPayloadType: _, ...rest } = remote
      const { leg, turns, sent, events } = openLeg({ ...rest, codec, payloadType: codec === 'PCMU' ? 0 : 8 })
      turns(3)
      leg.sendKeys(1, '159D', TIMES)
      turns(60)
      const bytes = Buffer.concat(sent().map(({ payload }) => payload))
      const samples = new Int16Array(bytes.length)
      g711[codec].decode(bytes, samples)
      assert.equal(audibleKeys(samples), '159D')
      assertContinuous(sent())
      assert.deepEqual(events, [{ type: 'keysSent', sendId: 1, how: 'finished' }])
    })
  }

  test('a prompt waits while keys are sent, and loses nothing', () => {
    const { leg, turns, sent } = openLeg()
    const audio = prompt(20, 7)
    leg.play(1, audio, false)
    turns(10)
    leg.sendKeys(2, '5', TIMES)
    turns(30)
    const speech = sent().filter(({ payloadType }) => payloadType === 0)
    const bytes = Buffer.concat(speech.slice(0, 20).map(({ payload }) => payload))
    assert.deepEqual(bytes, Buffer.from(new Uint8Array(audio)))
    assert.equal(
      sent().findIndex(({ payloadType }) => payloadType === 101),
      10,
    )
  })

  test('stopping in a tone ends it with the length it had, tells at once, and sends no other key', () => {
    const { leg, turns, sent, events } = openLeg()
    leg.sendKeys(3, '12', TIMES)
    turns(2)
    leg.stopKeys(99)
    assert.deepEqual(events, [])
    leg.stopKeys(3)
    leg.stopKeys(3)
    assert.deepEqual(events, [{ type: 'keysSent', sendId: 3, how: 'stopped' }])
    turns(20)
    const told = sent().flatMap(({ payloadType, payload }) =>
      payloadType === 101 ? (parseTelephoneEvents(payload) ?? []) : [],
    )
    assert.deepEqual(
      told.map(({ event, end, duration }) => [event, end, duration]),
      [
        [1, false, 160],
        [1, false, 320],
        [1, true, 320],
        [1, true, 320],
        [1, true, 320],
      ],
    )
    assert.equal(events.length, 1)
  })

  test('further keys replace those that are being sent; closing stops them', () => {
    const { leg, turns, events } = openLeg()
    leg.sendKeys(1, '1', TIMES)
    leg.sendKeys(2, '2', TIMES)
    turns(1)
    leg.close()
    assert.deepEqual(events, [
      { type: 'keysSent', sendId: 1, how: 'stopped' },
      { type: 'keysSent', sendId: 2, how: 'stopped' },
    ])
  })

  test('on hold keys go on unsent, as prompts do', () => {
    const { leg, turns, sent, events } = openLeg({ ...remote, sending: false })
    leg.sendKeys(1, '1', TIMES)
    turns(20)
    assert.equal(sent().length, 0)
    assert.deepEqual(events, [{ type: 'keysSent', sendId: 1, how: 'finished' }])
  })

  test('a key that began as events is not continued as tones when a new offer drops them', () => {
    const { leg, turns, sent } = openLeg()
    leg.sendKeys(1, '1', TIMES)
    turns(2)
    const { telephoneEventPayloadType: _, ...rest } = remote
    leg.connect(rest)
    turns(10)
    assert.ok(
      sent()
        .slice(2)
        .every(({ payloadType, payload }) => payloadType === 0 && payload.every((byte) => byte === 0xff)),
    )
  })

  test('a key longer than an event can tell is told as long as it can be', () => {
    const { leg, turns, sent } = openLeg()
    leg.sendKeys(1, '1', { durationMs: 9_000, intervalMs: 100 })
    turns(460)
    const [last] =
      parseTelephoneEvents(
        sent().findLast(({ payloadType }) => payloadType === 101)?.payload ?? Buffer.alloc(0),
      ) ?? []
    assert.deepEqual([last?.end, last?.duration], [true, 65_535])
  })
})

describe('keys by signalling', () => {
  test('are reported, and end a prompt before its next frame', () => {
    const { leg, turns, events, sent } = openLeg()
    leg.play(1, prompt(50), true)
    turns(10)
    leg.press('5', 160)
    turns(1)
    assert.deepEqual(events, [
      { type: 'key', key: '5' },
      { type: 'playEnded', playId: 1, how: 'key', playedMs: 200 },
    ])
    assert.ok(
      sent()
        .at(-1)
        ?.payload.every((byte) => byte === 0xff),
    )
  })

  test('count once with the same key in RTP, in either order', () => {
    const { leg, events, time } = openLeg()
    leg.receiveRtp(keyPacket('5', 1, 160), PHONE, 4000)
    leg.press('5', 0)
    time.now += 1_000
    leg.press('6', 0)
    time.now += 100
    leg.receiveRtp(keyPacket('6', 2, 8_000), PHONE, 4000)
    assert.deepEqual(events, [
      { type: 'key', key: '5' },
      { type: 'key', key: '6' },
    ])
  })

  test('count also before the audio is connected', () => {
    const { leg, events } = openLeg('unconnected')
    leg.press('1', 0)
    assert.deepEqual(events, [{ type: 'key', key: '1' }])
  })
})
