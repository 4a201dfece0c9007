import { unlessAborted } from '../runtime/abort.ts'

interface Work<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  waiters: number
}

/** Work that several want at once and that is done once. It is aborted when nobody waits for it any more. */
export class SharedWork<T> {
  readonly #running = new Map<string, Work<T>>()
  /** With the work that nobody waits for, until it has ended. */
  readonly #all = new Set<Work<T>>()

  /** Joins the work under `key`, or starts it. Rejects with `signal.reason` for this caller alone. */
  async join(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    const work = this.#running.get(key) ?? this.#start(key, start)
    work.waiters += 1
    try {
      return await unlessAborted(work.result, signal)
    } finally {
      work.waiters -= 1
      if (work.waiters === 0 && this.#running.get(key) === work) {
        this.#running.delete(key)
        work.controller.abort(signal.reason)
      }
    }
  }

  /** Aborts everything and waits until it has ended. */
  async close(reason: unknown): Promise<void> {
    for (const { controller } of this.#all) controller.abort(reason)
    await Promise.allSettled([...this.#all].map(({ result }) => result))
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Work<T> {
    const controller = new AbortController()
    const result = start(controller.signal)
    const work: Work<T> = { result, controller, waiters: 0 }
    this.#running.set(key, work)
    this.#all.add(work)
    const done = () => {
      this.#all.delete(work)
      if (this.#running.get(key) === work) this.#running.delete(key)
    }
    result.then(done, done)
    return work
  }
}
