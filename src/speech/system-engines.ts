import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../runtime/clock.ts'
import { asciiOf, espeakVariants, fliteVoices, type SpeechEngine } from './engine.ts'
import { type ProgramRun, runProgram } from './run-program.ts'

export interface SystemEngineOptions {
  /** The program, absolute. */
  readonly path: string
  /** As the program itself says. */
  readonly version: string
  readonly clock: Clock
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** The system's espeak-ng, started once for each prompt (8 ms). GPL: it stays a program of its own. All languages. */
export function espeakSystemEngine(options: SystemEngineOptions): SpeechEngine {
  return {
    id: `espeak-ng ${options.version}`,
    speaks: () => true,
    synthesise: ({ text, language, voice }, signal) => {
      const args = [
        '-v',
        `${language.espeakVoice}+${espeakVariants[voice]}`,
        '-b',
        '1',
        '--stdin',
        '--stdout',
      ]
      return runProgram(runOf(options, args, text), signal)
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** The system's flite, started once for each prompt. English only. It seeks in what it writes, so it needs a file in `workFolder`. */
export function fliteSystemEngine(
  options: SystemEngineOptions & { readonly workFolder: string },
): SpeechEngine {
  return {
    id: `flite ${options.version}`,
    speaks: (language, text) => language.english && asciiOf(text) !== undefined,
    async synthesise({ text, voice }, signal) {
      const folder = await mkdtemp(join(options.workFolder, 'flite-'))
      try {
        const file = join(folder, 'speech.wav')
        const run = runOf(options, ['-voice', fliteVoices[voice], '-o', file], `${asciiOf(text)}\n`)
        await runProgram(run, signal)
        return await readFile(file)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

function runOf(options: SystemEngineOptions, args: readonly string[], input: string): ProgramRun {
  const { path, maxBytes, timeoutMs, clock } = options
  return { path, args, input, maxBytes, timeoutMs, clock }
}
