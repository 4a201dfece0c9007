import { addAbortListener } from 'node:events'
import type { Clock } from '../runtime/clock.ts'
import { MAX_KEYS } from './limits.ts'

/** The keys of one leg that no step has taken yet, in the order they were pressed. Full at 100: later keys are dropped. */
export class KeyBuffer {
  readonly #keys: string[] = []
  readonly #listeners = new Set<() => void>()

  get size(): number {
    return this.#keys.length
  }

  /** Adds a key (0–9, *, #, A–D) and tells those who wait. False if it was dropped. */
  push(key: string): boolean {
    if (this.#keys.length >= MAX_KEYS) return false
    this.#keys.push(key)
    for (const listener of [...this.#listeners]) listener()
    return true
  }

  /** Removes the oldest key. */
  take(): string | undefined {
    return this.#keys.shift()
  }

  /** Calls `listener` after each key that was added, until it is disposed. Keys that already wait don't count. */
  onKey(listener: () => void): Disposable {
    const own = () => listener() // the same function may listen twice
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }

  /** Takes the oldest key, waiting up to `timeoutMs` for one: undefined if none came. Rejects with `signal.reason`. */
  async takeWithin(timeoutMs: number, clock: Clock, signal: AbortSignal): Promise<string | undefined> {
    signal.throwIfAborted()
    if (this.size > 0 || timeoutMs <= 0) return this.take()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    using _key = this.onKey(resolve)
    using _timer = clock.after(timeoutMs, resolve)
    using _abort = addAbortListener(signal, () => reject(signal.reason))
    await promise
    return this.take()
  }
}
