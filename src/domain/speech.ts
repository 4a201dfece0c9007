import type { Voice } from './call-flow.ts'

export interface SpeechRequest {
  readonly text: string
  /** A lower-case code of the API's list, such as `en-gb`. */
  readonly language: string
  readonly voice: Voice
}

/** Sound ready to be sent: 8 kHz mono G.711, whole 20 ms frames of 160 bytes, shared by all threads and legs. */
export interface Prompt {
  readonly durationMs: number
  readonly pcmu: SharedArrayBuffer
  readonly pcma: SharedArrayBuffer
}

/** A prompt can't be had: the text can't be spoken, or the file can't be fetched or decoded. The message says what and why. */
export class PromptError extends Error {
  override readonly name = 'PromptError'
}

/** Where prompts come from. Implementations cache, and work off the main thread. */
export interface Prompts {
  /** Rejects with PromptError, or with `signal.reason`. */
  say(request: SpeechRequest, signal: AbortSignal): Promise<Prompt>
  /** Fetches and converts a sound file. Rejects with PromptError, or with `signal.reason`. */
  load(url: string, signal: AbortSignal): Promise<Prompt>
  /** Whether a language of the API's list can be spoken here. */
  speaks(language: string): boolean
}
