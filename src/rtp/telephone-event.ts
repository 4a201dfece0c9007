import type { RtpPacket } from './packet.ts'

/** One block of a telephone-event payload (RFC 4733 §2.3). */
export interface TelephoneEvent {
  readonly event: number // 0–255; 0–15 are the keys of a phone (§3.2)
  readonly end: boolean
  readonly volume: number // 0–63: −dBm0 of the tone
  readonly duration: number // 0–65535 timestamp units since the event began
}

const BLOCK_BYTES = 4
const MAX_BLOCKS = 8
const KEYS = '0123456789*#ABCD'
/** The longest duration that one event can tell, in timestamp units: 8 s (RFC 4733 §2.3.5). */
export const LONGEST_SEGMENT = 0xffff
const LONGEST_UPDATE_INTERVAL = 400 // 50 ms between the packets of one press (§2.5.1.1)

/** The key of an event code 0–15: a digit, `*`, `#` or A–D; undefined for what is no key (flash, fax tones). */
export function keyOfEvent(event: number): string | undefined {
  return KEYS[event]
}

/** The event code of a key; undefined for anything that is not one character of `0123456789*#ABCD`. */
export function eventOfKey(key: string): number | undefined {
  const event = key.length === 1 ? KEYS.indexOf(key) : -1
  return event < 0 ? undefined : event
}

/**
 * Parses a telephone-event payload; undefined if it is too short. There is more than one block only where an event and
 * its immediate successors travel in one packet (§2.5.1.5): every block before the last has then ended. Bytes that
 * don't fit that rule are ignored: phones are known to pad.
 */
export function parseTelephoneEvents(payload: Buffer): readonly TelephoneEvent[] | undefined {
  if (payload.length < BLOCK_BYTES) return undefined
  const events: TelephoneEvent[] = []
  for (let at = 0; at + BLOCK_BYTES <= payload.length && events.length < MAX_BLOCKS; at += BLOCK_BYTES) {
    const previous = events.at(-1)
    const block = parseBlock(payload, at)
    if (previous && (!previous.end || previous.duration === 0 || block.duration === 0)) break
    events.push(block)
  }
  return events
}

function parseBlock(payload: Buffer, at: number): TelephoneEvent {
  const flags = payload.readUInt8(at + 1)
  return {
    event: payload.readUInt8(at),
    end: flags >= 0x80,
    volume: flags & 0x3f,
    duration: payload.readUInt16BE(at + 2),
  }
}

/** Serializes one block; the reserved bit is 0. */
export function serializeTelephoneEvent({ event, end, volume, duration }: TelephoneEvent): Buffer {
  const payload = Buffer.allocUnsafe(BLOCK_BYTES)
  payload.writeUInt8(event, 0)
  payload.writeUInt8((end ? 0x80 : 0) | volume, 1)
  payload.writeUInt16BE(duration, 2)
  return payload
}

/** A press that has been reported: its event and the timestamp at which it (or its latest segment) began. */
interface Press {
  event: number
  timestamp: number
  end: boolean
}

/** More presses than a network can keep in flight at once; older ones are forgotten. */
const REMEMBERED = 16

/**
 * Turns a stream of telephone-event packets into keys: each press once, at its first packet to arrive, whichever of its
 * packets that is. A press is known by the timestamp of its beginning (RFC 4733 §2.2.1), so markers, lost starts,
 * lost or repeated ends and reordering don't matter, and the same key pressed again is another press.
 */
export class KeyReceiver {
  #presses: Press[] = []
  #ssrc: number | undefined
  #lastSequenceNumber = -1

  /** The keys whose first packet this is, in order: mostly none, seldom more than one. */
  receive(packet: RtpPacket): string[] {
    const events = parseTelephoneEvents(packet.payload)
    if (!events) return []
    if (packet.ssrc !== this.#ssrc) {
      this.#ssrc = packet.ssrc
      this.#presses = []
      this.#lastSequenceNumber = -1
    }
    const keys: string[] = []
    let timestamp = packet.timestamp
    let first = true
    for (const event of events) {
      const key = this.#isNewPress(event, timestamp, first ? packet : undefined)
        ? keyOfEvent(event.event)
        : undefined
      if (key !== undefined) keys.push(key)
      timestamp = (timestamp + event.duration) >>> 0
      first = false
    }
    this.#lastSequenceNumber = packet.sequenceNumber
    return keys
  }

  /** `packet` is there for the first block of a packet only. */
  #isNewPress({ event, end }: TelephoneEvent, timestamp: number, packet: RtpPacket | undefined): boolean {
    const known = this.#presses.findLast((press) => press.event === event && press.timestamp === timestamp)
    if (known) {
      known.end ||= end
      return false
    }
    const continued = this.#continuedPress(event, timestamp, packet)
    this.#remember({ event, timestamp, end })
    return continued === undefined
  }

  #remember(press: Press): void {
    this.#presses.push(press)
    if (this.#presses.length > REMEMBERED) this.#presses.shift()
  }

  /** The press that goes on under another timestamp: a long one's next segment, or the next packet of a phone that counts on. */
  #continuedPress(event: number, timestamp: number, packet: RtpPacket | undefined): Press | undefined {
    const segment = (timestamp - LONGEST_SEGMENT) >>> 0
    const earlier = this.#presses.findLast((press) => press.event === event && press.timestamp === segment)
    if (earlier && !earlier.end) return earlier // §2.5.1.3: a key held for longer than 8 s

    // Not RFC 4733: some senders give every packet of a press a timestamp of its own. Nothing was lost since the last
    // packet, which had not ended the press, and no one presses a key again in less time than two packets are apart.
    const last = this.#presses.at(-1)
    if (!packet || packet.marker || !last || last.event !== event || last.end) return undefined
    if ((timestamp - last.timestamp) >>> 0 > LONGEST_UPDATE_INTERVAL) return undefined
    return ((this.#lastSequenceNumber + 1) & 0xffff) === packet.sequenceNumber ? last : undefined
  }
}
