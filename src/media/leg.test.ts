import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  assertContinuous,
  audioPacket,
  keyPacket,
  openLeg,
  PHONE,
  prompt,
  remote,
} from '../../test/support/leg-bench.ts'
import { parseRtcp } from '../rtp/rtcp.ts'
import { RtcpSession } from '../rtp/rtcp-session.ts'

describe('sending', () => {
  test('numbers and times run on without a gap through silence, prompt, silence and prompt', () => {
    const { leg, turns, sent } = openLeg()
    turns(50)
    leg.play(1, prompt(30), false)
    turns(100)
    leg.play(2, prompt(10, 3), false)
    turns(20)

    assert.equal(sent().length, 170)
    assertContinuous(sent())
    const marked = sent().flatMap(({ marker }, i) => (marker ? [i] : []))
    assert.deepEqual(marked, [0, 50, 150])
  })

  test('a prompt leaves byte for byte and in order, then silence', () => {
    const { leg, turns, sent, events } = openLeg()
    const audio = prompt(25, 7)
    leg.play(1, audio, false)
    turns(26)

    const payload = Buffer.concat(sent().map((p) => p.payload))
    assert.deepEqual(payload.subarray(0, 25 * 160), Buffer.from(audio))
    assert.ok(payload.subarray(25 * 160).every((byte) => byte === 0xff))
    assert.deepEqual(events, [{ type: 'playEnded', playId: 1, how: 'finished', playedMs: 500 }])
  })

  test('the end is reported with the last frame, so that the next prompt can follow without a pause', () => {
    const { leg, turns, sent, events } = openLeg()
    leg.play(1, prompt(3), false)
    turns(2)
    assert.deepEqual(events, [])
    turns(1)
    assert.equal(events.length, 1)
    leg.play(2, prompt(2), false)
    turns(2)
    assert.deepEqual(
      sent().map(({ marker }) => marker),
      [true, false, false, false, false],
    )
  })

  test('A-law silence is 0xD5', () => {
    const { turns, sent } = openLeg({ ...remote, codec: 'PCMA', payloadType: 8 })
    turns(2)
    assert.ok(sent().every((p) => p.payloadType === 8 && p.payload.every((byte) => byte === 0xd5)))
  })

  test('another prompt replaces the first, which reports how far it came', () => {
    const { leg, turns, events } = openLeg()
    leg.play(1, prompt(100), false)
    turns(10)
    leg.play(2, prompt(5), false)
    turns(5)
    assert.deepEqual(events, [
      { type: 'playEnded', playId: 1, how: 'stopped', playedMs: 200 },
      { type: 'playEnded', playId: 2, how: 'finished', playedMs: 100 },
    ])
  })

  test('stopping ends the named prompt only, and once', () => {
    const { leg, turns, events, sent } = openLeg()
    leg.play(1, prompt(100), false)
    turns(3)
    leg.stop(9)
    assert.deepEqual(events, [])
    leg.stop(1)
    leg.stop(1)
    turns(1)
    assert.deepEqual(events, [{ type: 'playEnded', playId: 1, how: 'stopped', playedMs: 60 }])
    assert.ok(
      sent()
        .at(-1)
        ?.payload.every((byte) => byte === 0xff),
    )
  })

  test('an empty prompt has finished at once', () => {
    const { leg, events } = openLeg()
    leg.play(1, new SharedArrayBuffer(0), false)
    assert.deepEqual(events, [{ type: 'playEnded', playId: 1, how: 'finished', playedMs: 0 }])
  })

  test('a prompt for a leg without a far end waits for it and loses nothing', () => {
    const { leg, turns, sent } = openLeg('unconnected')
    leg.play(1, prompt(3), false)
    turns(10)
    assert.equal(sent().length, 0)

    leg.connect(remote)
    turns(3)
    assert.deepEqual(Buffer.concat(sent().map((p) => p.payload)), Buffer.from(prompt(3)))
  })

  test('nothing is sent on hold, prompts go on unheard, and time is kept', () => {
    const { leg, turns, sent, events } = openLeg()
    turns(10)
    leg.play(1, prompt(5), false)
    leg.connect({ ...remote, sending: false })
    turns(10)
    assert.equal(sent().length, 10)
    assert.equal(events.length, 1)

    leg.connect(remote)
    turns(1)
    const [before, after] = [sent()[9], sent()[10]]
    assert.ok(before && after)
    assert.equal(after.sequenceNumber, before.sequenceNumber + 1)
    assert.equal((after.timestamp - before.timestamp) >>> 0, 11 * 160)
    assert.equal(after.marker, true)
  })

  test('turns left out after a stall are a gap in time, not in the prompt', () => {
    const { leg, turns, sent } = openLeg()
    const audio = prompt(4)
    leg.play(1, audio, false)
    turns(2)
    turns(2, 30)
    assert.deepEqual(Buffer.concat(sent().map((p) => p.payload)), Buffer.from(audio))
    assert.equal(((sent()[2]?.timestamp ?? 0) - (sent()[1]?.timestamp ?? 0)) >>> 0, 31 * 160)
    assert.equal(sent()[2]?.marker, true)
  })

  test('nothing is sent to an address that is none', () => {
    const { turns, sent, socket } = openLeg({ ...remote, address: '0.0.0.0' })
    turns(1_000)
    assert.equal(sent().length, 0)
    assert.equal(socket.rtcp.length, 0)
  })

  test('a prompt in the former codec ends when a re-INVITE changes it', () => {
    const { leg, turns, events, sent } = openLeg()
    leg.play(1, prompt(10), false)
    turns(2)
    leg.connect({ ...remote, codec: 'PCMA', payloadType: 8 })
    turns(1)
    assert.deepEqual(events, [{ type: 'playEnded', playId: 1, how: 'stopped', playedMs: 40 }])
    assert.ok(sent()[2]?.payload.every((byte) => byte === 0xd5))
    assertContinuous(sent())
  })
})

