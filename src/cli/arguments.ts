import { parseArgs } from 'node:util'
import { StartError } from '../start-error.ts'

type Options = NonNullable<Parameters<typeof parseArgs>[0]>['options']

/** Parses a command's arguments strictly; what is unknown or lacks its value is a StartError that names it. */
export function readArguments(
  args: readonly string[],
  options: NonNullable<Options>,
  allowPositionals = false,
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals, strict: true })
    return { values, positionals }
  } catch (error) {
    throw new StartError(`${(error as Error).message.split('\n')[0]}; \`linnet help\` lists what there is`, {
      cause: error,
    })
  }
}
