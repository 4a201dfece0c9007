import type { Clock } from '../runtime/clock.ts'
import type { SipTimers } from './transaction/timers.ts'

/** What a 2xx to an INVITE needs until it is acknowledged. */
export interface UnacknowledgedSuccess {
  /** The CSeq number of its INVITE, which the ACK repeats. */
  readonly cseq: number
  resend(): void
  /** No ACK came within 64*T1. */
  onTimeout(): void
}

/** Repeats a 2xx, over every transport, from T1 doubling up to T2 until it is disposed (RFC 3261 §13.3.1.4). */
export class SuccessRetransmission implements Disposable {
  readonly cseq: number
  readonly #clock: Clock
  readonly #timers: SipTimers
  readonly #success: UnacknowledgedSuccess
  readonly #giveUp: Disposable
  #next: Disposable

  constructor(clock: Clock, timers: SipTimers, success: UnacknowledgedSuccess) {
    this.cseq = success.cseq
    this.#clock = clock
    this.#timers = timers
    this.#success = success
    this.#next = this.#resendAfter(timers.t1)
    this.#giveUp = clock.after(64 * timers.t1, () => {
      this[Symbol.dispose]()
      success.onTimeout()
    })
  }

  [Symbol.dispose](): void {
    this.#next[Symbol.dispose]()
    this.#giveUp[Symbol.dispose]()
  }

  #resendAfter(ms: number): Disposable {
    return this.#clock.after(ms, () => {
      this.#next = this.#resendAfter(Math.min(ms * 2, this.#timers.t2))
      this.#success.resend()
    })
  }
}
