import {
  type KeyTimes,
  type MediaEngine,
  type MediaEvent,
  type MediaLeg,
  MediaUnavailableError,
  type RecordingEnd,
  type RecordingOptions,
  type RtpRemote,
} from '../../src/media/port.ts'
import type { RtpStatistics } from '../../src/rtp/statistics.ts'
import type { Clock } from '../../src/runtime/clock.ts'

const BYTES_PER_MS = 8
const COUNTED: RtpStatistics = {
  packetsSent: 10,
  packetsReceived: 9,
  packetsLost: 1,
  jitterMs: 0.5,
  packetsRejected: 0,
}

/** One leg's audio without sound: prompts take as long as their samples, keys come from the test. */
export class FakeMediaLeg implements MediaLeg {
  readonly port: number
  readonly remotes: RtpRemote[] = []
  readonly sentKeys: ({ readonly keys: string } & KeyTimes)[] = []
  recording:
    | { readonly recordingId: string; readonly options: RecordingOptions; readonly since: number }
    | undefined
  closed = false
  readonly #clock: Clock
  readonly #onEvent: (event: MediaEvent) => void
  #sending: { readonly sendId: number; readonly end: Disposable } | undefined
  #playing:
    | {
        readonly playId: number
        readonly stopOnKey: boolean
        readonly end: Disposable
        readonly since: number
      }
    | undefined

  constructor(port: number, clock: Clock, onEvent: (event: MediaEvent) => void) {
    this.port = port
    this.#clock = clock
    this.#onEvent = onEvent
  }

  get playing(): boolean {
    return this.#playing !== undefined
  }

  connect(remote: RtpRemote): void {
    this.remotes.push(remote)
  }

  play(playId: number, audio: SharedArrayBuffer, { stopOnKey }: { readonly stopOnKey: boolean }): void {
    this.#end('stopped')
    const end = this.#clock.after(audio.byteLength / BYTES_PER_MS, () => this.#end('finished'))
    this.#playing = { playId, stopOnKey, end, since: this.#clock.now() }
  }

  stop(playId: number): void {
    if (this.#playing?.playId === playId) this.#end('stopped')
  }

  /** Keys take their time and the pause after each. */
  sendKeys(sendId: number, keys: string, times: KeyTimes): void {
    this.#endKeys('stopped')
    this.sentKeys.push({ keys, ...times })
    const lastsMs = keys.length * (times.durationMs + times.intervalMs)
    this.#sending = { sendId, end: this.#clock.after(lastsMs, () => this.#endKeys('finished')) }
  }

  stopKeys(sendId: number): void {
    if (this.#sending?.sendId === sendId) this.#endKeys('stopped')
  }

  record(recordingId: string, options: RecordingOptions): void {
    this.endRecording({ how: 'stopped' })
    this.recording = { recordingId, options, since: this.#clock.now() }
  }

  stopRecording(recordingId: string): void {
    if (this.recording?.recordingId === recordingId) this.endRecording({ how: 'stopped' })
  }

  /** Ends what is being recorded; it has lasted as long as the clock says. */
  endRecording(end: Omit<RecordingEnd, 'durationMs'>): void {
    const { recording } = this
    if (!recording) return
    this.recording = undefined
    const { recordingId, since } = recording
    this.#onEvent({ type: 'recordingEnded', recordingId, ...end, durationMs: this.#clock.now() - since })
  }

  async close(): Promise<RtpStatistics> {
    this.endRecording({ how: 'stopped' })
    this.#endKeys('stopped')
    this.#playing?.end[Symbol.dispose]()
    this.#playing = undefined
    this.closed = true
    return COUNTED
  }

  press(key: string): void {
    this.#onEvent({ type: 'key', key })
    if (this.#playing?.stopOnKey) this.#end('key')
  }

  report(event: Extract<MediaEvent, { type: 'noMedia' | 'lost' }>): void {
    this.#onEvent(event)
  }

  #endKeys(how: 'finished' | 'stopped'): void {
    const sending = this.#sending
    if (!sending) return
    this.#sending = undefined
    sending.end[Symbol.dispose]()
    this.#onEvent({ type: 'keysSent', sendId: sending.sendId, how })
  }

  #end(how: 'finished' | 'stopped' | 'key'): void {
    const playing = this.#playing
    if (!playing) return
    this.#playing = undefined
    playing.end[Symbol.dispose]()
    this.#onEvent({
      type: 'playEnded',
      playId: playing.playId,
      how,
      playedMs: this.#clock.now() - playing.since,
    })
  }
}

/** A media engine without threads. */
export class FakeMedia implements MediaEngine {
  readonly legs: FakeMediaLeg[] = []
  /** True: no port is free. */
  full = false
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async open({ onEvent }: { readonly onEvent: (event: MediaEvent) => void }): Promise<FakeMediaLeg> {
    if (this.full) throw new MediaUnavailableError('no RTP port is free')
    const leg = new FakeMediaLeg(20_000 + 2 * this.legs.length, this.#clock, onEvent)
    this.legs.push(leg)
    return leg
  }

  async statistics(): Promise<[]> {
    return []
  }

  get openLegs(): number {
    return this.legs.filter(({ closed }) => !closed).length
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
