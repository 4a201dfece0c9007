import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../runtime/clock.ts'
import { runProgram } from './run-program.ts'

/** A speech program of the system, with the version that it states. */
export interface FoundProgram {
  readonly path: string
  readonly version: string
}

/** Finds a program in the first of `folders` that has it and asks it for its version; undefined if none can be run. */
export async function findProgram(
  name: string,
  folders: readonly string[],
  clock: Clock,
): Promise<FoundProgram | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    try {
      await access(path, constants.X_OK)
      // flite states its version and exits with 1.
      const run = {
        path,
        args: ['--version'],
        input: '',
        maxBytes: 10_000,
        timeoutMs: 5000,
        clock,
        successCodes: [0, 1],
      }
      const said = (await runProgram(run, new AbortController().signal)).toString()
      return { path, version: /(?:text-to-speech: |version: [a-z]+-)(\d[\w.]*)/.exec(said)?.[1] ?? 'unknown' }
    } catch {
      // not there, or not one that runs: the next folder may have another
    }
  }
  return undefined
}
