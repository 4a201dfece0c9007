import type { LatenessRecorder } from './lateness.ts'

/** Monotonic time, and waking up in it. A parameter, so that a test can own it. */
export interface WheelTime {
  /** Milliseconds since any fixed moment, with fractions; never steps back. */
  now(): number
  wakeAfter(ms: number, callback: () => void): Disposable
}

/** What is on the wheel. */
export interface Turning {
  /** Called once every 20 ms. `skipped` turns before this one were left out, since the thread had stalled too long. */
  turn(skipped: number): void
}

export const TURN_MS = 20
const SLOT_MS = 2
const SLOTS = TURN_MS / SLOT_MS
/** How many turns are made up for after a stall: what jitter buffers at the far end commonly bridge. */
const MAX_CATCH_UP_TURNS = 5

/**
 * The one pacemaker of a media thread. A turn of 20 ms has ten slots of 2 ms; what joins gets the emptiest slot, so that
 * packets leave evenly and not in one burst. The slots due follow from a fixed origin: a late wake-up delays a turn and
 * never slows the rate. Asleep while nothing is on it.
 */
export class TimerWheel implements Disposable {
  readonly #time: WheelTime
  readonly #lateness: LatenessRecorder
  readonly #origin: number
  readonly #slots: (readonly Turning[])[] = Array.from({ length: SLOTS }, () => [])
  readonly #skipped = new Uint32Array(SLOTS)
  readonly #slotOf = new Map<Turning, number>()
  readonly #wake = () => this.#run()
  /** The next slot to be done, counted from the origin. */
  #next = 0
  #alarm: Disposable | undefined

  constructor(time: WheelTime, lateness: LatenessRecorder) {
    this.#time = time
    this.#lateness = lateness
    this.#origin = time.now()
  }

  get size(): number {
    return this.#slotOf.size
  }

  /** How many are on each slot. */
  get occupancy(): readonly number[] {
    return this.#slots.map((slot) => slot.length)
  }

  /** Its first turn comes within 20 ms. Adding what is on the wheel already changes nothing. */
  add(turning: Turning): void {
    if (this.#slotOf.has(turning)) return
    if (!this.#alarm) this.#next = this.#dueSlot() + 1
    const slot = this.#emptiestSlot()
    this.#slotOf.set(turning, slot)
    this.#slots[slot] = [...this.#slotAt(slot), turning]
    this.#sleep()
  }

  /** It has no further turn, not even when it leaves during another's turn in its slot. */
  remove(turning: Turning): void {
    const slot = this.#slotOf.get(turning)
    if (slot === undefined) return
    this.#slotOf.delete(turning)
    this.#slots[slot] = this.#slotAt(slot).filter((entry) => entry !== turning)
    if (this.size === 0) this.#stop()
  }

  [Symbol.dispose](): void {
    this.#slots.fill([])
    this.#slotOf.clear()
    this.#stop()
  }

  #run(): void {
    this.#alarm = undefined
    const due = this.#dueSlot()
    this.#skipWhatIsTooOld(due)
    while (this.#next <= due) {
      const slot = this.#next % SLOTS
      const dueAt = this.#origin + this.#next * SLOT_MS
      this.#next++
      this.#turn(slot, dueAt)
    }
    this.#sleep()
  }

  #turn(slot: number, dueAt: number): void {
    const entries = this.#slotAt(slot)
    if (entries.length === 0) return
    const skipped = this.#skipped[slot] ?? 0
    this.#skipped[slot] = 0
    for (const entry of entries) {
      // Adding and removing replace the slot's list, so only then someone in it may have left.
      if (this.#slots[slot] === entries || this.#slotOf.get(entry) === slot) entry.turn(skipped)
    }
    this.#lateness.record(this.#time.now() - dueAt)
  }

  #skipWhatIsTooOld(due: number): void {
    const turns = Math.floor((due + 1 - this.#next) / SLOTS) - MAX_CATCH_UP_TURNS
    if (turns <= 0) return
    this.#next += turns * SLOTS
    for (let slot = 0; slot < SLOTS; slot++) this.#skipped[slot] = (this.#skipped[slot] ?? 0) + turns
    this.#lateness.recordSkipped(turns)
  }

  /** Sets the alarm for the next slot that holds anything. */
  #sleep(): void {
    if (this.size === 0) return
    let next = this.#next
    while (this.#slotAt(next % SLOTS).length === 0) next++
    this.#alarm?.[Symbol.dispose]()
    const wait = this.#origin + next * SLOT_MS - this.#time.now()
    this.#alarm = this.#time.wakeAfter(Math.max(1, Math.ceil(wait)), this.#wake)
  }

  #stop(): void {
    this.#alarm?.[Symbol.dispose]()
    this.#alarm = undefined
    this.#skipped.fill(0)
  }

  #dueSlot(): number {
    return Math.floor((this.#time.now() - this.#origin) / SLOT_MS)
  }

  /** The emptiest slot; of several, the one that comes first. */
  #emptiestSlot(): number {
    let best = this.#next % SLOTS
    for (let i = 1; i < SLOTS; i++) {
      const slot = (this.#next + i) % SLOTS
      if (this.#slotAt(slot).length < this.#slotAt(best).length) best = slot
    }
    return best
  }

  #slotAt(slot: number): readonly Turning[] {
    const entries = this.#slots[slot]
    if (!entries) throw new RangeError(`slot ${slot} of ${SLOTS}`)
    return entries
  }
}
