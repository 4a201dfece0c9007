/** Resolves with the first defined result of `look`, which is asked again at each `poke`. */
export class Waiting implements Disposable {
  readonly #waiters = new Set<{ look: () => boolean; fail: (why: string) => void }>()

  poke(): void {
    for (const waiter of [...this.#waiters]) if (waiter.look()) this.#waiters.delete(waiter)
  }

  /** Rejects with `explain()` after `timeoutMs`. */
  for<T>(look: () => T | undefined, timeoutMs: number, explain: () => string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    // A waiter that nobody awaits any more must not end the process when the phone closes.
    promise.catch(() => {})
    const timer = setTimeout(() => waiter.fail(explain()), timeoutMs)
    const waiter = {
      look: () => {
        const found = look()
        if (found === undefined) return false
        clearTimeout(timer)
        resolve(found)
        return true
      },
      fail: (why: string) => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        reject(new Error(why))
      },
    }
    if (!waiter.look()) this.#waiters.add(waiter)
    return promise
  }

  [Symbol.dispose](): void {
    for (const { fail } of [...this.#waiters]) fail('the phone was closed while a script waited')
  }
}
