/** Shares of the floor's memory: the quietest frame of each, so that the oldest can be forgotten. */
const SHARES = 10
const FRAMES_A_SHARE = 15 // 0.3 s: the floor remembers 3 s
/** Below this a line is quiet, whatever it hums. */
const LOWEST_FLOOR_DB = -57
/** Above the floor by so much, a frame sounds like somebody speaking; and while somebody speaks, by so much less. */
const SPEECH_DB = 9
const STILL_SPEECH_DB = 6
/** 60 ms: a click is shorter. */
const FRAMES_TO_SPEAK = 3
const FULL_SCALE_SQUARED = 32_768 ** 2

/**
 * Tells speech from silence on a line that is never silent, frame by frame. The floor is the quietest frame of the last 3 s:
 * speech dips between syllables, noise does not, so what stays level becomes silence, however loud it is.
 */
export class SilenceDetector {
  /** The quietest level of each share of the memory, in dBFS; the newest is at `#share`. */
  readonly #quietest = new Float64Array(SHARES).fill(Number.POSITIVE_INFINITY)
  #share = 0
  #framesInShare = 0
  #framesOfSound = 0
  #speaking = false
  #silentFrames = 0

  /** Frames since somebody last spoke, or since the beginning. */
  get silentFrames(): number {
    return this.#silentFrames
  }

  /** Hears the next frame of 20 ms. One that is mostly digital silence was lost or suppressed: it says nothing of the line's noise. */
  hear(frame: Int16Array): void {
    let energy = 0
    let zeros = 0
    for (const sample of frame) {
      energy += sample * sample
      if (sample === 0) zeros += 1
    }
    const level = 10 * Math.log10(energy / (frame.length * FULL_SCALE_SQUARED) + 1e-10)
    if (zeros <= frame.length / 4) this.#remember(level)
    const floor = Math.max(LOWEST_FLOOR_DB, this.#floor())
    const loud = level > floor + (this.#speaking ? STILL_SPEECH_DB : SPEECH_DB)
    this.#framesOfSound = loud ? this.#framesOfSound + 1 : 0
    this.#speaking = loud && (this.#speaking || this.#framesOfSound >= FRAMES_TO_SPEAK)
    this.#silentFrames = this.#speaking ? 0 : this.#silentFrames + 1
  }

  #remember(level: number): void {
    this.#quietest[this.#share] = Math.min(this.#quietest[this.#share] ?? level, level)
    this.#framesInShare += 1
    if (this.#framesInShare < FRAMES_A_SHARE) return
    this.#framesInShare = 0
    this.#share = (this.#share + 1) % SHARES
    this.#quietest[this.#share] = Number.POSITIVE_INFINITY
  }

  /** Before anything was heard: as quiet as can be. */
  #floor(): number {
    let floor = Number.POSITIVE_INFINITY
    for (const level of this.#quietest) floor = Math.min(floor, level)
    return floor === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : floor
  }
}
