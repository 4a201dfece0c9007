import type { RtpOrigin } from '../rtp/sender.ts'
import type { RtpPorts } from '../rtp/transport.ts'
import type { Ids } from '../runtime/ids.ts'
import { LatenessHistogram } from './lateness.ts'
import { LegAudio } from './leg.ts'
import type { OpenSink } from './leg-recording.ts'
import { TimerWheel, type WheelTime } from './timer-wheel.ts'
import type { MediaCommand, MediaReport, MediaReports, MediaWorkerData } from './worker-messages.ts'

/** The outside world of a media thread. */
export interface MediaThreadContext {
  readonly data: MediaWorkerData
  readonly ports: RtpPorts
  readonly time: WheelTime
  readonly ids: Ids
  /** Opens the file of a recording. */
  readonly openSink: OpenSink
  /** Milliseconds since the Unix epoch. */
  readonly wallClock: () => number
  /** In [0, 1). */
  readonly random: () => number
  /** The thread's CPU time in milliseconds, and the share of time its event loop was busy, since the last call. */
  readonly load: () => { readonly cpuMs: number; readonly utilization: number }
  readonly post: (reports: MediaReports) => void
  /** Runs a callback once what the event loop has in hand is done: the moment to post. */
  readonly defer: (callback: () => void) => void
}

/** A thread with fewer legs than this is late for reasons that refusing legs would not cure. */
const LEGS_TO_OVERLOAD = 100
const ADMISSION_WINDOW_MS = 5_000

/** All legs of one media thread behind its messages. */
export class MediaThread implements Disposable {
  readonly #context: MediaThreadContext
  readonly #lateness = new LatenessHistogram()
  readonly #admissionLateness = new LatenessHistogram()
  readonly #wheel: TimerWheel
  readonly #legs = new Map<number, LegAudio>()
  /** Legs that wait for their recordings' files. */
  readonly #closing = new Set<Promise<void>>()
  #outbox: MediaReport[] = []
  #overloaded = false
  #admissionSince: number
  #statisticsSince: number
  readonly #flush = () => {
    const reports = this.#outbox
    this.#outbox = []
    this.#context.post(reports)
  }

  constructor(context: MediaThreadContext) {
    this.#context = context
    this.#wheel = new TimerWheel(context.time, {
      record: (ms) => {
        this.#lateness.record(ms)
        this.#admissionLateness.record(ms)
      },
      recordSkipped: (turns) => this.#lateness.recordSkipped(turns),
    })
    this.#admissionSince = context.time.now()
    this.#statisticsSince = this.#admissionSince
  }

  handle(command: MediaCommand): void {
    switch (command.type) {
      case 'open':
        this.#open(command.leg)
        return
      case 'connect': {
        const leg = this.#legs.get(command.leg)
        if (!leg) return
        leg.connect(command.remote)
        this.#wheel.add(leg)
        return
      }
      case 'play':
        this.#legs.get(command.leg)?.play(command.playId, command.audio, command.stopOnKey)
        return
      case 'stop':
        this.#legs.get(command.leg)?.stop(command.playId)
        return
      case 'press':
        this.#legs.get(command.leg)?.press(command.key, command.heldMs)
        return
      case 'sendKeys':
        this.#legs.get(command.leg)?.sendKeys(command.sendId, command.keys, command.times)
        return
      case 'stopKeys':
        this.#legs.get(command.leg)?.stopKeys(command.sendId)
        return
      case 'record':
        this.#legs.get(command.leg)?.record(command.recordingId, command.options)
        return
      case 'stopRecording':
        this.#legs.get(command.leg)?.stopRecording(command.recordingId)
        return
      case 'close':
        this.#close(command.leg)
        return
      case 'statistics':
        this.#reportStatistics(command.request)
        return
      case 'shutDown':
        this[Symbol.dispose]()
        return
    }
  }

  /** Closes every leg and the ports. What was still to be said is posted. */
  [Symbol.dispose](): void {
    for (const leg of [...this.#legs.keys()]) this.#close(leg)
    this.#wheel[Symbol.dispose]()
    this.#context.ports[Symbol.dispose]()
    this.#flush()
  }

  /** After disposal: resolves when the recordings of its legs are on disk, and all is posted. */
  async settled(): Promise<void> {
    await Promise.all(this.#closing)
    this.#flush()
  }

  #open(id: number): void {
    if (this.#isOverloaded()) {
      this.#post({ type: 'refused', leg: id, reason: 'the media thread is late' })
      return
    }
    const leg = this.#newLeg(id)
    this.#legs.set(id, leg)
    this.#context.ports.open(leg).then(
      (socket) => {
        if (this.#legs.get(id) !== leg) {
          socket[Symbol.dispose]() // closed while its ports were being opened
          return
        }
        leg.attach(socket)
        this.#post({ type: 'opened', leg: id, port: socket.port })
      },
      (error: Error) => {
        this.#legs.delete(id)
        this.#post({ type: 'refused', leg: id, reason: error.message })
      },
    )
  }

  #newLeg(id: number): LegAudio {
    const { ids, time, wallClock, random, openSink, data } = this.#context
    return new LegAudio({
      origin: randomOrigin(ids),
      cname: ids.token(8),
      report: (event) => this.#post({ type: 'event', leg: id, event }),
      now: time.now,
      wallClock,
      random,
      openSink,
      learnWindowMs: data.learnWindowMs,
      noMediaMs: data.noMediaMs,
    })
  }

  #close(id: number): void {
    const leg = this.#legs.get(id)
    if (!leg) return
    this.#legs.delete(id)
    this.#wheel.remove(leg)
    const statistics = leg.close()
    const { recordingsSettled } = leg
    if (!recordingsSettled) {
      this.#post({ type: 'closed', leg: id, statistics })
      return
    }
    const closing = recordingsSettled.then(() => {
      this.#closing.delete(closing)
      this.#post({ type: 'closed', leg: id, statistics })
    })
    this.#closing.add(closing)
  }

  /** Judged on what the wheel did since the window began, at least some seconds; one verdict holds for a window. */
  #isOverloaded(): boolean {
    const now = this.#context.time.now()
    if (now - this.#admissionSince >= ADMISSION_WINDOW_MS) {
      this.#admissionSince = now
      this.#overloaded = this.#admissionLateness.take().p99Ms > this.#context.data.maxLatenessMs
    }
    return this.#overloaded && this.#wheel.size >= LEGS_TO_OVERLOAD
  }

  #reportStatistics(request: number): void {
    const now = this.#context.time.now()
    const elapsedMs = now - this.#statisticsSince
    this.#statisticsSince = now
    this.#post({
      type: 'statistics',
      request,
      statistics: {
        thread: this.#context.data.thread,
        legs: this.#legs.size,
        freePorts: this.#context.ports.free,
        lateness: this.#lateness.take(),
        elapsedMs,
        ...this.#context.load(),
      },
    })
  }

  #post(report: MediaReport): void {
    this.#outbox.push(report)
    if (this.#outbox.length === 1) this.#context.defer(this.#flush)
  }
}

/** Unpredictable starting points (RFC 3550 §5.1), so that a stranger can't guess his way into a stream. */
function randomOrigin(ids: Ids): RtpOrigin {
  const random = Buffer.from(ids.token(10), 'hex')
  return {
    ssrc: random.readUInt32BE(0),
    sequenceNumber: random.readUInt16BE(4),
    timestamp: random.readUInt32BE(6),
  }
}
