import type { RtpStatistics } from '../rtp/statistics.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import {
  type KeyTimes,
  type MediaEngine,
  type MediaEvent,
  type MediaLeg,
  type MediaThreadStatistics,
  MediaUnavailableError,
  type RecordingOptions,
  type RtpRemote,
} from './port.ts'
import type { MediaWorkerData, PortRange } from './worker-messages.ts'
import { type LegListener, WorkerPort } from './worker-port.ts'

export interface MediaEngineOptions {
  /** The file of a media thread's composition root: `media-worker.ts`. */
  readonly workerUrl: URL
  /** How many media threads; each gets its share of the ports. */
  readonly workers: number
  /** 0–0 lets the system choose. */
  readonly rtpPorts: PortRange
  /** The IP address that RTP is bound to. */
  readonly address: string
  readonly logger: Logger
  readonly clock?: Clock
  /** How long a closed port rests before another leg may have it. Default: 5 s. */
  readonly portRestMs?: number
  /** How long a far end behind NAT may show itself after it was signalled. Default: 5 s. */
  readonly learnWindowMs?: number
  /** When `noMedia` is reported. Default: 30 s. */
  readonly noMediaMs?: number
  /** New legs are refused while the 99th percentile of lateness is above this. Default: 5 ms. */
  readonly maxLatenessMs?: number
  /** Where recordings are written. Default: nowhere; each one fails. */
  readonly recordingsFolder?: string
}

const STOP_PATIENCE_MS = 2_000
const FIRST_RESPAWN_MS = 100
const LAST_RESPAWN_MS = 10_000
const NOTHING_COUNTED: RtpStatistics = {
  packetsSent: 0,
  packetsReceived: 0,
  packetsLost: 0,
  jitterMs: 0,
  packetsRejected: 0,
}

/** Starts the media threads; rejects if one of them does not come up. */
export async function createMediaEngine(options: MediaEngineOptions): Promise<MediaEngine> {
  const engine = new WorkerMediaEngine(options)
  try {
    await engine.start()
    return engine
  } catch (error) {
    await engine[Symbol.asyncDispose]()
    throw error
  }
}

interface Group {
  readonly worker: WorkerPort
  legs: number
}

class WorkerMediaEngine implements MediaEngine {
  readonly #options: MediaEngineOptions
  readonly #clock: Clock
  readonly #workers: WorkerPort[] = []
  readonly #groups = new Map<string, Group>()
  readonly #respawns = new Map<number, Disposable>()
  #nextLeg = 0
  #stopping = false

