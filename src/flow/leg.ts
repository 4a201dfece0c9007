import type { Direction } from '../domain/call.ts'
import type { PlayOptions, SayOptions } from '../domain/call-flow.ts'
import type { KeyBuffer } from './key-buffer.ts'

/** How a prompt ended: to its last sample, or cut short by a key. */
export type PromptEnd = 'finished' | 'key'

/** What a step may do to the call leg it runs on. Implemented by `calls/` for phones, and by the simulated leg. */
export interface FlowLeg {
  readonly direction: Direction
  /** Keys in the order they were pressed, early ones included: type-ahead is kept until a step takes it. */
  readonly keys: KeyBuffer
  /**
   * Speaks once (`repeat` is the step's business). With `stopOnKey`, a key ends it; the key itself goes to `keys`.
   * Rejects with PromptError if it can't be spoken, or with `signal.reason` as soon as the leg has ended.
   */
  say(options: SayOptions, playback: { readonly stopOnKey: boolean }, signal: AbortSignal): Promise<PromptEnd>
  /** Plays one file. Otherwise like `say`. */
  play(
    url: PlayOptions['media'] & string,
    playback: { readonly stopOnKey: boolean },
    signal: AbortSignal,
  ): Promise<PromptEnd>
}
