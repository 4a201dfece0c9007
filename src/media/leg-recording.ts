import { g711 } from '../audio/g711.ts'
import type { RtpHeader } from '../rtp/packet.ts'
import type { Codec, RecordingEnd, RecordingOptions } from './port.ts'
import { Recorder, type RecorderEnd } from './recorder.ts'

/** Where the samples of one recording go. `storage/` implements it with a file, tests with memory. */
export interface RecordingSink {
  /** Copies the samples before it returns, and never waits. After a failure they are dropped. */
  append(samples: Int16Array): void
  /** Resolves once all samples are kept; rejects with the error that prevented it. Called once. */
  close(): Promise<void>
}

/** Opens the sink of a recording. `onFailure` is called at most once, as soon as it is known that samples are lost. */
export type OpenSink = (recordingId: string, onFailure: () => void) => RecordingSink

export interface LegRecordingContext {
  readonly openSink: OpenSink
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Called once, when the recording is complete and kept, or has failed. */
  readonly onEnd: (end: RecordingEnd) => void
}

const LONGEST_PACKET = 8_000 // samples: a second
const decoded = new Int16Array(LONGEST_PACKET) // used within one call: one for all legs of the thread

/** One recording of one leg: from what the leg receives to its sink, until something ends it. */
export class LegRecording {
  readonly id: string
  readonly #finishOnKey: string | undefined
  readonly #context: LegRecordingContext
  readonly #recorder: Recorder
  readonly #sink: RecordingSink
  readonly #settled = Promise.withResolvers<void>()
  #recording = true

  constructor(id: string, options: RecordingOptions, context: LegRecordingContext) {
    this.id = id
    this.#finishOnKey = options.finishOnKey
    this.#context = context
    const sink = context.openSink(id, () => this.stop())
    this.#sink = sink
    this.#recorder = new Recorder({
      startMs: context.now(),
      append: (samples) => sink.append(samples),
      ...(options.maxMs !== undefined && { maxMs: options.maxMs }),
      ...(options.silenceMs !== undefined && { silenceMs: options.silenceMs }),
    })
  }

  /** False once something has ended it; its sink may still be closing. */
  get recording(): boolean {
    return this.#recording
  }

  /** Resolves after `onEnd` was called. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Takes an audio packet of the leg's codec. */
  receive({ ssrc, timestamp, payloadStart, payloadEnd }: RtpHeader, datagram: Buffer, codec: Codec): void {
    const length = payloadEnd - payloadStart
    if (length > LONGEST_PACKET) return
    g711[codec].decode(datagram.subarray(payloadStart, payloadEnd), decoded)
    const samples = decoded.subarray(0, length)
    this.#endIfFull(this.#recorder.receive(ssrc, timestamp, samples, this.#context.now()))
  }

  /** Lets 20 ms pass. */
  turn(): void {
    this.#endIfFull(this.#recorder.turn(this.#context.now()))
  }

  /** Whether this key ends the recording. */
  finishesOn(key: string): boolean {
    return this.#recording && (this.#finishOnKey === 'any' || this.#finishOnKey === key)
  }

  /** Ends it at the beginning of a telephone event, so that nothing of the key is in it. */
  finishAtEvent(key: string, ssrc: number, timestamp: number): void {
    if (!this.#recording) return
    this.#recorder.finishAt(ssrc, timestamp, this.#context.now())
    this.#end({ how: 'key', key })
  }

  /** Ends it at a key that is known by signalling, pressed some time ago. */
  finishAtKey(key: string, heldMs: number): void {
    if (!this.#recording) return
    this.#recorder.finish(this.#context.now(), heldMs)
    this.#end({ how: 'key', key })
  }

  stop(): void {
    if (!this.#recording) return
    this.#recorder.finish(this.#context.now())
    this.#end({ how: 'stopped' })
  }

  #endIfFull(end: RecorderEnd | undefined): void {
    if (end && this.#recording) this.#end({ how: end })
  }

  #end(why: Pick<RecordingEnd, 'how' | 'key'>): void {
    this.#recording = false
    const { durationMs } = this.#recorder
    this.#sink
      .close()
      .then(
        () => this.#context.onEnd({ ...why, durationMs }),
        (error: Error) => this.#context.onEnd({ how: 'failed', durationMs, detail: error.message }),
      )
      .finally(() => this.#settled.resolve())
  }
}
