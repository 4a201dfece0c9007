import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { encodeAudio } from './codec.ts'
import { type Heard, type HeardKey, keysIn, layOut, type ReceivedPacket, readRtp } from './heard.ts'
import type { Peer } from './wire.ts'

const SAMPLES_PER_FRAME = 160
const FRAME_MS = 20
/** After a stall the sender catches up by at most this many frames at once. */
const MAX_CATCH_UP = 10
const eventOfKey = '0123456789*#ABCD'

/** How keys are pressed, and what goes wrong while they are. */
export interface KeyOptions {
  readonly durationMs?: number
  readonly gapMs?: number
  /** The payload type of the events; otherwise the negotiated one. */
  readonly payloadType?: number
  /** Packets of each key that are never sent, counted from its start. */
  readonly loseFirst?: number
  /** Of the three end packets, how many are never sent. */
  readonly loseEnds?: 0 | 1 | 2 | 3
  /** Whether the first packet carries the marker bit; default true. */
  readonly marker?: boolean
}

/** What leaves in one 20 ms slot. */
interface Slot {
  /** `gap`: whatever sound is queued, or silence, goes on between two keys. */
  readonly kind: 'key' | 'audio' | 'gap'
  readonly payload: Buffer
  readonly payloadType: number
  readonly marker: boolean
  /** An event keeps the timestamp at which it began. */
  readonly newEvent: boolean
  readonly lost: boolean
  readonly sent?: (() => void) | undefined
}

/**
 * A phone's ear and mouth: one RTP port pair on loopback. It records all that arrives from anyone, and once
 * started sends a packet every 20 ms: keys first, then queued sound, else silence.
 */
export class PhoneMedia implements AsyncDisposable {
  readonly received: ReceivedPacket[] = []
  readonly receivedRtcp: Buffer[] = []
  /** Says which outgoing packets are lost on the way, by their number since the start. */
  lose: (packetNumber: number) => boolean = () => false
  /** With nothing queued: frames of silence, or no packets at all. */
  idle: 'silence' | 'nothing' = 'silence'
  payloadType = 0
  keyPayloadType: number | undefined
  peer: Peer | undefined
  ssrc = randomInt(2 ** 32)
  sequenceNumber = randomInt(2 ** 16)
  timestamp = randomInt(2 ** 32)
  packetsSent = 0
  readonly #rtp: Socket
  readonly #rtcp: Socket
  readonly #keys: Slot[] = []
  readonly #sound: { readonly samples: Int16Array; at: number; readonly sent: () => void }[] = []
  /** Rejects what is still queued when the call is over. */
  readonly #pending = new Set<(why: Error) => void>()
  #eventTimestamp = 0
  #timer: NodeJS.Timeout | undefined
  #startedAt = 0
  #frames = 0

  private constructor(rtp: Socket, rtcp: Socket) {
    this.#rtp = rtp
    this.#rtcp = rtcp
    rtp.on('message', (datagram, { address, port }) => {
      const packet = readRtp(datagram, performance.now(), { address, port })
      if (packet) this.received.push(packet)
    })
    rtcp.on('message', (datagram) => this.receivedRtcp.push(datagram))
  }

