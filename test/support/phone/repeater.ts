const T1_MS = 500
const T2_MS = 4_000

/** The timers of one call: repeats what was not answered, at 0.5, 1, 2, 4, 4 … s, for 32 s (RFC 3261 §17, T1 and T2). */
export class Repeater implements Disposable {
  readonly #enabled: boolean
  readonly #timers = new Map<string, NodeJS.Timeout>()
  #count = 0

  constructor(enabled: boolean) {
    this.#enabled = enabled
  }

  /** Calls `send` again and again until `stop` is called with the same name. */
  repeat(name: string, send: () => void): void {
    this.stop(name)
    if (this.#enabled) this.#schedule(name, send, T1_MS, 0)
  }

  /** Stops what was started under a name; `detail` narrows it to `name detail`. */
  stop(name: string, detail?: string): void {
    const key = detail === undefined ? name : `${name} ${detail}`
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
  }

  /** Runs `callback` once. */
  after(ms: number, callback: () => void): void {
    this.#count += 1
    this.#timers.set(`once ${this.#count}`, setTimeout(callback, ms))
  }

  #schedule(name: string, send: () => void, ms: number, elapsedMs: number): void {
    const timer = setTimeout(() => {
      send()
      if (elapsedMs + ms < 64 * T1_MS) this.#schedule(name, send, Math.min(2 * ms, T2_MS), elapsedMs + ms)
    }, ms)
    this.#timers.set(name, timer)
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
