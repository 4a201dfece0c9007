import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { RtpPacket } from './packet.ts'
import {
  eventOfKey,
  KeyReceiver,
  keyOfEvent,
  parseTelephoneEvents,
  serializeTelephoneEvent,
} from './telephone-event.ts'

const SSRC = 0x1234_5678
const KEYS = [...'0123456789*#ABCD']

interface Press {
  readonly key: string
  /** How many packets before the three that end it. */
  readonly updates: number
  /** Frames of audio before it. */
  readonly gap: number
}

/** What a phone sends for these presses: an update every 20 ms, three ends, sequence numbers shared with the audio. */
function packetsOf(presses: readonly Press[], start = { sequenceNumber: 65_520, timestamp: 0xffff_f000 }) {
  let { sequenceNumber, timestamp } = start
  return presses.flatMap(({ key, updates, gap }) => {
    sequenceNumber += gap
    timestamp += gap * 160
    const packets = Array.from({ length: updates + 3 }, (_, i) =>
      packet({
        key,
        sequenceNumber: sequenceNumber++,
        timestamp,
        duration: 160 * Math.min(i + 1, updates + 1),
        marker: i === 0,
        end: i >= updates,
      }),
    )
    timestamp += (updates + 1) * 160
    return packets
  })
}

function packet(fields: {
  readonly key: string
  readonly sequenceNumber: number
  readonly timestamp: number
  readonly duration?: number
  readonly marker?: boolean
  readonly end?: boolean
  readonly ssrc?: number
}): RtpPacket {
  const { key, sequenceNumber, timestamp, duration = 160, marker = false, end = false, ssrc = SSRC } = fields
  return {
    marker,
    payloadType: 101,
    sequenceNumber: sequenceNumber & 0xffff,
    timestamp: timestamp >>> 0,
    ssrc,
    payload: serializeTelephoneEvent({ event: eventOfKey(key) ?? 16, end, volume: 10, duration }),
  }
}

function hear(packets: readonly RtpPacket[], receiver = new KeyReceiver()): string {
  return packets.flatMap((p) => receiver.receive(p)).join('')
}

describe('the payload', () => {
  test('a serialized event parses back to itself', () => {
    const events = fc.record(
      {
        event: fc.integer({ min: 0, max: 255 }),
        end: fc.boolean(),
        volume: fc.integer({ min: 0, max: 63 }),
        duration: fc.integer({ min: 0, max: 0xffff }),
      },
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(events, (e) => assert.deepEqual(parseTelephoneEvents(serializeTelephoneEvent(e)), [e])),
    )
  })

  test('a payload shorter than a block is none', () => {
    assert.equal(parseTelephoneEvents(Buffer.from([5, 10, 0])), undefined)
  })

  test('events that follow each other without a gap may share a packet', () => {
    const payload = Buffer.concat([
      serializeTelephoneEvent({ event: 1, end: true, volume: 10, duration: 800 }),
      serializeTelephoneEvent({ event: 2, end: false, volume: 10, duration: 160 }),
    ])
    assert.deepEqual(
      parseTelephoneEvents(payload)?.map(({ event }) => event),
      [1, 2],
    )
  })

  test('padding behind a block is no key 0', () => {
    const block = serializeTelephoneEvent({ event: 7, end: true, volume: 10, duration: 800 })
    assert.equal(parseTelephoneEvents(Buffer.concat([block, Buffer.alloc(8)]))?.length, 1)
  })

  test('no payload makes the parser throw, and it never yields more than eight events', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        assert.ok((parseTelephoneEvents(Buffer.from(bytes))?.length ?? 0) <= 8)
      }),
    )
  })

  test('events 0 to 15 are the keys of a phone, and nothing else is', () => {
    assert.deepEqual(
      KEYS.map((key) => keyOfEvent(eventOfKey(key) ?? -1)),
      KEYS,
    )
    assert.equal(keyOfEvent(16), undefined) // flash
    for (const none of ['', '12', 'x', '0123456789*#ABCD']) assert.equal(eventOfKey(none), undefined)
  })
})

