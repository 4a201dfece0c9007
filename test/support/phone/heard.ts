import { decodeAudio } from './codec.ts'
import type { Peer } from './wire.ts'

/** One RTP packet as it arrived. */
export interface ReceivedPacket {
  /** `performance.now()` when Node handed it over: late by whatever the event loop was busy with. */
  readonly atMs: number
  readonly sequenceNumber: number
  readonly timestamp: number
  readonly payloadType: number
  readonly marker: boolean
  readonly ssrc: number
  readonly payload: Buffer
  readonly from: Peer
}

/** What a phone heard, laid out by RTP timestamp: a lost packet is silence in its place. */
export interface Heard {
  /** 8 kHz, from the first audio packet on. */
  readonly samples: Int16Array
  /** `performance.now()` of the first audio packet; sample n belongs to `startedAtMs + n / 8`. */
  readonly startedAtMs: number
  readonly packets: number
  readonly lost: number
  readonly duplicates: number
  readonly reordered: number
  readonly ssrcs: readonly number[]
  readonly gaps: readonly HeardGap[]
  /** |time between two packets − time between their samples|, in milliseconds. */
  readonly pacing: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number }
}

export interface HeardGap {
  /** From the start of `samples`. */
  readonly atMs: number
  readonly lengthMs: number
  /** `lost`: sequence numbers are missing. `pause`: the sender sent no audio, as around key presses. */
  readonly cause: 'lost' | 'pause'
}

/** Reads an RTP packet (RFC 3550 §5.1); undefined for anything else. */
export function readRtp(datagram: Buffer, atMs: number, from: Peer): ReceivedPacket | undefined {
  if (datagram.length < 12) return undefined
  const first = datagram.readUInt8(0)
  const second = datagram.readUInt8(1)
  if (first >> 6 !== 2 || (second >= 200 && second <= 204)) return undefined
  const start = 12 + 4 * (first & 0x0f)
  const padding = first & 0x20 ? datagram.readUInt8(datagram.length - 1) : 0
  const extension =
    first & 0x10 && datagram.length >= start + 4 ? 4 + 4 * datagram.readUInt16BE(start + 2) : 0
  return {
    atMs,
    sequenceNumber: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    payloadType: second & 0x7f,
    marker: second >= 128,
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(start + extension, datagram.length - padding),
    from,
  }
}

interface Placed extends ReceivedPacket {
  /** Counted from the stream's first packet, without wrapping. */
  readonly position: number
  readonly sampleAt: number
}

/** Lays received packets out in time. Payload types 0 and 8 are audio; all others only count as present. */
export function layOut(received: readonly ReceivedPacket[]): Heard {
  const ssrcs = [...new Set(received.map((packet) => packet.ssrc))]
  const startedAtMs = received.find(isAudio)?.atMs ?? 0
  const pieces: { at: number; samples: Int16Array }[] = []
  const gaps: HeardGap[] = []
  const counts = { lost: 0, duplicates: 0, reordered: 0 }
  let end = 0
  for (const ssrc of ssrcs) {
    const placed = place(received.filter((packet) => packet.ssrc === ssrc))
    const audio = placed.filter(isAudio).sort((a, b) => a.position - b.position)
    const first = audio[0]
    if (!first) continue
    const origin = Math.max(end, Math.round((first.atMs - startedAtMs) * 8)) - first.sampleAt
    for (const packet of audio) {
      const samples = decodeAudio(packet.payload, packet.payloadType)
      pieces.push({ at: origin + packet.sampleAt, samples })
      end = Math.max(end, origin + packet.sampleAt + samples.length)
    }
    const missing = countMissing(placed, counts)
    gaps.push(...gapsOf(audio, origin, missing))
  }
  const samples = new Int16Array(Math.max(0, end))
  for (const piece of pieces) if (piece.at >= 0) samples.set(piece.samples, piece.at)
  const packets = received.filter(isAudio).length
  return { samples, startedAtMs, packets, ssrcs, gaps, pacing: pacingOf(received), ...counts }
}

function isAudio({ payloadType }: ReceivedPacket): boolean {
  return payloadType === 0 || payloadType === 8
}