  constructor(options: MediaEngineOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  async start(): Promise<void> {
    for (let thread = 0; thread < this.#options.workers; thread++) this.#spawn(thread, FIRST_RESPAWN_MS)
    await Promise.all(this.#workers.map((worker) => worker.ready))
  }

  async open({
    group,
    onEvent,
  }: {
    readonly group: string
    readonly onEvent: (event: MediaEvent) => void
  }): Promise<MediaLeg> {
    let reason = 'no media thread is alive'
    for (const worker of this.#candidates(group)) {
      const leg = await this.#openOn(worker, group, onEvent)
      if (typeof leg !== 'string') return leg
      reason = leg
    }
    throw new MediaUnavailableError(reason)
  }

  async statistics(): Promise<readonly MediaThreadStatistics[]> {
    const statistics = await Promise.all(this.#workers.map((worker) => worker.statistics()))
    return statistics.filter((thread) => thread !== undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    for (const respawn of this.#respawns.values()) respawn[Symbol.dispose]()
    this.#respawns.clear()
    await Promise.all(
      this.#workers
        .filter((worker) => worker.alive)
        .map((worker) => worker.stop(this.#clock, STOP_PATIENCE_MS)),
    )
  }

  /** The group's own thread, or all of them, the least loaded first. */
  #candidates(group: string): readonly WorkerPort[] {
    if (this.#stopping) return []
    const own = this.#groups.get(group)
    if (own?.worker.alive) return [own.worker]
    return this.#workers.filter((worker) => worker.alive).sort((a, b) => a.legs - b.legs)
  }

  /** A leg on that thread, or why there is none. The group is bound to the thread for as long as it has legs there. */
  #openOn(
    worker: WorkerPort,
    groupId: string,
    onEvent: (event: MediaEvent) => void,
  ): Promise<MediaLeg | string> {
    const { promise, resolve } = Promise.withResolvers<MediaLeg | string>()
    const id = this.#nextLeg++
    const group = this.#join(groupId, worker)
    const leave = () => this.#leave(groupId, group)
    const leg = new WorkerLeg(worker, id, onEvent, {
      opened: () => resolve(leg),
      refused: (reason) => {
        leave()
        resolve(reason)
      },
      ended: leave,
      lost: () => {
        leave()
        resolve('the media thread has died')
      },
    })
    worker.open(id, leg.listener)
    return promise
  }

  #join(id: string, worker: WorkerPort): Group {
    const known = this.#groups.get(id)
    const group = known?.worker === worker ? known : { worker, legs: 0 }
    group.legs++
    this.#groups.set(id, group)
    return group
  }

  #leave(id: string, group: Group): void {
    group.legs--
    if (group.legs === 0 && this.#groups.get(id) === group) this.#groups.delete(id)
  }

  #spawn(thread: number, respawnMs: number): void {
    const { logger, workerUrl } = this.#options
    const startedAt = this.#clock.now()
    const worker = new WorkerPort({
      workerUrl,
      data: this.#workerData(thread),
      onDeath: (error) => {
        logger.error({ err: error, thread }, 'media thread died')
        if (this.#stopping) return
        const stable = this.#clock.now() - startedAt > LAST_RESPAWN_MS
        const waitMs = stable ? FIRST_RESPAWN_MS : respawnMs
        const respawn = () => this.#spawn(thread, Math.min(LAST_RESPAWN_MS, waitMs * 2))
        this.#respawns.set(thread, this.#clock.after(waitMs, respawn))
      },
    })
    this.#workers[thread] = worker
  }

  #workerData(thread: number): MediaWorkerData {
    const { workers, address, rtpPorts, portRestMs, learnWindowMs, noMediaMs, maxLatenessMs } = this.#options
    const { recordingsFolder } = this.#options
    return {
      thread,
      address,
      rtpPorts: shareOf(rtpPorts, thread, workers),
      portRestMs: portRestMs ?? 5_000,
      learnWindowMs: learnWindowMs ?? 5_000,
      noMediaMs: noMediaMs ?? 30_000,
      maxLatenessMs: maxLatenessMs ?? 5,
      recordingsFolder,
    }
  }
}

interface LegPeers {
  opened(): void
  refused(reason: string): void
  ended(): void
  lost(): void
}

/** One leg as the main thread sees it: its commands become messages. */
class WorkerLeg implements MediaLeg {
  readonly #worker: WorkerPort
  readonly #id: number
  readonly #closed = Promise.withResolvers<RtpStatistics>()
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  #port = 0
  readonly listener: LegListener

  constructor(worker: WorkerPort, id: number, onEvent: (event: MediaEvent) => void, peers: LegPeers) {
    this.#worker = worker
    this.#id = id
    this.listener = {
      opened: (port) => {
        this.#port = port
        this.#state = 'open'
        peers.opened()
      },
      refused: (reason) => {
        this.#state = 'closed'
        peers.refused(reason)
      },
      event: onEvent,
      closed: (statistics) => {
        this.#state = 'closed'
        this.#closed.resolve(statistics)
        peers.ended()
      },
      lost: () => {
        const wasOpen = this.#state === 'open'
        this.#state = 'closed'
        this.#closed.resolve(NOTHING_COUNTED) // what the thread had counted died with it
        peers.lost()
        if (wasOpen) onEvent({ type: 'lost' })
      },
    }
  }

  get port(): number {
    return this.#port
  }

  connect(remote: RtpRemote): void {
    this.#worker.post({ type: 'connect', leg: this.#id, remote })
  }

  play(playId: number, audio: SharedArrayBuffer, { stopOnKey }: { readonly stopOnKey: boolean }): void {
    this.#worker.post({ type: 'play', leg: this.#id, playId, audio, stopOnKey })
  }

  stop(playId: number): void {
    this.#worker.post({ type: 'stop', leg: this.#id, playId })
  }

  press(key: string, heldMs: number): void {
    this.#worker.post({ type: 'press', leg: this.#id, key, heldMs })
  }

  sendKeys(sendId: number, keys: string, times: KeyTimes): void {
    this.#worker.post({ type: 'sendKeys', leg: this.#id, sendId, keys, times })
  }

  stopKeys(sendId: number): void {
    this.#worker.post({ type: 'stopKeys', leg: this.#id, sendId })
  }

  record(recordingId: string, options: RecordingOptions): void {
    this.#worker.post({ type: 'record', leg: this.#id, recordingId, options })
  }

  stopRecording(recordingId: string): void {
    this.#worker.post({ type: 'stopRecording', leg: this.#id, recordingId })
  }

  close(): Promise<RtpStatistics> {
    if (this.#state === 'open') {
      this.#state = 'closing'
      this.#worker.post({ type: 'close', leg: this.#id })
    }
    return this.#closed.promise
  }
}

/** The part of a range that one of several threads owns: whole pairs, no port twice. */
function shareOf({ first, last }: PortRange, thread: number, threads: number): PortRange {
  if (last === 0) return { first: 0, last: 0 }
  const start = first + (first % 2)
  const pairs = Math.floor((last + 1 - start) / 2)
  const from = Math.floor((pairs * thread) / threads)
  const to = Math.floor((pairs * (thread + 1)) / threads)
  return { first: start + 2 * from, last: start + 2 * to - 1 }
}