describe('keys', () => {
  test('a key stops the prompt before the next frame leaves, and is reported first', () => {
    const { leg, turns, events, sent } = openLeg()
    leg.play(1, prompt(100), true)
    turns(7)
    leg.receiveRtp(keyPacket('5', 1, 160), PHONE, 4000)
    turns(1)
    assert.deepEqual(events, [
      { type: 'key', key: '5' },
      { type: 'playEnded', playId: 1, how: 'key', playedMs: 140 },
    ])
    assert.ok(sent()[7]?.payload.every((byte) => byte === 0xff))
  })

  test('a prompt that keys do not stop goes on', () => {
    const { leg, turns, events } = openLeg()
    leg.play(1, prompt(3), false)
    turns(1)
    leg.receiveRtp(keyPacket('#', 1, 160), PHONE, 4000)
    turns(2)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['key', 'playEnded'],
    )
  })

  test('a key counts once, however many of its packets arrive', () => {
    const { leg, events } = openLeg()
    for (let n = 1; n < 10; n++) leg.receiveRtp(keyPacket('1', n, 160), PHONE, 4000)
    leg.receiveRtp(keyPacket('1', 10, 4_000), PHONE, 4000)
    assert.deepEqual(events, [
      { type: 'key', key: '1' },
      { type: 'key', key: '1' },
    ])
  })

  test('a stranger’s key is none', () => {
    const { leg, events } = openLeg()
    leg.receiveRtp(audioPacket(1), PHONE, 4000)
    leg.receiveRtp(keyPacket('1', 2, 160), '198.51.100.66', 4000)
    assert.deepEqual(events, [])
  })

  test('telephone events that were not negotiated are dropped', () => {
    const { telephoneEventPayloadType: _, ...without } = remote
    const { leg, events } = openLeg(without)
    leg.receiveRtp(keyPacket('1', 2, 160), PHONE, 4000)
    assert.deepEqual(events, [])
    assert.equal(leg.statistics().packetsRejected, 1)
  })
})

