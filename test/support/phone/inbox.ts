import { kindOf, matchesKind, type SipText } from './sip-text.ts'
import { Waiting } from './waiting.ts'
import type { Peer } from './wire.ts'

export interface ReceivedMessage {
  readonly atMs: number
  readonly kind: string
  readonly message: SipText
  readonly from: Peer
}

/** The messages of one call, and scripts that wait for them. */
export class Inbox implements Disposable {
  readonly received: ReceivedMessage[] = []
  readonly #waiting = new Waiting()

  add(message: SipText, from: Peer): void {
    this.received.push({ atMs: performance.now(), kind: kindOf(message), message, from })
  }

  /** Lets waiting scripts look again. */
  poke(): void {
    this.#waiting.poke()
  }

  all(kind: string): ReceivedMessage[] {
    return this.received.filter((entry) => matchesKind(entry.kind, kind))
  }

  waitFor(kind: string, count: number, timeoutMs: number): Promise<ReceivedMessage> {
    return this.waitUntil(() => this.all(kind)[count - 1], `${kind} (number ${count})`, timeoutMs)
  }

  waitUntil<T>(look: () => T | undefined, what: string, timeoutMs: number): Promise<T> {
    return this.#waiting.for(look, timeoutMs, () => {
      const kinds = this.received.map((entry) => entry.kind).join(', ')
      return `${what}: not within ${timeoutMs} ms; received: ${kinds || 'nothing'}`
    })
  }

  [Symbol.dispose](): void {
    this.#waiting[Symbol.dispose]()
  }
}
