import type { Clock } from '../runtime/clock.ts'

/** Keys that are remembered at once; beyond, the one that was quiet longest is forgotten. */
const MAX_BUCKETS = 10_000

interface Bucket {
  tokens: number
  filledAt: number
}

/** One token bucket per access key: `burst` requests at once, refilled at `perSecond`. */
export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>()
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number

  constructor(clock: Clock, rate: { readonly perSecond: number; readonly burst: number }) {
    this.#clock = clock
    this.#perSecond = rate.perSecond
    this.#burst = rate.burst
  }

  /** Takes one request's token: 0 if there was one, else the whole seconds after which there will be. */
  take(keyId: string): number {
    const now = this.#clock.now()
    const bucket = this.#buckets.get(keyId) ?? { tokens: this.#burst, filledAt: now }
    const elapsedMs = Math.max(0, now - bucket.filledAt)
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (elapsedMs * this.#perSecond) / 1000)
    bucket.filledAt = now
    this.#remember(keyId, bucket)
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / this.#perSecond))
    bucket.tokens -= 1
    return 0
  }

  get size(): number {
    return this.#buckets.size
  }

  #remember(keyId: string, bucket: Bucket): void {
    this.#buckets.delete(keyId) // the map's order is the order of use
    this.#buckets.set(keyId, bucket)
    if (this.#buckets.size <= MAX_BUCKETS) return
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}
