import type { Direction } from '../domain/call.ts'
import type { PlayOptions, RecordOptions, SayOptions, TransferOptions } from '../domain/call-flow.ts'
import type { KeyBuffer } from './key-buffer.ts'
import type { PromptHint } from './prompts-ahead.ts'

/** How a prompt ended: to its last sample, or cut short by a key. */
export type PromptEnd = 'finished' | 'key'

/** What a `record` step made. */
export interface RecordEnd {
  /** The recording as the API shows it, JSON: the body of `onFinish`. */
  readonly recording: string
  /** Why it failed, if it did. */
  readonly failure?: string
}

/** How a `transfer` step ended while the caller was still there. */
export type TransferEnd = 'bridgeEnded' | 'busy' | 'noAnswer' | 'failed'

/** What a step may do to the call leg it runs on. Implemented by `calls/` for phones, and by the simulated leg. */
export interface FlowLeg {
  readonly direction: Direction
  /** Keys in the order they were pressed, early ones included: type-ahead is kept until a step takes it. */
  readonly keys: KeyBuffer
  /**
   * Speaks once (`repeat` is the step's business). With `stopOnKey`, a key ends it; the key itself goes to `keys`.
   * Rejects with PromptError if it can't be spoken, or with `signal.reason` as soon as that aborts: the leg has ended, or
   * a key came before the sound did.
   */
  say(options: SayOptions, playback: { readonly stopOnKey: boolean }, signal: AbortSignal): Promise<PromptEnd>
  /** Plays one file. Otherwise like `say`. */
  play(
    url: PlayOptions['media'] & string,
    playback: { readonly stopOnKey: boolean },
    signal: AbortSignal,
  ): Promise<PromptEnd>
  /**
   * Records the caller until a key, silence or the longest time ends it. Rejects with `signal.reason` as soon as that aborts. If the
   * leg has ended, `afterLegEnd` still hears of what was recorded (most callers end a message by hanging up), and the call waits for
   * it. Absent: not possible on this leg.
   */
  record?(
    options: RecordOptions,
    signal: AbortSignal,
    afterLegEnd: (end: RecordEnd) => Promise<void>,
  ): Promise<RecordEnd>
  /** Calls the destination and joins it with this leg until it hangs up. Absent: not possible on this leg. */
  transfer?(options: TransferOptions, signal: AbortSignal): Promise<TransferEnd>
  /** Sends keys to the far end. Absent: not possible on this leg. */
  sendKeys?(
    tones: { readonly keys: string; readonly durationMs: number; readonly intervalMs: number },
    signal: AbortSignal,
  ): Promise<void>
  /**
   * Hears, before a step runs, which prompts it and the steps after it may want: a leg may load them beforehand, until `signal` aborts.
   * What was told before no longer counts.
   */
  prefetch?(prompts: readonly PromptHint[], signal: AbortSignal): void
}
