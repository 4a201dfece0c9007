import { printConfig, readConfig } from '../config.ts'
import { readArguments } from './arguments.ts'

/** `linnet config`: prints the effective values and where each comes from. */
export async function config(args: readonly string[]): Promise<number> {
  readArguments(args, {})
  readConfig()
  console.log(printConfig())
  return 0
}
