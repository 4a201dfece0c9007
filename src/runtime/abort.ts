import { addAbortListener } from 'node:events'

/** The outcome of `promise`, or a rejection with `signal.reason` as soon as `signal` aborts; the work itself goes on. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  using _abort = addAbortListener(signal, () => aborted.reject(signal.reason))
  return await Promise.race([promise, aborted.promise])
}
