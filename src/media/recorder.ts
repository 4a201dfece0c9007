import { timestampDistance } from '../rtp/sequence.ts'
import { SilenceDetector } from './silence-detector.ts'

export interface RecorderOptions {
  /** Takes the next samples of the recording, in order and without gaps; copies what it keeps. */
  readonly append: (samples: Int16Array) => void
  /** Monotonic milliseconds at which the recording begins. */
  readonly startMs: number
  readonly maxMs?: number
  /** The recording ends when nobody has spoken for this long. */
  readonly silenceMs?: number
}

/** Why a recording is full. */
export type RecorderEnd = 'maxLength' | 'silence'

const PER_MS = 8 // G.711 at 8000 Hz
const FRAME = 160
/** How long a packet may be late behind those that overtook it. */
const REORDER = 160 * PER_MS
/** When nothing arrives: how far the file stays behind the time of day. A network that stalls for less loses nothing. */
const STALL = 500 * PER_MS
/** A timestamp further than this from both where its stream was and where it should be: the sender began afresh. */
const JUMP = 2_000 * PER_MS
/** A stream that is too late, or ahead of the time of day, for longer than this is so for good. */
const OUT_OF_STEP_MS = 500
/** How much faster than ours a caller's clock may run: far more than any does, so that no flood of packets fills the disk. */
const FASTEST_CLOCK = 1.01
/** Stragglers of a source that was replaced are dropped for so long. */
const STRAGGLERS_MS = 500
const RING = 64 * FRAME // 1.28 s: more than REORDER and STALL

