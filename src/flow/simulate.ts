import { addAbortListener } from 'node:events'
import type { Direction } from '../domain/call.ts'
import type { SayOptions } from '../domain/call-flow.ts'
import type { Clock } from '../runtime/clock.ts'
import { KeyBuffer } from './key-buffer.ts'
import type { FlowLeg, PromptEnd } from './leg.ts'

/** What the person at a simulated phone does, in milliseconds after the leg was made. */
export type SimulatedAct =
  | { readonly atMs: number; readonly press: string }
  | { readonly atMs: number; readonly hangUp: true }

/** How a prompt ended: `stopped` by whoever runs the flow. */
export type HeardEnd = PromptEnd | 'hangUp' | 'stopped'

/** What was heard and done at a simulated phone. */
export type SimulatedEvent =
  | {
      readonly atMs: number
      readonly type: 'heard'
      readonly prompt: string
      readonly end: HeardEnd
    }
  | { readonly atMs: number; readonly type: 'pressed'; readonly key: string }
  | { readonly atMs: number; readonly type: 'hungUp' }

export type SimulatedPrompt =
  | { readonly say: SayOptions; readonly play?: never }
  | { readonly play: string; readonly say?: never }

export interface SimulatedLegOptions {
  readonly clock: Clock
  readonly direction?: Direction
  readonly acts?: readonly SimulatedAct[]
  /** How long a prompt lasts; throws PromptError for one that can't be had. Default: `speakingMs`. */
  readonly durationMs?: (prompt: SimulatedPrompt) => number
}

const MS_PER_CHARACTER = 60
const FILE_MS = 3_000

/** A guess at how long a prompt lasts: 60 ms a character, or 3 s for a file. */
export function speakingMs({ say }: SimulatedPrompt): number {
  return say ? MS_PER_CHARACTER * say.payload.length : FILE_MS
}

/** A leg without a phone: prompts only take their time, and keys and the hang-up come from a script or by method. */
export class SimulatedLeg implements FlowLeg, Disposable {
  readonly direction: Direction
  readonly keys = new KeyBuffer()
  readonly #clock: Clock
  readonly #durationMs: (prompt: SimulatedPrompt) => number
  readonly #startedAt: number
  readonly #hungUp = new AbortController()
  readonly #acts: readonly Disposable[]
  readonly #log: SimulatedEvent[] = []

  constructor({ clock, direction = 'outgoing', acts = [], durationMs = speakingMs }: SimulatedLegOptions) {
    this.direction = direction
    this.#clock = clock
    this.#durationMs = durationMs
    this.#startedAt = clock.now()
    this.#acts = acts.map((act) => clock.after(act.atMs, () => this.#perform(act)))
  }

  /** Aborts when the person hangs up. */
  get signal(): AbortSignal {
    return this.#hungUp.signal
  }

  get log(): readonly SimulatedEvent[] {
    return this.#log
  }

  press(key: string): void {
    if (this.signal.aborted) return
    this.#log.push({ atMs: this.#elapsedMs(), type: 'pressed', key })
    this.keys.push(key)
  }

  hangUp(): void {
    if (this.signal.aborted) return
    this.#hungUp.abort(new Error('the far end hung up'))
    this.#log.push({ atMs: this.#elapsedMs(), type: 'hungUp' })
    this[Symbol.dispose]()
  }

  say(
    options: SayOptions,
    playback: { readonly stopOnKey: boolean },
    signal: AbortSignal,
  ): Promise<PromptEnd> {
    return this.#prompt({ say: options }, playback, signal)
  }

  play(url: string, playback: { readonly stopOnKey: boolean }, signal: AbortSignal): Promise<PromptEnd> {
    return this.#prompt({ play: url }, playback, signal)
  }

  /** Nothing of the script happens any more. */
  [Symbol.dispose](): void {
    for (const act of this.#acts) act[Symbol.dispose]()
  }

  async #prompt(
    prompt: SimulatedPrompt,
    { stopOnKey }: { readonly stopOnKey: boolean },
    signal: AbortSignal,
  ): Promise<PromptEnd> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<PromptEnd>()
    using _timer = this.#clock.after(this.#durationMs(prompt), () => resolve('finished'))
    using _key = stopOnKey ? this.keys.onKey(() => resolve('key')) : undefined
    using _abort = addAbortListener(signal, () => reject(signal.reason))
    try {
      const end = await promise
      this.#heard(prompt, end)
      return end
    } catch (error) {
      this.#heard(prompt, this.#cutBy(stopOnKey))
      throw error
    }
  }

  #heard(prompt: SimulatedPrompt, end: HeardEnd): void {
    this.#log.push({
      atMs: this.#elapsedMs(),
      type: 'heard',
      prompt: prompt.say?.payload ?? prompt.play ?? '',
      end,
    })
  }

  #cutBy(stopOnKey: boolean): HeardEnd {
    if (this.signal.aborted) return 'hangUp'
    return stopOnKey && this.keys.size > 0 ? 'key' : 'stopped'
  }

  #perform(act: SimulatedAct): void {
    if ('press' in act) this.press(act.press)
    else this.hangUp()
  }

  #elapsedMs(): number {
    return this.#clock.now() - this.#startedAt
  }
}
