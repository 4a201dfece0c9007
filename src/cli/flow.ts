import { StartError } from '../start-error.ts'
import { flowCheck } from './flow-check.ts'
import { flowRun } from './flow-run.ts'

/** `linnet flow check FILE` and `linnet flow run FILE`: work on files, without server and network. Wrong usage: exit code 2. */
export async function flow([action, ...args]: readonly string[]): Promise<number> {
  try {
    if (action === 'check') return await flowCheck(args)
    if (action === 'run') return await flowRun(args)
    throw new StartError('say what to do: flow check FILE, or flow run FILE')
  } catch (error) {
    if (!(error instanceof StartError || error instanceof RangeError)) throw error
    console.error(`linnet: ${error.message}`)
    return 2
  }
}
