import type { Voice } from '../domain/call-flow.ts'
import type { SpokenLanguage } from './languages.ts'

export interface SynthesisRequest {
  /** Clean text: no control characters, not blank. */
  readonly text: string
  readonly language: SpokenLanguage
  readonly voice: Voice
}

/** One text-to-speech program, wherever it runs. Adding one means one file that implements this. */
export interface SpeechEngine extends AsyncDisposable {
  /** Name and version: what it renders is cached under them. */
  readonly id: string
  /** Whether it can say this text in this language. */
  speaks(language: SpokenLanguage, text: string): boolean
  /** Resolves with a WAV file of any rate. Rejects with PromptError, or with `signal.reason`. */
  synthesise(request: SynthesisRequest, signal: AbortSignal): Promise<Uint8Array>
}

/** espeak-ng's variants of its one formant voice. They were tried in every language; how they compare with its others is not measured. */
export const espeakVariants: Readonly<Record<Voice, string>> = { male: 'm3', female: 'f3' }

/** flite's voices that are understood best of those of each sex: 9.8 % and 58 % word errors through G.711 and a recogniser. */
export const fliteVoices: Readonly<Record<Voice, string>> = { male: 'rms', female: 'slt' }

/** flite reads bytes: typographic signs and accents become ASCII. Undefined if anything else is left, which it would mangle. */
export function asciiOf(text: string): string | undefined {
  const ascii = text
    .replace(/[‘’‚′]/g, "'")
    .replace(/[“”„″«»]/g, '"')
    .replace(/[‐‑–—−]/g, '-')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
  return /^[ -~\s]*$/.test(ascii) ? ascii : undefined
}
