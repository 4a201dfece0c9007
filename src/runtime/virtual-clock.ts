import type { Clock } from './clock.ts'

/**
 * A Clock for simulations: time passes only in `runUntil`, as fast as the work of each moment allows. Timers fire in the
 * order they are due, those of one moment in the order they were set.
 */
export class VirtualClock implements Clock {
  #now: number
  #set = 0
  readonly #outside = new Set<Promise<unknown>>()
  readonly #timers: Timer[] = [] // a binary heap: the next due is first

  constructor(startAt = 0) {
    this.#now = startAt
  }

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): Disposable {
    this.#set += 1
    const timer: Timer = { dueAt: this.#now + Math.max(0, ms), order: this.#set, callback, cancelled: false }
    this.#push(timer)
    return {
      [Symbol.dispose]: () => {
        timer.cancelled = true
      },
    }
  }

  /** Timers that were set and neither fired nor disposed. */
  get pendingTimers(): number {
    return this.#timers.filter(({ cancelled }) => !cancelled).length
  }

  /** Stops time until `work`, which does not wait on this clock (real I/O), has settled; settles as it does. */
  async standStillFor<T>(work: Promise<T>): Promise<T> {
    this.#outside.add(work)
    try {
      return await work
    } finally {
      this.#outside.delete(work)
    }
  }

  /** Lets time pass until `work` settles, and settles as it did. Rejects if it waits for something other than this clock. */
  async runUntil<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const settle = () => {
      settled = true
    }
    work.then(settle, settle)
    await currentWork()
    while (!settled) {
      if (this.#outside.size > 0) await Promise.race(this.#outside).catch(() => undefined)
      else if (!this.#fireNextMoment())
        throw new Error('the simulated work waits for something that never comes')
      await currentWork()
    }
    return await work
  }

  /** Fires all timers of the next moment; false if there are none. */
  #fireNextMoment(): boolean {
    let timer = this.#popLive()
    if (!timer) return false
    this.#now = Math.max(this.#now, timer.dueAt)
    const moment = timer.dueAt
    while (timer) {
      timer.callback()
      const next = this.#peekLive()
      timer = next?.dueAt === moment ? this.#popLive() : undefined
    }
    return true
  }

  #peekLive(): Timer | undefined {
    while (this.#timers[0]?.cancelled) this.#pop()
    return this.#timers[0]
  }

  #popLive(): Timer | undefined {
    this.#peekLive()
    return this.#pop()
  }

  #push(timer: Timer): void {
    let index = this.#timers.push(timer) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#swapIfEarlier(index, parent)) return
      index = parent
    }
  }

  #pop(): Timer | undefined {
    const first = this.#timers[0]
    const last = this.#timers.pop()
    if (first === last || !last) return first
    this.#timers[0] = last
    for (let index = 0; ; ) {
      const left = 2 * index + 1
      const child = isEarlier(this.#timers[left + 1], this.#timers[left]) ? left + 1 : left
      if (!this.#swapIfEarlier(child, index)) return first
      index = child
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [lower, upper] = [this.#timers[child], this.#timers[parent]]
    if (!lower || !upper || !isEarlier(lower, upper)) return false
    this.#timers[child] = upper
    this.#timers[parent] = lower
    return true
  }
}

interface Timer {
  readonly dueAt: number
  readonly order: number
  readonly callback: () => void
  cancelled: boolean
}

function isEarlier(one: Timer | undefined, other: Timer | undefined): boolean {
  if (!one || !other) return false
  return one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.order < other.order)
}

/** Resolves after all promises that can settle now have settled. */
function currentWork(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
