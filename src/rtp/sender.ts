import { RTP_HEADER_BYTES } from './packet.ts'
import { serializeTelephoneEvent, type TelephoneEvent } from './telephone-event.ts'

/** Samples, and bytes, of one 20 ms frame of G.711. */
export const FRAME_BYTES = 160
const WORDS_PER_FRAME = FRAME_BYTES / 4
const EVENT_BYTES = 4

/** Where a stream's numbers start: random, so that nobody can guess them (RFC 3550 §5.1). */
export interface RtpOrigin {
  readonly ssrc: number
  readonly sequenceNumber: number
  readonly timestamp: number
}

/**
 * One outgoing stream of 20 ms G.711 frames. It owns a single packet and writes each frame into it, so a frame must have
 * left before the next is written. Sequence numbers count packets, timestamps count time, sent or not (RFC 3550 §5.1).
 */
export class RtpSender {
  readonly ssrc: number
  readonly #packet: Buffer
  readonly #payload: Int32Array
  #sequenceNumber: number
  #timestamp: number
  #payloadType = 0
  #silence = 0xff
  #isSilence = false
  #gap = true
  #lastWasSpeech = false
  #packetsSent = 0
  #eventPacket: Buffer | undefined
  #eventTimestamp = 0
  #eventsSent = 0

  constructor({ ssrc, sequenceNumber, timestamp }: RtpOrigin) {
    const memory = new ArrayBuffer(RTP_HEADER_BYTES + FRAME_BYTES)
    this.#packet = Buffer.from(memory)
    this.#payload = new Int32Array(memory, RTP_HEADER_BYTES)
    this.#packet.writeUInt8(0x80, 0)
    this.#packet.writeUInt32BE(ssrc, 8)
    this.ssrc = ssrc
    this.#sequenceNumber = sequenceNumber
    this.#timestamp = timestamp
  }

  get packetsSent(): number {
    return this.#packetsSent
  }

  /** Payload octets sent, modulo 2³². */
  get octetsSent(): number {
    return (this.#packetsSent * FRAME_BYTES - this.#eventsSent * (FRAME_BYTES - EVENT_BYTES)) >>> 0
  }

  /** The timestamp that the next frame will carry. */
  get timestamp(): number {
    return this.#timestamp
  }

  /** Settles what the frames are: their payload type, and the byte that is silence in their codec. */
  use(payloadType: number, silence: number): void {
    this.#payloadType = payloadType
    if (silence !== this.#silence) this.#isSilence = false
    this.#silence = silence
  }

  /** The packet with the frame at `index` of ready G.711, seen as 32-bit words (any byte order: they are only copied). */
  frame(words: Int32Array, index: number): Uint8Array {
    const from = index * WORDS_PER_FRAME
    for (let i = 0; i < WORDS_PER_FRAME; i++) this.#payload[i] = words[from + i] ?? 0
    this.#isSilence = false
    const marker = this.#gap || !this.#lastWasSpeech // RFC 3551 §4.1: the first packet of a talkspurt
    this.#lastWasSpeech = true
    return this.#finish(marker)
  }

  /** The packet with a frame of silence, which keeps NAT bindings open and the far end's playout fed. */
  silence(): Uint8Array {
    if (!this.#isSilence) {
      this.#packet.fill(this.#silence, RTP_HEADER_BYTES)
      this.#isSilence = true
    }
    this.#lastWasSpeech = false
    return this.#finish(this.#gap)
  }

  /**
   * The packet that takes a frame's place while a key is pressed (RFC 4733 §2.5.1). All packets of one key carry the timestamp of its
   * `first`, which has the marker; time runs on beneath, and the audio after a key is a new talkspurt.
   */
  event(payloadType: number, event: TelephoneEvent, first: boolean): Uint8Array {
    this.#eventPacket ??= Buffer.from(this.#packet.subarray(0, RTP_HEADER_BYTES + EVENT_BYTES))
    if (first) this.#eventTimestamp = this.#timestamp
    serializeTelephoneEvent(event).copy(this.#eventPacket, RTP_HEADER_BYTES)
    this.#eventsSent++
    const packet = this.#number(this.#eventPacket, payloadType, first, this.#eventTimestamp)
    this.#gap = true
    return packet
  }

  /** Time passes for so many frames without a packet. */
  skip(frames: number): void {
    this.#timestamp = (this.#timestamp + frames * FRAME_BYTES) >>> 0
    this.#gap = true
  }

  #finish(marker: boolean): Uint8Array {
    return this.#number(this.#packet, this.#payloadType, marker, this.#timestamp)
  }

  /** Writes the header's changing fields; one more packet and one more frame of time have passed. */
  #number(packet: Buffer, payloadType: number, marker: boolean, timestamp: number): Uint8Array {
    const sequenceNumber = this.#sequenceNumber
    packet[1] = marker ? payloadType | 0x80 : payloadType
    packet[2] = sequenceNumber >>> 8
    packet[3] = sequenceNumber // typed arrays keep the low byte
    packet[4] = timestamp >>> 24
    packet[5] = timestamp >>> 16
    packet[6] = timestamp >>> 8
    packet[7] = timestamp
    this.#sequenceNumber = (sequenceNumber + 1) & 0xffff
    this.#timestamp = (this.#timestamp + FRAME_BYTES) >>> 0
    this.#gap = false
    this.#packetsSent++
    return packet
  }
}
