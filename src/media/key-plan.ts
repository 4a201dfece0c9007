import { TURN_MS } from './timer-wheel.ts'

/** What one 20 ms turn carries of a key. */
export interface KeyTurn {
  readonly key: string
  /** Which turn of the key it is, from 0. */
  readonly turn: number
  /** False in a repeated end: the tone itself is over. */
  readonly sounding: boolean
  /** The tone's length so far, in turns; in the end the whole. */
  readonly length: number
  /** Whether it tells of the tone's end. */
  readonly end: boolean
}

/** The last packet of an event is sent three times in all (RFC 4733 §2.5.1.4). */
const END_PACKETS = 3

/** Which key is pressed in which turn. Repeated ends lie in the pause after a key; the last key has no other pause after it. */
export class KeyPlan {
  readonly sendId: number
  #keys: string
  #toneTurns: number
  #endRepeats = END_PACKETS - 1
  readonly #pauseTurns: number
  #index = 0
  #turn = 0
  #cutShort = false

  constructor(sendId: number, keys: string, durationMs: number, intervalMs: number) {
    this.sendId = sendId
    this.#keys = keys
    this.#toneTurns = turnsOf(durationMs)
    this.#pauseTurns = Math.max(this.#endRepeats, turnsOf(intervalMs))
  }

  get done(): boolean {
    return this.#index >= this.#keys.length
  }

  /** Whether `cut` was called. */
  get cutShort(): boolean {
    return this.#cutShort
  }

  /** The next turn; undefined in a pause, or when all is done. */
  next(): KeyTurn | undefined {
    const key = this.#keys[this.#index]
    if (key === undefined) return undefined
    const turn = this.#turn
    this.#advance()
    if (turn >= this.#toneTurns + this.#endRepeats) return undefined
    return {
      key,
      turn,
      sounding: turn < this.#toneTurns,
      length: Math.min(turn + 1, this.#toneTurns),
      end: turn >= this.#toneTurns - 1,
    }
  }

  /** Ends the tone under way at once: only its ends are left, so that the far end does not go on hearing it, and no other key follows. */
  cut(): void {
    this.#cutShort = true
    const inPause = this.#turn === 0 || this.#turn >= this.#toneTurns + this.#endRepeats
    this.#keys = this.#keys.slice(0, inPause ? this.#index : this.#index + 1)
    if (inPause || this.#turn >= this.#toneTurns) return
    this.#toneTurns = this.#turn
    this.#endRepeats = END_PACKETS
  }

  #advance(): void {
    this.#turn += 1
    const isLast = this.#index >= this.#keys.length - 1
    if (this.#turn < this.#toneTurns + (isLast ? this.#endRepeats : this.#pauseTurns)) return
    this.#index += 1
    this.#turn = 0
  }
}

function turnsOf(ms: number): number {
  return Math.max(1, Math.round(ms / TURN_MS))
}
