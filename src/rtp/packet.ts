/** An RTP data packet (RFC 3550 §5.1). */
export interface RtpPacket {
  readonly marker: boolean
  readonly payloadType: number // 0–127; static types in RFC 3551 §6
  readonly sequenceNumber: number // 0–65535, wraps
  readonly timestamp: number // 0–2³²−1 in units of the codec's clock rate, wraps
  readonly ssrc: number // 0–2³²−1
  readonly payload: Buffer // a view of the datagram, not a copy
}

/**
 * The fields of one datagram, read in place. One object is reused for every datagram of a thread, so that nothing is
 * allocated per packet; its fields hold until the next `readRtpHeader`.
 */
export interface RtpHeader {
  marker: boolean
  payloadType: number
  sequenceNumber: number
  timestamp: number
  ssrc: number
  /** Where the payload starts and ends in the datagram: behind CSRCs and extension, before padding. */
  payloadStart: number
  payloadEnd: number
}

/** Bytes of a header without CSRCs and extension: all that this server sends. */
export const RTP_HEADER_BYTES = 12

/** A header to pass to `readRtpHeader`. */
export function emptyRtpHeader(): RtpHeader {
  return {
    marker: false,
    payloadType: 0,
    sequenceNumber: 0,
    timestamp: 0,
    ssrc: 0,
    payloadStart: 0,
    payloadEnd: 0,
  }
}

/** Reads one UDP datagram into `header`; false for anything that is not well-formed RTP version 2. */
export function readRtpHeader(datagram: Buffer, header: RtpHeader): boolean {
  const length = datagram.length
  if (length < RTP_HEADER_BYTES) return false
  const flags = byteAt(datagram, 0)
  if (flags >> 6 !== 2) return false

  let start = RTP_HEADER_BYTES + 4 * (flags & 0x0f) // skip the CSRC list
  if (flags & 0x10) {
    // X: skip the header extension (§5.3.1)
    if (length < start + 4) return false
    start += 4 + 4 * uint16At(datagram, start + 2)
  }
  const padding = flags & 0x20 ? byteAt(datagram, length - 1) : 0
  const end = length - padding
  if (end < start || (flags & 0x20 && padding === 0)) return false

  const typeByte = byteAt(datagram, 1)
  header.marker = typeByte >= 0x80
  header.payloadType = typeByte & 0x7f
  header.sequenceNumber = uint16At(datagram, 2)
  header.timestamp = uint32At(datagram, 4)
  header.ssrc = uint32At(datagram, 8)
  header.payloadStart = start
  header.payloadEnd = end
  return true
}

/**
 * Whether a datagram on the RTP port is RTCP all the same (RFC 5761 §4): a far end that multiplexes both on one port.
 * Its second byte, an RTCP packet type of 192–223, would be payload types 64–95 with a marker, which are not used.
 */
export function isRtcp(datagram: Buffer): boolean {
  if (datagram.length < 8) return false
  const type = byteAt(datagram, 1)
  return byteAt(datagram, 0) >> 6 === 2 && type >= 192 && type <= 223
}

/** Parses one UDP datagram; undefined for anything that is not well-formed RTP version 2. */
export function parseRtpPacket(datagram: Buffer): RtpPacket | undefined {
  const header = emptyRtpHeader()
  if (!readRtpHeader(datagram, header)) return undefined
  const { marker, payloadType, sequenceNumber, timestamp, ssrc, payloadStart, payloadEnd } = header
  const payload = datagram.subarray(payloadStart, payloadEnd)
  return { marker, payloadType, sequenceNumber, timestamp, ssrc, payload }
}

/** Serializes without CSRCs, extension or padding: this server mixes nothing it must attribute. */
export function serializeRtpPacket(packet: RtpPacket): Buffer {
  const datagram = Buffer.allocUnsafe(RTP_HEADER_BYTES + packet.payload.length)
  datagram.writeUInt8(0x80, 0)
  datagram.writeUInt8((packet.marker ? 0x80 : 0) | packet.payloadType, 1)
  datagram.writeUInt16BE(packet.sequenceNumber, 2)
  datagram.writeUInt32BE(packet.timestamp, 4)
  datagram.writeUInt32BE(packet.ssrc, 8)
  packet.payload.copy(datagram, RTP_HEADER_BYTES)
  return datagram
}

// The callers have checked the length: `?? 0` is for the type checker and never taken.
function byteAt(datagram: Buffer, offset: number): number {
  return datagram[offset] ?? 0
}

function uint16At(datagram: Buffer, offset: number): number {
  return (byteAt(datagram, offset) << 8) | byteAt(datagram, offset + 1)
}

function uint32At(datagram: Buffer, offset: number): number {
  return ((uint16At(datagram, offset) << 16) | uint16At(datagram, offset + 2)) >>> 0
}
