import { checkText } from '../flow/check-text.ts'
import { StartError } from '../start-error.ts'
import type { Duration } from '../testing/durations.ts'
import {
  InvalidFlowError,
  type SimulateOptions,
  type SimulationResult,
  simulate,
} from '../testing/simulate.ts'
import { readArguments } from './arguments.ts'
import { findingLines } from './flow-check.ts'
import { onlyFile, readFlowFile } from './flow-file.ts'
import { timeline } from './timeline.ts'

/** `linnet flow run FILE …`: exit code 0 if the flow came to its own end. Throws StartError or RangeError for wrong usage. */
export async function flowRun(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, flags, true)
  const path = onlyFile(positionals, 'flow run FILE')
  const text = await readFlowFile(path)
  try {
    const result = await simulate(text, await optionsOf(values as Values)) // as `flags` says
    if (values['json'] === true) console.log(JSON.stringify(result, undefined, 2))
    else for (const line of [...timeline(result.journal), '', summary(result)]) console.log(line)
    return result.end.cause === 'flowEnded' || result.end.cause === 'hangupStep' ? 0 : 1
  } catch (error) {
    if (!(error instanceof InvalidFlowError)) throw error
    const { steps, findings } = checkText(text)
    for (const line of findingLines(path, steps, findings)) console.error(line)
    return 1
  }
}

const flags = {
  press: { type: 'string', multiple: true },
  hangup: { type: 'string' },
  fetch: { type: 'string', multiple: true },
  source: { type: 'string' },
  destination: { type: 'string' },
  max: { type: 'string' },
  json: { type: 'boolean' },
} as const

type Values = {
  readonly [Name in keyof typeof flags]?: (typeof flags)[Name] extends { multiple: true }
    ? readonly string[]
    : string
}

async function optionsOf({ press, hangup, fetch = [], source, destination, max }: Values) {
  const options: { -readonly [K in keyof SimulateOptions]: SimulateOptions[K] } = {
    fetch: Object.fromEntries(await Promise.all(fetch.map(localFlow))),
  }
  if (press) options.press = press.join(',')
  if (hangup !== undefined) options.hangUpAt = hangup as Duration // checked where it is read
  if (source !== undefined) options.source = source
  if (destination !== undefined) options.destination = destination
  if (max !== undefined) options.maxDuration = max as Duration // as above
  return options
}

/** `URL=FILE`: the file is read before the call begins. */
async function localFlow(given: string): Promise<[url: string, text: string]> {
  const [, url, path] = /^([^=]+)=(.+)$/.exec(given) ?? []
  if (url === undefined || path === undefined) {
    throw new StartError(`\`${given}\` is not URL=FILE: --fetch https://example.com/next=next.json`)
  }
  return [url, await readFlowFile(path)]
}

function summary({ end, durationMs, coverage: { visited, missed } }: SimulationResult): string {
  const ended = `${end.cause}${end.detail === undefined ? '' : ` (${end.detail})`}`
  const ran = `${visited.length} of ${visited.length + missed.length} steps ran`
  return `${ended} after ${durationMs / 1000} s; ${ran}${missed.length > 0 ? `, not ${missed.join(', ')}` : ''}`
}
