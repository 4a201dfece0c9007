import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { SpeechEngine } from './engine.ts'
import { findProgram } from './find-programs.ts'
import { espeakHelperEngine, fliteHelperEngine } from './helper-engines.ts'
import { espeakSystemEngine, fliteSystemEngine } from './system-engines.ts'

export interface EngineOptions {
  /** Holds the folder `speech-work` for files that live as long as one synthesis. */
  readonly dataDir: string
  /** Where to look for the system's espeak-ng and flite: the folders of PATH. Empty: use those from npm. */
  readonly programFolders: readonly string[]
  /** Entry of the process for espeak-ng from npm (src/espeak-process.ts). */
  readonly espeakProcessUrl: URL
  /** Entry of the process for flite from npm (src/flite-process.ts). */
  readonly fliteProcessUrl: URL
  readonly clock: Clock
  readonly logger: Logger
  /** For one text; default 10,000. */
  readonly timeoutMs?: number
  /** After which a process from npm is ended; default 60,000. */
  readonly idleMs?: number
}

/** 1,000 characters last about 60 s: 2.6 MB at espeak-ng's 22,050 Hz. This allows ten times as much. */
const MAX_SPEECH_BYTES = 30_000_000

/**
 * The speech engines of this machine, best first: flite for English (understood far better than espeak-ng), espeak-ng for everything.
 * Each is the system's if there is one, else the one from npm.
 */
export async function openEngines(options: EngineOptions): Promise<SpeechEngine[]> {
  const { programFolders, clock, logger, timeoutMs = 10_000, idleMs = 60_000 } = options
  const workFolder = join(options.dataDir, 'speech-work')
  await rm(workFolder, { recursive: true, force: true }) // what a killed process left
  await mkdir(workFolder, { recursive: true })
  const [flite, espeak] = await Promise.all(
    ['flite', 'espeak-ng'].map((name) => findProgram(name, programFolders, clock)),
  )
  const system = { clock, timeoutMs, maxBytes: MAX_SPEECH_BYTES }
  const helper = { clock, logger, timeoutMs, idleMs }
  const engines = [
    flite
      ? fliteSystemEngine({ ...system, ...flite, workFolder })
      : fliteHelperEngine({ ...helper, url: options.fliteProcessUrl, args: [workFolder] }),
    espeak
      ? espeakSystemEngine({ ...system, ...espeak })
      : espeakHelperEngine({ ...helper, url: options.espeakProcessUrl }),
  ]
  logger.info({ engines: engines.map(({ id }) => id) }, 'speech engines chosen')
  return engines
}
