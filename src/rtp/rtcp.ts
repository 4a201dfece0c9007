import type { Reception } from './statistics.ts'

/** One block of a report: what its sender received from one source (RFC 3550 §6.4.1). */
export interface ReceptionReport extends Reception {
  /** Middle 32 bits of the NTP time of the last sender report received, 0 = none. */
  readonly lastSenderReport: number
  /** Since that report arrived, in 1/65536 s. */
  readonly delaySinceLastSenderReport: number
}

export interface SenderReport {
  readonly type: 'senderReport'
  readonly ssrc: number
  /** Milliseconds since the Unix epoch, fractions included. */
  readonly sentAtMs: number
  readonly rtpTimestamp: number
  readonly packetsSent: number
  readonly octetsSent: number
  readonly receptions: readonly ReceptionReport[]
}

export interface ReceiverReport {
  readonly type: 'receiverReport'
  readonly ssrc: number
  readonly receptions: readonly ReceptionReport[]
}

/** Source description: only the canonical name (§6.5.1). */
export interface SourceDescription {
  readonly type: 'sourceDescription'
  readonly ssrc: number
  readonly cname: string
}

export interface Goodbye {
  readonly type: 'goodbye'
  readonly ssrcs: readonly number[]
}

/** The RTCP packets that matter here; others are skipped when parsed. */
export type RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye

const TYPES = { senderReport: 200, receiverReport: 201, sourceDescription: 202, goodbye: 203 } as const
const REPORT_BYTES = 24
const SENDER_INFO_BYTES = 20
/** From 1900, where NTP time starts, to 1970. */
const NTP_EPOCH_SECONDS = 2_208_988_800
/** More than a compound packet of a two-party call ever holds. */
const MAX_PACKETS = 16
const CNAME = 1

/** Parses a compound packet (§6.1); undefined if its parts don't add up to the datagram (appendix A.2). */
export function parseRtcp(datagram: Buffer): readonly RtcpPacket[] | undefined {
  const packets: RtcpPacket[] = []
  let at = 0
  for (let count = 0; at < datagram.length; count++) {
    if (count === MAX_PACKETS || datagram.length - at < 4) return undefined
    const flags = datagram.readUInt8(at)
    const end = at + 4 + 4 * datagram.readUInt16BE(at + 2)
    if (flags >> 6 !== 2 || end > datagram.length) return undefined
    const body = datagram.subarray(at + 4, end)
    const packet = parsePacket(datagram.readUInt8(at + 1), flags & 0x1f, body)
    if (packet === 'malformed') return undefined
    if (packet) packets.push(packet)
    at = end
  }
  return at > 0 ? packets : undefined
}

function parsePacket(type: number, count: number, body: Buffer): RtcpPacket | 'malformed' | undefined {
  if (type === TYPES.senderReport) {
    if (body.length < 4 + SENDER_INFO_BYTES + count * REPORT_BYTES) return 'malformed'
    return {
      type: 'senderReport',
      ssrc: body.readUInt32BE(0),
      sentAtMs: msOfNtp(body.readUInt32BE(4), body.readUInt32BE(8)),
      rtpTimestamp: body.readUInt32BE(12),
      packetsSent: body.readUInt32BE(16),
      octetsSent: body.readUInt32BE(20),
      receptions: parseReceptions(body, 4 + SENDER_INFO_BYTES, count),
    }
  }
  if (type === TYPES.receiverReport) {
    if (body.length < 4 + count * REPORT_BYTES) return 'malformed'
    return {
      type: 'receiverReport',
      ssrc: body.readUInt32BE(0),
      receptions: parseReceptions(body, 4, count),
    }
  }
  if (type === TYPES.sourceDescription) return parseDescription(count, body)
  if (type !== TYPES.goodbye) return undefined
  if (body.length < 4 * count) return 'malformed'
  return { type: 'goodbye', ssrcs: Array.from({ length: count }, (_, i) => body.readUInt32BE(4 * i)) }
}

