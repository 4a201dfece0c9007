/**
 * The even ports of a range, first freed first used. A port rests after its leg has closed, so that what a former far end
 * still sends does not reach the next one.
 */
export class RtpPortPool {
  readonly #ports: number[] = []
  readonly #resting: { readonly port: number; readonly until: number }[] = []
  readonly #restMs: number
  readonly #now: () => number

  /** `random` (in [0, 1)) shuffles the ports, so that the next one can't be foretold. `now` is monotonic. */
  constructor(
    range: { readonly first: number; readonly last: number },
    restMs: number,
    now: () => number,
    random: () => number,
  ) {
    this.#restMs = restMs
    this.#now = now
    for (let port = range.first + (range.first % 2); port + 1 <= range.last; port += 2) this.#ports.push(port)
    for (let i = this.#ports.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1))
      const [a, b] = [this.#ports[i], this.#ports[j]]
      if (a === undefined || b === undefined) continue
      this.#ports[i] = b
      this.#ports[j] = a
    }
  }

  /** Ports that can be had now. */
  get free(): number {
    this.#wake()
    return this.#ports.length
  }

  /** The next port, undefined if all are in use or rest. */
  take(): number | undefined {
    this.#wake()
    return this.#ports.shift()
  }

  /** Gives a port back: it rests, then comes last. */
  release(port: number): void {
    this.#resting.push({ port, until: this.#now() + this.#restMs })
  }

  #wake(): void {
    const now = this.#now()
    let rested = 0
    for (const { port, until } of this.#resting) {
      if (until > now) break
      this.#ports.push(port)
      rested++
    }
    this.#resting.splice(0, rested)
  }
}