describe('a receiver of keys', () => {
  test('reports a press once, at its first packet', () => {
    const receiver = new KeyReceiver()
    const [first, ...rest] = packetsOf([{ key: '5', updates: 5, gap: 3 }])

    assert.equal(hear(first ? [first] : [], receiver), '5')
    assert.equal(hear(rest, receiver), '')
  })

  test('hears the same key twice when it is pressed twice, however quickly', () => {
    const twice = [
      { key: '1', updates: 2, gap: 1 },
      { key: '1', updates: 2, gap: 0 },
    ]
    assert.equal(hear(packetsOf(twice)), '11')
    const unmarked = packetsOf(twice).map((p) => ({ ...p, marker: false }))
    assert.equal(hear(unmarked), '11')
  })

  test('hears a press of which only one packet arrives, whichever it is', () => {
    const packets = packetsOf([{ key: '#', updates: 4, gap: 1 }])
    for (const only of packets) assert.equal(hear([only]), '#')
  })

  test('is not misled by an end of the former press that arrives during the next', () => {
    const packets = packetsOf([
      { key: '1', updates: 2, gap: 1 },
      { key: '2', updates: 2, gap: 0 },
    ])
    const [lateEnd] = packets.splice(4, 1)
    assert.ok(lateEnd)
    packets.splice(6, 0, lateEnd)

    assert.equal(hear(packets), '12')
  })

  test('reports a key held for longer than a duration can say once', () => {
    const segments = [0, 1, 2].flatMap((n) =>
      [1, 200, 409].map((at, i) =>
        packet({
          key: '9',
          sequenceNumber: 1000 * n + at,
          timestamp: n * 0xffff,
          duration: i === 2 ? 0xffff : at * 160,
          marker: n === 0 && i === 0,
        }),
      ),
    )
    assert.equal(hear(segments), '9')
  })

  test('takes a press for one even if the phone moves its timestamp with every packet', () => {
    const packets = Array.from({ length: 8 }, (_, i) =>
      packet({
        key: '3',
        sequenceNumber: 100 + i,
        timestamp: 8000 + 160 * i,
        duration: 160 * (i + 1),
        marker: i === 0,
        end: i >= 5,
      }),
    )
    const [beforeTheEnd, atTheEnd] = [packets.slice(0, 6), packets.slice(6)]
    const receiver = new KeyReceiver()

    assert.equal(hear(beforeTheEnd, receiver), '3')
    assert.equal(
      hear(
        atTheEnd.map((p) => ({ ...p, timestamp: 8000 + 160 * 5 })),
        receiver,
      ),
      '',
    )
  })

  test('reports every key of a packet that holds several', () => {
    const [one] = packetsOf([{ key: '1', updates: 0, gap: 0 }])
    assert.ok(one)
    const payload = Buffer.concat([
      serializeTelephoneEvent({ event: 1, end: true, volume: 10, duration: 400 }),
      serializeTelephoneEvent({ event: 2, end: false, volume: 10, duration: 160 }),
    ])
    const receiver = new KeyReceiver()

    assert.deepEqual(receiver.receive({ ...one, payload }), ['1', '2'])
    assert.deepEqual(receiver.receive({ ...one, payload }), [])
    const later = { ...one, timestamp: (one.timestamp + 400) >>> 0, sequenceNumber: one.sequenceNumber + 1 }
    const end = serializeTelephoneEvent({ event: 2, end: true, volume: 10, duration: 800 })
    assert.deepEqual(receiver.receive({ ...later, payload: end }), [])
  })

  test('starts afresh with another sender, even at the same timestamp', () => {
    const press = { key: '4', sequenceNumber: 7, timestamp: 160 }
    assert.equal(hear([packet(press), packet({ ...press, ssrc: 1 }), packet({ ...press, ssrc: 1 })]), '44')
  })

  test('hears keys from a sender whose timestamps started again lower', () => {
    const receiver = new KeyReceiver()
    assert.equal(hear(packetsOf([{ key: '1', updates: 1, gap: 1 }]), receiver), '1')
    const restart = { sequenceNumber: 3, timestamp: 800 }
    assert.equal(hear(packetsOf([{ key: '2', updates: 1, gap: 1 }], restart), receiver), '2')
  })

  test('ignores events that are no keys', () => {
    assert.equal(hear([packet({ key: 'flash', sequenceNumber: 1, timestamp: 1 })]), '')
  })

  const presses = fc.array(
    fc.record(
      {
        key: fc.constantFrom(...KEYS),
        updates: fc.integer({ min: 0, max: 6 }),
        gap: fc.integer({ min: 0, max: 10 }),
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 30 },
  )
  /** For each packet: is it lost, and how often does it arrive? Cycled through. */
  const fates = fc.array(
    fc.record({ lost: fc.boolean(), copies: fc.integer({ min: 1, max: 3 }) }, { noNullPrototype: true }),
    {
      minLength: 5,
      maxLength: 200,
    },
  )

  test('hears every press once and in order through any loss and duplication that leaves it one packet', () => {
    fc.assert(
      fc.property(presses, fates, fc.boolean(), (script, network, markersLost) => {
        const arrived = afterLoss(script, network).map((p) => (markersLost ? { ...p, marker: false } : p))
        assert.equal(hear(arrived), script.map(({ key }) => key).join(''))
      }),
      { numRuns: 1_000 },
    )
  })

  test('hears every press once when packets overtake each other as well', () => {
    const delays = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 5, maxLength: 200 })
    fc.assert(
      fc.property(presses, fates, delays, (script, network, late) => {
        const arrived = afterLoss(script, network)
          .map((p, i) => ({ p, at: i + (late[i % late.length] ?? 0) }))
          .sort((a, b) => a.at - b.at)
          .map(({ p }) => p)
        assert.deepEqual([...hear(arrived)].sort(), script.map(({ key }) => key).sort())
      }),
      { numRuns: 1_000 },
    )
  })

  /** Each press keeps at least one packet; the rest is up to `network`. */
  function afterLoss(script: readonly Press[], network: readonly { lost: boolean; copies: number }[]) {
    let at = 0
    const byPress = Map.groupBy(packetsOf(script), (p) => p.timestamp)
    return [...byPress.values()].flatMap((packets) => {
      const kept = packets.flatMap((p) => {
        const fate = network[at++ % network.length]
        return fate && !fate.lost ? Array.from({ length: fate.copies }, () => p) : []
      })
      const spared = packets[at % packets.length]
      return kept.length > 0 || !spared ? kept : [spared]
    })
  }

  test('no stream makes it throw, and none yields more keys than blocks', () => {
    const packets = fc.array(
      fc.record(
        {
          marker: fc.boolean(),
          payloadType: fc.constant(101),
          sequenceNumber: fc.integer({ min: 0, max: 0xffff }),
          timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
          ssrc: fc.integer({ min: 0, max: 3 }),
          payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
        },
        { noNullPrototype: true },
      ),
    )
    fc.assert(fc.property(packets, (all) => assert.ok(hear(all).length <= all.length * 8)))
  })
})