function parseReceptions(body: Buffer, start: number, count: number): ReceptionReport[] {
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * REPORT_BYTES
    return {
      ssrc: body.readUInt32BE(at),
      fractionLost: body.readUInt8(at + 4),
      packetsLost: body.readIntBE(at + 5, 3),
      highestSequenceNumber: body.readUInt32BE(at + 8),
      jitter: body.readUInt32BE(at + 12),
      lastSenderReport: body.readUInt32BE(at + 16),
      delaySinceLastSenderReport: body.readUInt32BE(at + 20),
    }
  })
}

/** The canonical name of the first chunk, when it is that chunk's first item, as it is everywhere. */
function parseDescription(count: number, body: Buffer): SourceDescription | 'malformed' | undefined {
  if (count === 0) return undefined
  if (body.length < 8) return 'malformed'
  const length = body.readUInt8(5)
  if (body.readUInt8(4) !== CNAME) return undefined
  if (body.length < 6 + length) return 'malformed'
  const cname = body.toString('utf8', 6, 6 + length)
  return { type: 'sourceDescription', ssrc: body.readUInt32BE(0), cname }
}

/** Serializes a compound packet. `packetsLost` is clamped to its 24 bits; a canonical name is cut at 255 bytes. */
export function serializeRtcp(packets: readonly RtcpPacket[]): Buffer {
  return Buffer.concat(packets.map(serializePacket))
}

function serializePacket(packet: RtcpPacket): Buffer {
  switch (packet.type) {
    case 'senderReport': {
      const body = Buffer.alloc(4 + SENDER_INFO_BYTES)
      const seconds = Math.floor(packet.sentAtMs / 1000)
      body.writeUInt32BE(packet.ssrc, 0)
      body.writeUInt32BE((seconds + NTP_EPOCH_SECONDS) >>> 0, 4)
      body.writeUInt32BE(Math.floor(((packet.sentAtMs - seconds * 1000) / 1000) * 2 ** 32), 8)
      body.writeUInt32BE(packet.rtpTimestamp, 12)
      body.writeUInt32BE(packet.packetsSent, 16)
      body.writeUInt32BE(packet.octetsSent, 20)
      return frame(TYPES.senderReport, packet.receptions.length, [
        body,
        ...packet.receptions.map(serializeReception),
      ])
    }
    case 'receiverReport':
      return frame(TYPES.receiverReport, packet.receptions.length, [
        word(packet.ssrc),
        ...packet.receptions.map(serializeReception),
      ])
    case 'sourceDescription': {
      const cname = Buffer.from(packet.cname).subarray(0, 255)
      const item = Buffer.concat([Buffer.from([CNAME, cname.length]), cname])
      const padding = Buffer.alloc(4 - (item.length % 4)) // at least one null ends the list of items
      return frame(TYPES.sourceDescription, 1, [word(packet.ssrc), item, padding])
    }
    case 'goodbye':
      return frame(TYPES.goodbye, packet.ssrcs.length, packet.ssrcs.map(word))
  }
}

function serializeReception(reception: ReceptionReport): Buffer {
  const block = Buffer.alloc(REPORT_BYTES)
  block.writeUInt32BE(reception.ssrc, 0)
  block.writeUInt8(reception.fractionLost, 4)
  block.writeIntBE(Math.max(-0x80_0000, Math.min(0x7f_ffff, reception.packetsLost)), 5, 3)
  block.writeUInt32BE(reception.highestSequenceNumber, 8)
  block.writeUInt32BE(reception.jitter, 12)
  block.writeUInt32BE(reception.lastSenderReport, 16)
  block.writeUInt32BE(reception.delaySinceLastSenderReport, 20)
  return block
}

function frame(type: number, count: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const header = Buffer.alloc(4)
  header.writeUInt8(0x80 | count, 0)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(body.length / 4, 2)
  return Buffer.concat([header, body])
}

function word(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(value)
  return buffer
}

function msOfNtp(seconds: number, fraction: number): number {
  return (seconds - NTP_EPOCH_SECONDS) * 1000 + (fraction * 1000) / 2 ** 32
}

/** The middle 32 bits of a moment's NTP time, which reports refer to (§4): 1/65536 s, wraps every 18 hours. */
export function middleOfNtp(epochMs: number): number {
  return Math.floor(((epochMs / 1000 + NTP_EPOCH_SECONDS) % 65_536) * 65_536) >>> 0
}
