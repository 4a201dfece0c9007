import { addAbortListener } from 'node:events'
import type { RecordOptions } from '../domain/call-flow.ts'
import type { Recording } from '../domain/recording.ts'
import type { RecordingFiles } from '../domain/recording-files.ts'
import type { Prompt } from '../domain/speech.ts'
import type { RecordEnd } from '../flow/leg.ts'
import type { MediaLeg, RecordingEnd, RecordingOptions } from '../media/port.ts'
import type { CallRecord } from './call-record.ts'

/** What recordings need beside the call itself. */
export interface RecordingDependencies {
  readonly newId: () => string
  readonly files: Pick<RecordingFiles, 'repair'>
  /** Heard before each recording; undefined: none. */
  readonly beep: Prompt | undefined
  /** A recording as the API shows it. */
  readonly present: (recording: Recording) => unknown
}

/** `lost`: the media thread died with it; what reached the disk is repaired. */
type End = Omit<RecordingEnd, 'how'> & { readonly how: RecordingEnd['how'] | 'lost' }

const LOST: End = { how: 'lost', durationMs: 0, detail: 'the media thread of this call died' }
const NOT_TRANSCRIBED = 'not transcribed: this server has no speech recognition'

interface RecordStep {
  readonly options: RecordOptions
  readonly afterLegEnd: (end: RecordEnd) => Promise<void>
}

/** The recordings of one leg: begins and ends them in the journal, and with that in the database and for the webhooks. */
export class LegRecordings {
  readonly #legId: string
  readonly #record: CallRecord
  readonly #dependencies: RecordingDependencies
  /** Recordings whose end the media thread has not told yet. */
  readonly #going = new Map<string, (end: End) => void>()
  /** Resolve when an end is in the journal, and told to whom it concerns. */
  readonly #ending = new Set<Promise<unknown>>()
  #closed = false

  constructor(legId: string, record: CallRecord, dependencies: RecordingDependencies) {
    this.#legId = legId
    this.#record = record
    this.#dependencies = dependencies
  }

  get beep(): Prompt | undefined {
    return this.#dependencies.beep
  }

  /**
   * Records until the step's own rules end it; the file is complete and the row is on disk when this resolves. Rejects with
   * `signal.reason` as soon as that aborts: what has been recorded until then is kept, and told to `afterLegEnd` if the leg is gone.
   */
  async run(audio: MediaLeg, { options, afterLegEnd }: RecordStep, signal: AbortSignal): Promise<RecordEnd> {
    signal.throwIfAborted()
    const recordingId = this.#dependencies.newId()
    const { transcribeLanguage } = options
    this.#record.report({
      type: 'recordingStarted',
      legId: this.#legId,
      recordingId,
      ...(transcribeLanguage !== undefined && { transcribeLanguage }),
    })
    void this.#record.settled() // no lingering: a file without a row would be nobody's
    const told = Promise.withResolvers<End>()
    this.#going.set(recordingId, told.resolve)
    const ended = told.promise.then(async (told) => {
      const end = await this.#note(recordingId, told, options)
      if (this.#closed && signal.aborted) await afterLegEnd(end)
      return end
    })
    this.#ending.add(ended)
    const forget = () => this.#ending.delete(ended)
    ended.then(forget, forget)

    const aborted = Promise.withResolvers<never>()
    using _abort = addAbortListener(signal, () => {
      audio.stopRecording(recordingId)
      aborted.reject(signal.reason)
    })
    audio.record(recordingId, rulesOf(options))
    return await Promise.race([ended, aborted.promise])
  }

  /** The media thread has ended a recording. */
  onEnded(recordingId: string, end: RecordingEnd): void {
    this.#end(recordingId, end)
  }

  /** The leg has ended: what is still going on ends with it. */
  legEnded(): void {
    this.#closed = true
  }

  /** The audio is closed: no further end will be told. Resolves when all ends are in the journal, and `afterLegEnd` has heard of them. */
  async close(): Promise<void> {
    for (const recordingId of [...this.#going.keys()]) this.#end(recordingId, LOST)
    await Promise.all(this.#ending)
  }

  #end(recordingId: string, end: End): void {
    const tell = this.#going.get(recordingId)
    this.#going.delete(recordingId)
    tell?.(end)
  }

  /** Resolves once the end is on disk. */
  async #note(recordingId: string, told: End, options: RecordOptions): Promise<RecordEnd> {
    const end = told.how === 'lost' ? await this.#rescue(recordingId, told) : told
    const failed = end.how === 'failed'
    const detail = end.detail ?? (options.transcribe && !failed ? NOT_TRANSCRIBED : undefined)
    this.#record.report({
      type: 'recordingEnded',
      legId: this.#legId,
      recordingId,
      status: failed ? 'failed' : 'done',
      how: end.how,
      durationSeconds: end.durationMs / 1000,
      ...(end.key !== undefined && { key: end.key }),
      ...(detail !== undefined && { detail }),
    })
    await this.#record.settled()
    return this.#result(recordingId, failed ? (detail ?? 'the recording failed') : undefined)
  }

  async #rescue(recordingId: string, lost: End): Promise<End> {
    try {
      const seconds = await this.#dependencies.files.repair(recordingId)
      return seconds === undefined ? { ...lost, how: 'failed' } : { ...lost, durationMs: seconds * 1000 }
    } catch (error) {
      return { ...lost, how: 'failed', detail: `${lost.detail}; ${(error as Error).message}` }
    }
  }

  #result(recordingId: string, failure: string | undefined): RecordEnd {
    const recording = this.#record.recordings.get(recordingId)
    if (!recording) throw new Error(`recording ${recordingId} is not in its call's record`)
    return {
      recording: JSON.stringify(this.#dependencies.present(recording)),
      ...(failure !== undefined && { failure }),
    }
  }
}

function rulesOf({ maxLength, timeout, finishOnKey = 'none' }: RecordOptions): RecordingOptions {
  return {
    ...(maxLength !== undefined && { maxMs: maxLength * 1000 }),
    ...(timeout !== undefined && { silenceMs: timeout * 1000 }),
    ...(finishOnKey !== 'none' && { finishOnKey }),
  }
}
