import assert from 'node:assert/strict'
import { LegAudio } from '../../src/media/leg.ts'
import type { RecordingSink } from '../../src/media/leg-recording.ts'
import type { MediaEvent, RtpRemote } from '../../src/media/port.ts'
import { parseRtpPacket, type RtpPacket, serializeRtpPacket } from '../../src/rtp/packet.ts'
import { eventOfKey, serializeTelephoneEvent } from '../../src/rtp/telephone-event.ts'
import type { RtpSocket } from '../../src/rtp/transport.ts'

/** The far end's address. */
export const PHONE = '192.0.2.10'
/** The far end as it was negotiated: PCMU, and telephone events as 101. */
export const remote: RtpRemote = {
  address: PHONE,
  port: 4000,
  codec: 'PCMU',
  payloadType: 0,
  telephoneEventPayloadType: 101,
  sending: true,
}

/** A network in memory: copies what is sent, since a leg reuses its packet. */
export class MemorySocket implements RtpSocket {
  readonly port = 20_000
  readonly rtp: { packet: RtpPacket; to: string }[] = []
  readonly rtcp: { datagram: Buffer; to: string }[] = []
  closed = 0

  sendRtp(datagram: Uint8Array, port: number, address: string): boolean {
    const packet = parseRtpPacket(Buffer.from(datagram))
    assert.ok(packet)
    this.rtp.push({ packet, to: `${address}:${port}` })
    return true
  }

  sendRtcp(datagram: Uint8Array, port: number, address: string): boolean {
    this.rtcp.push({ datagram: Buffer.from(datagram), to: `${address}:${port}` })
    return true
  }

  [Symbol.dispose](): void {
    this.closed++
  }
}

/** A recording in memory. Its file takes as long to close as the test says. */
export class MemorySink implements RecordingSink {
  readonly recordingId: string
  readonly fail: () => void
  readonly closing = Promise.withResolvers<void>()
  samples = new Int16Array(0)
  closed = 0

  constructor(recordingId: string, fail: () => void) {
    this.recordingId = recordingId
    this.fail = fail
  }

  append(samples: Int16Array): void {
    this.samples = Int16Array.of(...this.samples, ...samples)
  }

  close(): Promise<void> {
    this.closed++
    return this.closing.promise
  }
}

/** A connected leg; `turns` lets it take so many turns of 20 ms. */
export function openLeg(farEnd: RtpRemote | 'unconnected' = remote) {
  const events: MediaEvent[] = []
  const socket = new MemorySocket()
  const time = { now: 1_000 }
  const sinks: MemorySink[] = []
  const leg = new LegAudio({
    origin: { ssrc: 77, sequenceNumber: 65_500, timestamp: 0xffff_f000 },
    cname: 'name',
    report: (event) => events.push(event),
    now: () => time.now,
    wallClock: () => 1_700_000_000_000 + time.now,
    random: () => 0.5,
    openSink: (recordingId, onFailure) => {
      const sink = new MemorySink(recordingId, onFailure)
      sinks.push(sink)
      return sink
    },
    learnWindowMs: 5_000,
    noMediaMs: 30_000,
  })
  leg.attach(socket)
  if (farEnd !== 'unconnected') leg.connect(farEnd)
  const turns = (count: number, skipped = 0) => {
    for (let i = 0; i < count; i++) {
      time.now += 20
      leg.turn(i === 0 ? skipped : 0)
    }
  }
  const sent = () => socket.rtp.map(({ packet }) => packet)
  return { leg, socket, events, turns, sent, time, sinks }
}

/** So many frames of bytes that differ from one to the next. */
export function prompt(frames: number, seed = 1): SharedArrayBuffer {
  const audio = new SharedArrayBuffer(frames * 160)
  const bytes = new Uint8Array(audio)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * seed + (i >> 8)) & 0xff
  return audio
}

/** A packet of the far end's audio. */
export function audioPacket(sequenceNumber: number, fields: Partial<RtpPacket> = {}): Buffer {
  const payload = Buffer.alloc(160, 0x7f)
  const timestamp = sequenceNumber * 160
  return serializeRtpPacket({
    marker: false,
    payloadType: 0,
    sequenceNumber,
    timestamp,
    ssrc: 5,
    payload,
    ...fields,
  })
}

/** The first packet of a key that the far end presses. */
export function keyPacket(key: string, sequenceNumber: number, timestamp: number): Buffer {
  const payload = serializeTelephoneEvent({
    event: eventOfKey(key) ?? 0,
    end: false,
    volume: 10,
    duration: 160,
  })
  return audioPacket(sequenceNumber, { payloadType: 101, payload, timestamp })
}

/** Numbers and timestamps go on by one and by 160. */
export function assertContinuous(packets: readonly RtpPacket[]): void {
  packets.slice(1).forEach((packet, i) => {
    const before = packets[i]
    assert.ok(before)
    assert.equal(packet.sequenceNumber, (before.sequenceNumber + 1) & 0xffff)
    assert.equal(packet.timestamp, (before.timestamp + 160) >>> 0)
    assert.equal(packet.ssrc, before.ssrc)
  })
}