/** Unwraps sequence numbers and timestamps against the stream's first packet; nearest distance wins. */
function place(packets: readonly ReceivedPacket[]): Placed[] {
  const first = packets[0]
  if (!first) return []
  let position = 0
  let sampleAt = 0
  let before = first
  return packets.map((packet) => {
    position += (((packet.sequenceNumber - before.sequenceNumber) & 0xffff) << 16) >> 16
    sampleAt += (packet.timestamp - before.timestamp) | 0
    before = packet
    return { ...packet, position, sampleAt }
  })
}

/** Counts into `counts`, and returns the positions that never arrived. */
function countMissing(
  placed: readonly Placed[],
  counts: { lost: number; duplicates: number; reordered: number },
): Set<number> {
  const seen = new Set<number>()
  let highest = Number.NEGATIVE_INFINITY
  let lowest = Number.POSITIVE_INFINITY
  for (const { position } of placed) {
    if (seen.has(position)) counts.duplicates += 1
    else if (position < highest) counts.reordered += 1
    seen.add(position)
    highest = Math.max(highest, position)
    lowest = Math.min(lowest, position)
  }
  const missing = new Set<number>()
  for (let position = lowest; position <= highest; position += 1)
    if (!seen.has(position)) missing.add(position)
  counts.lost += missing.size
  return missing
}

function gapsOf(audio: readonly Placed[], origin: number, missing: ReadonlySet<number>): HeardGap[] {
  const gaps: HeardGap[] = []
  let end: number | undefined
  let before = audio[0]
  for (const packet of audio) {
    if (end !== undefined && before && packet.sampleAt > end) {
      const cause = hasBetween(missing, before.position, packet.position) ? 'lost' : 'pause'
      gaps.push({ atMs: (origin + end) / 8, lengthMs: (packet.sampleAt - end) / 8, cause })
    }
    end = Math.max(end ?? 0, packet.sampleAt + packet.payload.length)
    before = packet
  }
  return gaps
}

function hasBetween(missing: ReadonlySet<number>, from: number, to: number): boolean {
  for (let position = from + 1; position < to; position += 1) if (missing.has(position)) return true
  return false
}

function pacingOf(received: readonly ReceivedPacket[]): Heard['pacing'] {
  const deviations: number[] = []
  const last = new Map<number, ReceivedPacket>()
  for (const packet of received) {
    if (!isAudio(packet)) continue
    const before = last.get(packet.ssrc)
    last.set(packet.ssrc, packet)
    if (!before || ((packet.sequenceNumber - before.sequenceNumber) & 0xffff) !== 1) continue
    const samples = (packet.timestamp - before.timestamp) | 0
    deviations.push(Math.abs(packet.atMs - before.atMs - samples / 8))
  }
  deviations.sort((a, b) => a - b)
  const quantile = (share: number) =>
    deviations[Math.min(deviations.length - 1, Math.floor(share * deviations.length))] ?? 0
  return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: deviations.at(-1) ?? 0 }
}

export interface HeardKey {
  readonly key: string
  readonly atMs: number
  readonly durationMs: number
  readonly endPackets: number
}

const keyOfEvent = '0123456789*#ABCD'

/** The keys that arrived as telephone events (RFC 4733) of a payload type, in order. */
export function keysIn(received: readonly ReceivedPacket[], payloadType: number): HeardKey[] {
  const keys = new Map<number, { key: string; atMs: number; durationMs: number; endPackets: number }>()
  for (const packet of received) {
    if (packet.payloadType !== payloadType || packet.payload.length < 4) continue
    const key = keyOfEvent[packet.payload.readUInt8(0)] ?? '?'
    const found = keys.get(packet.timestamp) ?? { key, atMs: packet.atMs, durationMs: 0, endPackets: 0 }
    found.durationMs = Math.max(found.durationMs, packet.payload.readUInt16BE(2) / 8)
    if (packet.payload.readUInt8(1) & 0x80) found.endPackets += 1
    keys.set(packet.timestamp, found)
  }
  return [...keys.values()]
}