/**
 * Puts what arrives of one caller in its place. RTP timestamps are the clock: the recording has the caller's length, and what was
 * lost, late or never sent is silence of the right length. Only where the caller's clock can't be known (nothing arrives, another
 * source, timestamps that jump) does ours decide. Positions are samples since the beginning.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #maxSamples: number
  readonly #silentFramesToEnd: number
  readonly #silence = new SilenceDetector()
  /** What may still change, each sample at its position modulo RING; zero where nothing has come yet. */
  readonly #ring = new Int16Array(RING)
  readonly #frames: readonly Int16Array[]
  /** Where the next frame to be appended begins. */
  #next = 0
  #appended = 0
  #open = true
  #end: RecorderEnd | undefined
  /** The source's latest packet: its beginning by its clock, its end by ours and when it came. */
  #ssrc: number | undefined
  #timestamp = 0
  #position = 0
  #highest = 0
  #arrivedMs: number
  #outOfStepSinceMs: number | undefined
  #formerSsrc: number | undefined
  #formerUntilMs = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#maxSamples = (options.maxMs ?? Number.POSITIVE_INFINITY) * PER_MS
    this.#silentFramesToEnd = ((options.silenceMs ?? Number.POSITIVE_INFINITY) * PER_MS) / FRAME
    this.#arrivedMs = options.startMs
    this.#frames = Array.from({ length: RING / FRAME }, (_, i) =>
      this.#ring.subarray(i * FRAME, (i + 1) * FRAME),
    )
  }

  /** How much was appended. */
  get durationMs(): number {
    return this.#appended / PER_MS
  }

  /** Takes a packet's samples, at most a second of them. Tells when the recording is full; then nothing more is taken. */
  receive(ssrc: number, timestamp: number, samples: Int16Array, nowMs: number): RecorderEnd | undefined {
    if (!this.#open || samples.length === 0 || samples.length > RING - REORDER) return this.#end
    const position = this.#place(ssrc, timestamp, samples.length, nowMs)
    if (position === undefined) return this.#end
    const end = position + samples.length
    if (end > this.#next + RING) this.#flush(end - REORDER)
    this.#write(position, samples)
    if (end >= this.#highest) {
      this.#timestamp = timestamp
      this.#position = position
      this.#highest = end
      this.#arrivedMs = nowMs
    }
    this.#flush(this.#highest - REORDER)
    return this.#end
  }

  /** Lets time pass: where nothing arrives, silence follows. Tells when the recording is full. */
  turn(nowMs: number): RecorderEnd | undefined {
    this.#flush(this.#expected(nowMs) - STALL)
    return this.#end
  }

  /** Ends the recording at a moment of the caller's clock, such as a key's beginning. */
  finishAt(ssrc: number, timestamp: number, nowMs: number): void {
    const distance = timestampDistance(this.#timestamp, timestamp)
    const known = ssrc === this.#ssrc && Math.abs(distance) <= JUMP
    this.#finish(known ? Math.min(this.#position + distance, this.#expected(nowMs)) : this.#highest)
  }

  /** Ends the recording as it was `agoMs` ago. */
  finish(nowMs: number, agoMs = 0): void {
    const expected = this.#expected(nowMs)
    // Between two packets the caller has only said what has arrived.
    const now = expected - this.#highest < REORDER ? this.#highest : expected
    this.#finish(now - agoMs * PER_MS)
  }

  /** Where the caller's next sample belongs by our clock. */
  #expected(nowMs: number): number {
    return this.#highest + Math.max(0, Math.round((nowMs - this.#arrivedMs) * PER_MS))
  }

  /** The packet's position; undefined if it has none: it comes too late, or too many came. */
  #place(ssrc: number, timestamp: number, length: number, nowMs: number): number | undefined {
    if (ssrc !== this.#ssrc) {
      if (ssrc === this.#formerSsrc && nowMs < this.#formerUntilMs) return undefined
      this.#formerSsrc = this.#ssrc
      this.#formerUntilMs = nowMs + STRAGGLERS_MS
      this.#ssrc = ssrc
      return this.#placeAfresh(length, nowMs)
    }
    const distance = timestampDistance(this.#timestamp, timestamp)
    const elapsed = (nowMs - this.#arrivedMs) * PER_MS
    if (Math.abs(distance) > JUMP && Math.abs(distance - elapsed) > JUMP)
      return this.#placeAfresh(length, nowMs)
    const position = this.#position + distance
    if (position + length > this.#next && position <= this.#latest(nowMs)) {
      this.#outOfStepSinceMs = undefined
      return position
    }
    this.#outOfStepSinceMs ??= nowMs
    return nowMs - this.#outOfStepSinceMs > OUT_OF_STEP_MS ? this.#placeAfresh(length, nowMs) : undefined
  }

  /** The place of a packet whose stream says nothing of it: its samples have just been spoken. */
  #placeAfresh(length: number, nowMs: number): number | undefined {
    this.#outOfStepSinceMs = undefined
    const position = Math.max(this.#next, this.#highest, this.#expected(nowMs) - length)
    return position <= this.#latest(nowMs) ? position : undefined
  }

  /** No recording is longer than the time it took. */
  #latest(nowMs: number): number {
    return (nowMs - this.#options.startMs) * PER_MS * FASTEST_CLOCK + JUMP
  }

  #write(position: number, samples: Int16Array): void {
    const from = Math.max(0, this.#next - position) // the beginning may be late
    const first = (position + from) % RING
    const room = Math.min(samples.length - from, RING - first)
    this.#ring.set(samples.subarray(from, from + room), first)
    if (from + room < samples.length) this.#ring.set(samples.subarray(from + room), 0)
  }

  /** Appends all whole frames before `position`. */
  #flush(position: number): void {
    while (this.#next + FRAME <= position && this.#open) {
      const frame = this.#frameAtNext()
      const room = this.#maxSamples - this.#next
      this.#append(room < FRAME ? frame.subarray(0, room) : frame)
      this.#next += FRAME
      if (room <= FRAME) this.#close('maxLength')
      else if (this.#isSilentForLong(frame)) this.#close('silence')
      frame.fill(0)
    }
  }

  #isSilentForLong(frame: Int16Array): boolean {
    if (this.#silentFramesToEnd === Number.POSITIVE_INFINITY) return false
    this.#silence.hear(frame)
    return this.#silence.silentFrames >= this.#silentFramesToEnd
  }

  #finish(position: number): void {
    this.#flush(position)
    if (!this.#open) return
    const rest = Math.min(Math.floor(position), this.#maxSamples) - this.#next
    if (rest > 0) this.#append(this.#frameAtNext().subarray(0, rest))
    this.#close()
  }

  #close(end?: RecorderEnd): void {
    this.#open = false
    this.#end = end
  }

  #append(samples: Int16Array): void {
    this.#appended += samples.length
    this.#options.append(samples)
  }

  #frameAtNext(): Int16Array {
    const frame = this.#frames[(this.#next / FRAME) % this.#frames.length]
    if (!frame) throw new RangeError(`no frame at sample ${this.#next}`)
    return frame
  }
}
