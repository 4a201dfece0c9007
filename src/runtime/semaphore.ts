import { addAbortListener } from 'node:events'

/** Lets at most `limit` holders in at a time; the others wait in order of arrival. */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#free = limit
  }

  /** Resolves with a place that is given back when it is disposed. Rejects with `signal.reason` while it waits. */
  async acquire(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free -= 1
    else await this.#wait(signal)
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (held) this.#release()
        held = false
      },
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    using _abort = addAbortListener(signal, () => {
      const at = this.#waiting.indexOf(resolve)
      if (at === -1) return // the place was already handed over: its holder notices the abort
      this.#waiting.splice(at, 1)
      reject(signal.reason)
    })
    await promise
  }

  #release(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free += 1
  }
}
