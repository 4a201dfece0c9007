import type { Clock } from '../../runtime/clock.ts'
import { isRetransmissionTimer, type SipTimers, type TimerName, timerDuration } from './timers.ts'

/** What all transactions of one layer share. */
export interface TransactionContext {
  readonly clock: Clock
  readonly timers: SipTimers
}

/** The running timers of one transaction. Disposing it stops them all. */
export class TimerSet<Name extends TimerName> implements Disposable {
  readonly #context: TransactionContext
  readonly #reliable: boolean
  readonly #onTimer: (name: Name) => void
  readonly #running = new Map<Name, Disposable>()
  #fires = 0

  constructor(context: TransactionContext, reliable: boolean, onTimer: (name: Name) => void) {
    this.#context = context
    this.#reliable = reliable
    this.#onTimer = onTimer
  }

  start(name: Name): void {
    const repeats = isRetransmissionTimer(name)
    if (repeats && this.#reliable) return
    this.startAfter(
      name,
      timerDuration(name, this.#context.timers, { reliable: this.#reliable, fires: this.#fires }),
    )
    if (repeats) this.#fires += 1
  }

  /** Starts `name` with another duration than the table's, as timer E in the Proceeding state needs. */
  startAfter(name: Name, ms: number): void {
    if (isRetransmissionTimer(name) && this.#reliable) return
    this.stop(name)
    this.#running.set(
      name,
      this.#context.clock.after(ms, () => {
        this.#running.delete(name)
        this.#onTimer(name)
      }),
    )
  }

  stop(name: Name): void {
    const timer = this.#running.get(name)
    if (!timer) return
    this.#running.delete(name)
    timer[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    for (const timer of this.#running.values()) timer[Symbol.dispose]()
    this.#running.clear()
  }
}