  /** Opens an even port for RTP and the next one for RTCP. */
  static async open(address: string): Promise<PhoneMedia> {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const port = 32_768 + 2 * randomInt(14_000)
      const rtp = await bind(address, port)
      const rtcp = rtp && (await bind(address, port + 1))
      if (rtp && rtcp) return new PhoneMedia(rtp, rtcp)
      rtp?.close()
    }
    throw new Error(`no free pair of UDP ports on ${address}`)
  }

  get port(): number {
    return this.#rtp.address().port
  }

  /** Begins to send; does nothing if it already does. */
  start(): void {
    if (this.#timer || !this.peer) return
    this.#startedAt = performance.now()
    this.#frames = 0
    this.#schedule()
  }

  /** Stops sending, as a phone on hold does; queued sound stays queued. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Stops for good: the call is over. Sound and keys that have not left reject. */
  end(): void {
    this.stop()
    for (const reject of this.#pending) reject(new Error('the call ended before all sound and keys had left'))
    this.#pending.clear()
    this.#sound.length = 0
    this.#keys.length = 0
  }

  /** Queues sound at 8 kHz; resolves when its last frame has left, rejects when the call ends before. */
  play(samples: Int16Array): Promise<void> {
    return this.#untilSent((sent) => this.#sound.push({ samples, at: 0, sent }))
  }

  /** Presses keys one after the other; resolves when the last packet has left. */
  press(keys: string, options: KeyOptions = {}): Promise<void> {
    const payloadType = options.payloadType ?? this.keyPayloadType
    if (payloadType === undefined)
      throw new Error('telephone events were not negotiated; name a payload type')
    if (keys === '') throw new Error('there are no keys to press')
    const slots = [...keys].flatMap((key) => slotsOfKey(key, payloadType, options))
    const last = slots.pop()
    return this.#untilSent((sent) => this.#keys.push(...slots, ...(last ? [{ ...last, sent }] : [])))
  }

  #untilSent(enqueue: (sent: () => void) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    promise.catch(() => {}) // a script that doesn't await it doesn't mind the end of the call
    this.#pending.add(reject)
    enqueue(() => {
      this.#pending.delete(reject)
      resolve()
    })
    return promise
  }

  /** Sends any bytes from the RTP port. */
  sendRaw(datagram: Uint8Array, to: Peer | undefined = this.peer): void {
    if (to) this.#rtp.send(datagram, to.port, to.address)
  }

  heard(): Heard {
    return layOut(this.received)
  }

  /** Keys that the other side pressed. */
  heardKeys(): HeardKey[] {
    return this.keyPayloadType === undefined ? [] : keysIn(this.received, this.keyPayloadType)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end()
    await Promise.all(
      [this.#rtp, this.#rtcp].map((socket) => new Promise<void>((resolve) => socket.close(resolve))),
    )
  }

  #schedule(): void {
    const due = this.#startedAt + this.#frames * FRAME_MS
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, due - performance.now()))
  }

  #tick(): void {
    const due = Math.floor((performance.now() - this.#startedAt) / FRAME_MS) + 1
    const frames = Math.min(due - this.#frames, MAX_CATCH_UP)
    for (let frame = 0; frame < frames; frame += 1) this.#sendNext()
    this.#frames = Math.max(due, this.#frames)
    this.#schedule()
  }

  #sendNext(): void {
    const queued = this.#keys.shift()
    const slot = queued && queued.kind !== 'gap' ? queued : this.#nextAudio()
    if (slot?.newEvent) this.#eventTimestamp = this.timestamp
    if (slot) {
      const timestamp = slot.kind === 'key' ? this.#eventTimestamp : this.timestamp
      this.#sendPacket(slot, timestamp)
    }
    this.timestamp = (this.timestamp + SAMPLES_PER_FRAME) >>> 0
    slot?.sent?.()
    if (queued !== slot) queued?.sent?.()
  }

  #sendPacket({ payload, payloadType, marker, lost }: Slot, timestamp: number): void {
    const packet = Buffer.alloc(12 + payload.length)
    packet.writeUInt8(0x80, 0)
    packet.writeUInt8((marker ? 0x80 : 0) | payloadType, 1)
    packet.writeUInt16BE(this.sequenceNumber, 2)
    packet.writeUInt32BE(timestamp, 4)
    packet.writeUInt32BE(this.ssrc, 8)
    payload.copy(packet, 12)
    this.sequenceNumber = (this.sequenceNumber + 1) & 0xffff
    const number = this.packetsSent
    this.packetsSent += 1
    if (!lost && !this.lose(number)) this.sendRaw(packet)
  }

  #nextAudio(): Slot | undefined {
    const current = this.#sound[0]
    if (!current && this.idle === 'nothing') return undefined
    const frame = new Int16Array(SAMPLES_PER_FRAME)
    let sent: (() => void) | undefined
    if (current) {
      frame.set(current.samples.subarray(current.at, current.at + SAMPLES_PER_FRAME))
      current.at += SAMPLES_PER_FRAME
      if (current.at >= current.samples.length) {
        this.#sound.shift()
        sent = current.sent
      }
    }
    const payload = encodeAudio(frame, this.payloadType)
    const marker = this.packetsSent === 0
    return {
      kind: 'audio',
      payload,
      payloadType: this.payloadType,
      marker,
      newEvent: false,
      lost: false,
      sent,
    }
  }
}

/** One key: a packet per 20 ms with a growing duration, then three end packets, then a pause (RFC 4733 §2.5). */
function slotsOfKey(key: string, payloadType: number, options: KeyOptions): Slot[] {
  const { durationMs = 100, gapMs = 60, loseFirst = 0, loseEnds = 0, marker = true } = options
  const event = eventOfKey.indexOf(key.toUpperCase())
  if (event < 0) throw new Error(`${key} is not a key`)
  const frames = Math.max(1, Math.round(durationMs / FRAME_MS))
  const slots = Array.from({ length: frames + 2 }, (_, index): Slot => {
    const isEnd = index >= frames - 1
    const payload = Buffer.alloc(4)
    payload.writeUInt8(event, 0)
    payload.writeUInt8((isEnd ? 0x80 : 0) | 10, 1)
    payload.writeUInt16BE(SAMPLES_PER_FRAME * Math.min(index + 1, frames), 2)
    return {
      kind: 'key',
      payload,
      payloadType,
      marker: marker && index === 0,
      newEvent: index === 0,
      lost: index < loseFirst || index >= frames + 2 - loseEnds,
    }
  })
  const gap: Slot = {
    kind: 'gap',
    payload: Buffer.alloc(0),
    payloadType,
    marker: false,
    newEvent: false,
    lost: false,
  }
  return [...slots, ...Array.from({ length: Math.max(0, Math.round(gapMs / FRAME_MS)) }, () => gap)]
}

async function bind(address: string, port: number): Promise<Socket | undefined> {
  const socket = createSocket('udp4')
  try {
    socket.bind(port, address)
    await once(socket, 'listening')
    return socket
  } catch {
    socket.close()
    return undefined
  }
}