describe('the far end', () => {
  test('is sent to where it was learned to be', () => {
    const { leg, turns, socket } = openLeg()
    turns(1)
    for (let n = 0; n < 3; n++) leg.receiveRtp(audioPacket(n), '203.0.113.5', 31_000)
    turns(1)
    assert.deepEqual(
      socket.rtp.map(({ to }) => to),
      ['192.0.2.10:4000', '203.0.113.5:31000'],
    )
  })

  test('strangers are counted and change nothing', () => {
    const { leg, turns, socket } = openLeg()
    leg.receiveRtp(audioPacket(1), PHONE, 4000)
    for (let n = 0; n < 50; n++) leg.receiveRtp(audioPacket(n, { ssrc: 666 }), '198.51.100.66', 31_000)
    leg.receiveRtp(audioPacket(2), PHONE, 4000)
    turns(1)
    const { packetsRejected, packetsReceived, packetsLost } = leg.statistics()
    assert.deepEqual(
      { packetsRejected, packetsReceived, packetsLost },
      {
        packetsRejected: 50,
        packetsReceived: 2,
        packetsLost: 0,
      },
    )
    assert.equal(socket.rtp[0]?.to, '192.0.2.10:4000')
  })

  test('what is not RTP, or of no negotiated payload type, is rejected; comfort noise is not', () => {
    const { leg } = openLeg()
    leg.receiveRtp(Buffer.from('rubbish'), PHONE, 4000)
    leg.receiveRtp(audioPacket(1, { payloadType: 18 }), PHONE, 4000)
    leg.receiveRtp(audioPacket(2, { payloadType: 13 }), PHONE, 4000)
    leg.receiveRtp(audioPacket(3), PHONE, 4000)
    assert.equal(leg.statistics().packetsRejected, 2)
    assert.equal(leg.statistics().packetsReceived, 2)
  })

  test('nobody is heard before the far end is known', () => {
    const { leg } = openLeg('unconnected')
    leg.receiveRtp(audioPacket(1), PHONE, 4000)
    assert.equal(leg.statistics().packetsReceived, 0)
    assert.equal(leg.statistics().packetsRejected, 1)
  })

  test('half a minute without media is reported once, and again only after media came', () => {
    const { leg, turns, events } = openLeg()
    turns(1_499)
    assert.deepEqual(events, [])
    turns(1)
    assert.deepEqual(events, [{ type: 'noMedia', forMs: 30_000 }])
    turns(3_000)
    assert.equal(events.length, 1)

    leg.receiveRtp(audioPacket(1), PHONE, 4000)
    turns(1_500)
    assert.equal(events.length, 2)
  })

  test('silence is nothing to report on hold, or from a far end that said it will not send', () => {
    const { leg, turns, events } = openLeg()
    turns(1_000)
    leg.connect({ ...remote, sending: false })
    turns(3_000)
    leg.connect({ ...remote, receiving: false })
    turns(3_000)
    leg.connect(remote)
    turns(1_499)
    assert.deepEqual(events, [])
  })
})

describe('RTCP', () => {
  test('a sender report goes out about every five seconds, to the port above', () => {
    const { turns, socket } = openLeg()
    turns(50 * 60)
    assert.ok(
      socket.rtcp.length >= 10 && socket.rtcp.length <= 14,
      `${socket.rtcp.length} reports in a minute`,
    )
    assert.ok(socket.rtcp.every(({ to }) => to === '192.0.2.10:4001'))
    const [report] = parseRtcp(socket.rtcp.at(-1)?.datagram ?? Buffer.alloc(0)) ?? []
    assert.equal(report?.type, 'senderReport')
  })

  test('the far end’s reports, on either port, give round trip and far-end loss', () => {
    const { leg, turns, socket, time } = openLeg()
    turns(300)
    const they = new RtcpSession(5, 'phone')
    const wall = () => 1_700_000_000_000 + time.now
    they.receive(socket.rtcp[0]?.datagram ?? Buffer.alloc(0), wall())
    const sent = { rtpTimestamp: 0, packetsSent: 1, octetsSent: 160 }
    const reception = { ssrc: 77, fractionLost: 0, packetsLost: 4, highestSequenceNumber: 9, jitter: 80 }
    leg.receiveRtp(they.report(sent, reception, wall()), PHONE, 4000)

    const { farEnd, roundTripMs, packetsRejected } = leg.statistics()
    assert.deepEqual(farEnd, { packetsLost: 4, jitterMs: 10 })
    assert.ok(roundTripMs !== undefined && roundTripMs < 6_000)
    assert.equal(packetsRejected, 0)
  })

  test('a stranger’s reports are rejected', () => {
    const { leg } = openLeg()
    leg.receiveRtcp(Buffer.from('80c9000100000001', 'hex'), '198.51.100.66')
    leg.receiveRtcp(Buffer.from('80c9000100000001', 'hex'), PHONE)
    assert.equal(leg.statistics().packetsRejected, 1)
  })
})

describe('closing', () => {
  test('says goodbye, ends the prompt, closes the ports once, and answers twice', () => {
    const { leg, turns, socket, events } = openLeg()
    leg.play(1, prompt(100), false)
    turns(5)

    const first = leg.close()
    const second = leg.close()
    turns(5)

    assert.equal(first.packetsSent, 5)
    assert.deepEqual(second, first)
    assert.equal(socket.closed, 1)
    assert.equal(socket.rtp.length, 5)
    assert.deepEqual(events, [{ type: 'playEnded', playId: 1, how: 'stopped', playedMs: 100 }])
    const last = parseRtcp(socket.rtcp.at(-1)?.datagram ?? Buffer.alloc(0))
    assert.equal(last?.at(-1)?.type, 'goodbye')
  })
})
