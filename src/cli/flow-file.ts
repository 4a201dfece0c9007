import { readFile } from 'node:fs/promises'
import { StartError } from '../start-error.ts'

/** The one file that a command is about. Throws StartError if there is none, or another. */
export function onlyFile(positionals: readonly string[], usage: string): string {
  const [path, ...others] = positionals
  if (path === undefined || others.length > 0) throw new StartError(`say which file: ${usage}`)
  return path
}

/** Reads a call flow's text. Rejects with StartError. */
export async function readFlowFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new StartError(`can't read ${path} (${(error as NodeJS.ErrnoException).code})`, { cause: error })
  }
}
