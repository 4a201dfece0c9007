import { setTimeout as sleep } from 'node:timers/promises'

/** Asks every 10 ms until `look` returns something; rejects after `timeoutMs`, naming what was waited for. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await sleep(10)
  }
}
