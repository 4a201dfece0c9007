import { Worker } from 'node:worker_threads'
import type { RtpStatistics } from '../rtp/statistics.ts'
import type { Clock } from '../runtime/clock.ts'
import type { MediaEvent, MediaThreadStatistics } from './port.ts'
import type { MediaCommand, MediaReport, MediaReports, MediaWorkerData } from './worker-messages.ts'

/** What one leg's owner on the main thread hears of it. */
export interface LegListener {
  opened(port: number): void
  refused(reason: string): void
  event(event: MediaEvent): void
  closed(statistics: RtpStatistics): void
  /** The thread has died; nothing else follows. */
  lost(): void
}

export interface WorkerPortOptions {
  readonly workerUrl: URL
  readonly data: MediaWorkerData
  /** Called once when the thread has ended of itself, with the error that ended it, if there was one. */
  readonly onDeath: (error: Error | undefined) => void
}

/**
 * Size of the space for new objects, in MB. Small enough to stay in the processor's cache, so that each collection takes well
 * under a millisecond: what a media thread allocates is dead by the next packet.
 */
const YOUNG_GENERATION_MB = 8

/** The main thread's end of one media thread. */
export class WorkerPort {
  readonly #worker: Worker
  readonly #legs = new Map<number, LegListener>()
  readonly #statistics = new Map<number, (statistics: MediaThreadStatistics | undefined) => void>()
  readonly #ready = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<void>()
  #requests = 0
  #stopping = false
  #error: Error | undefined
  #alive = true

  constructor({ workerUrl, data, onDeath }: WorkerPortOptions) {
    this.#worker = new Worker(workerUrl, {
      workerData: data,
      name: `linnet-media-${data.thread}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    })
    this.#worker.on('message', (reports: MediaReports) => {
      for (const report of reports) this.#hear(report)
    })
    this.#worker.on('error', (error: Error) => {
      this.#error = error
    })
    this.#worker.on('exit', () => {
      this.#end()
      if (!this.#stopping) onDeath(this.#error)
    })
    this.#ready.promise.catch(() => {}) // whoever needs to know awaits `ready`
  }

  /** Resolves once the thread takes commands; rejects if it dies before. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get alive(): boolean {
    return this.#alive
  }

  get legs(): number {
    return this.#legs.size
  }

  /** Asks the thread for a leg; `listener` hears the rest. */
  open(leg: number, listener: LegListener): void {
    this.#legs.set(leg, listener)
    this.post({ type: 'open', leg })
  }

  /** Commands to a dead thread vanish: its legs' listeners have heard `lost`. */
  post(command: MediaCommand): void {
    if (this.#alive) this.#worker.postMessage(command)
  }

  /** undefined if the thread dies meanwhile. */
  statistics(): Promise<MediaThreadStatistics | undefined> {
    if (!this.#alive) return Promise.resolve(undefined)
    const request = this.#requests++
    const { promise, resolve } = Promise.withResolvers<MediaThreadStatistics | undefined>()
    this.#statistics.set(request, resolve)
    this.post({ type: 'statistics', request })
    return promise
  }

  /** Lets the thread close its legs and end; after `patienceMs` it is ended. */
  async stop(clock: Clock, patienceMs: number): Promise<void> {
    this.#stopping = true
    this.post({ type: 'shutDown' })
    using _patience = clock.after(patienceMs, () => void this.#worker.terminate())
    await this.#exited.promise
  }

  #hear(report: MediaReport): void {
    switch (report.type) {
      case 'ready':
        this.#ready.resolve()
        return
      case 'opened':
        this.#legs.get(report.leg)?.opened(report.port)
        return
      case 'refused': {
        const listener = this.#legs.get(report.leg)
        this.#legs.delete(report.leg)
        listener?.refused(report.reason)
        return
      }
      case 'event':
        this.#legs.get(report.leg)?.event(report.event)
        return
      case 'closed': {
        const listener = this.#legs.get(report.leg)
        this.#legs.delete(report.leg)
        listener?.closed(report.statistics)
        return
      }
      case 'statistics':
        this.#statistics.get(report.request)?.(report.statistics)
        this.#statistics.delete(report.request)
        return
    }
  }

  #end(): void {
    this.#alive = false
    this.#ready.reject(this.#error ?? new Error('the media thread ended before it was ready'))
    const listeners = [...this.#legs.values()]
    this.#legs.clear()
    for (const listener of listeners) listener.lost()
    for (const resolve of this.#statistics.values()) resolve(undefined)
    this.#statistics.clear()
    this.#exited.resolve()
  }
}
