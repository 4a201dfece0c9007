import type { Lateness } from './port.ts'

const BUCKETS_PER_MS = 10
const BUCKETS = 50 * BUCKETS_PER_MS

/** Where a wheel notes how late it is. */
export interface LatenessRecorder {
  record(ms: number): void
  recordSkipped(turns: number): void
}

/** A histogram of delays: tenths of a millisecond up to 50 ms, beyond which only the greatest is told apart. */
export class LatenessHistogram implements LatenessRecorder {
  readonly #buckets = new Uint32Array(BUCKETS + 1)
  #count = 0
  #maxMs = 0
  #skippedTurns = 0

  record(ms: number): void {
    const bucket = ms < 0 ? 0 : Math.min(BUCKETS, Math.floor(ms * BUCKETS_PER_MS))
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count++
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  recordSkipped(turns: number): void {
    this.#skippedTurns += turns
  }

  /** What was recorded since the last `take`; percentiles are rounded up to their bucket's end. */
  take(): Lateness {
    const lateness = {
      count: this.#count,
      p50Ms: this.#percentile(0.5),
      p99Ms: this.#percentile(0.99),
      p999Ms: this.#percentile(0.999),
      maxMs: this.#maxMs,
      skippedTurns: this.#skippedTurns,
    }
    this.#buckets.fill(0)
    this.#count = 0
    this.#maxMs = 0
    this.#skippedTurns = 0
    return lateness
  }

  #percentile(share: number): number {
    if (this.#count === 0) return 0
    let left = Math.ceil(this.#count * share)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#buckets[bucket] ?? 0
      if (left <= 0) return Math.min(this.#maxMs, (bucket + 1) / BUCKETS_PER_MS)
    }
    return this.#maxMs
  }
}
