import { addAbortListener } from 'node:events'
import type { Direction, EndReason } from '../domain/call.ts'
import type { RecordOptions, SayOptions } from '../domain/call-flow.ts'
import type { MediaStatistics } from '../domain/journal.ts'
import type { Prompt, Prompts } from '../domain/speech.ts'
import { KeyBuffer } from '../flow/key-buffer.ts'
import type { FlowLeg, PromptEnd, RecordEnd } from '../flow/leg.ts'
import type { PromptHint } from '../flow/prompts-ahead.ts'
import type { MediaEngine, MediaEvent, MediaLeg } from '../media/port.ts'
import type { NegotiatedAudio } from '../sdp/negotiation.ts'
import type { LegRecordings } from './leg-recordings.ts'
import type { LiveLeg } from './live-call.ts'
import { PromptsAhead } from './prompts-ahead.ts'

export interface PhoneLegOptions {
  readonly id: string
  readonly callId: string
  readonly direction: Direction
  readonly media: MediaEngine
  readonly prompts: Prompts
  readonly recordings: LegRecordings
  /** Hears of what the far end's audio tells: keys, silence on the line, a lost media thread. */
  readonly onEvent: (event: Extract<MediaEvent, { type: 'key' | 'noMedia' | 'lost' }>) => void
  /** Gets rid of the far end: set by whoever speaks SIP with it. */
  readonly hangUp: (reason: EndReason) => void
}

/** A leg with a real phone at its end: audio by a media thread, prompts by the speech part. SIP is its owner's business. */
export class PhoneLeg implements LiveLeg, FlowLeg {
  readonly id: string
  readonly direction: Direction
  readonly keys = new KeyBuffer()
  readonly #options: PhoneLegOptions
  readonly #playing = new Map<number, (how: PromptEnd) => void>()
  /** What resolves when keys have been sent. */
  readonly #sending = new Map<number, () => void>()
  readonly #prompts: PromptsAhead
  #audio: MediaLeg | undefined
  #codec: NegotiatedAudio['codec'] = 'PCMU'
  #plays = 0
  #sends = 0
  #closed = false

  constructor(options: PhoneLegOptions) {
    this.id = options.id
    this.direction = options.direction
    this.#options = options
    this.#prompts = new PromptsAhead(options.prompts)
  }

  /** Opens the leg's RTP port. False when the leg was closed meanwhile. Rejects with MediaUnavailableError. */
  async openAudio(): Promise<boolean> {
    const { media, callId } = this.#options
    const audio = await media.open({ group: callId, onEvent: (event) => this.#onMediaEvent(event) })
    if (this.#closed) await audio.close()
    else this.#audio = audio
    return !this.#closed
  }

  get steps(): FlowLeg {
    return this
  }

  /** The local RTP port, once `openAudio` has resolved. */
  get rtpPort(): number {
    if (!this.#audio) throw new Error('the leg has no audio yet')
    return this.#audio.port
  }

  /** Starts the audio, or follows a new offer and answer. */
  connect({
    address,
    port,
    codec,
    payloadType,
    telephoneEventPayloadType,
    direction,
  }: NegotiatedAudio): void {
    this.#codec = codec
    this.#audio?.connect({
      address,
      port,
      codec,
      payloadType,
      ...(telephoneEventPayloadType !== undefined && { telephoneEventPayloadType }),
      sending: direction === 'sendrecv' || direction === 'sendonly',
    })
  }

  async say(
    say: SayOptions,
    playback: { readonly stopOnKey: boolean },
    signal: AbortSignal,
  ): Promise<PromptEnd> {
    return this.#play(await this.#prompts.get({ say }, signal), playback, signal)
  }

  async play(
    url: string,
    playback: { readonly stopOnKey: boolean },
    signal: AbortSignal,
  ): Promise<PromptEnd> {
    return this.#play(await this.#prompts.get({ play: url }, signal), playback, signal)
  }

  prefetch(prompts: readonly PromptHint[], signal: AbortSignal): void {
    this.#prompts.want(prompts, signal)
  }

  /** A key that the far end told of by signalling (SIP INFO), `heldMs` after it was pressed. */
  press(key: string, heldMs: number): void {
    if (!this.#closed) this.#audio?.press(key, heldMs)
  }

  async sendKeys(
    { keys, durationMs, intervalMs }: Parameters<NonNullable<FlowLeg['sendKeys']>>[0],
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted()
    this.#sends += 1
    const sendId = this.#sends
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    using _abort = addAbortListener(signal, () => {
      this.#sending.delete(sendId)
      if (!this.#closed) this.#audio?.stopKeys(sendId)
      reject(signal.reason)
    })
    this.#sending.set(sendId, resolve)
    this.#audio?.sendKeys(sendId, keys, { durationMs, intervalMs })
    await promise
  }

  hangUp(reason: EndReason): void {
    this.#options.hangUp(reason)
  }

  /** Keys that were pressed before, the beep included, stay with the leg: only one that comes during the recording can end it. */
  async record(
    options: RecordOptions,
    signal: AbortSignal,
    afterLegEnd: (end: RecordEnd) => Promise<void>,
  ): Promise<RecordEnd> {
    const { recordings } = this.#options
    if (recordings.beep) await this.#play(recordings.beep, { stopOnKey: false }, signal)
    if (!this.#audio) throw new Error('the leg has no audio yet')
    return await recordings.run(this.#audio, { options, afterLegEnd }, signal)
  }

  async close(): Promise<MediaStatistics | undefined> {
    this.#closed = true
    this.#options.recordings.legEnded()
    const statistics = await this.#audio?.close()
    await this.#options.recordings.close()
    return statistics
  }

  async #play(
    prompt: Prompt,
    playback: { readonly stopOnKey: boolean },
    signal: AbortSignal,
  ): Promise<PromptEnd> {
    signal.throwIfAborted()
    this.#plays += 1
    const playId = this.#plays
    const { promise, resolve, reject } = Promise.withResolvers<PromptEnd>()
    using _abort = addAbortListener(signal, () => {
      this.#playing.delete(playId)
      if (!this.#closed) this.#audio?.stop(playId)
      reject(signal.reason)
    })
    this.#playing.set(playId, resolve)
    this.#audio?.play(playId, this.#codec === 'PCMU' ? prompt.pcmu : prompt.pcma, playback)
    return await promise
  }

  #onMediaEvent(event: MediaEvent): void {
    switch (event.type) {
      case 'playEnded': {
        this.#playing.get(event.playId)?.(event.how === 'key' ? 'key' : 'finished')
        this.#playing.delete(event.playId)
        return
      }
      case 'keysSent':
        this.#sending.get(event.sendId)?.()
        this.#sending.delete(event.sendId)
        return
      case 'key':
        this.#options.onEvent(event)
        this.keys.push(event.key)
        return
      case 'recordingEnded': {
        const { type: _, recordingId, ...end } = event
        if (end.key !== undefined) this.#options.onEvent({ type: 'key', key: end.key }) // no step's: not for `keys`
        this.#options.recordings.onEnded(recordingId, end)
        return
      }
      case 'noMedia':
      case 'lost':
        this.#options.onEvent(event)
    }
  }
}
