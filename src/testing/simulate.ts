import type { Direction } from '../domain/call.ts'
import type { CallFlow } from '../domain/call-flow.ts'
import type { Fault } from '../domain/errors.ts'
import type { JournalEntry } from '../domain/journal.ts'
import { readFlow } from '../flow/check-text.ts'
import type { FlowEnd } from '../flow/run-flow.ts'
import type { HeardEnd, SimulatedPrompt } from '../flow/simulate.ts'
import { VirtualClock } from '../runtime/virtual-clock.ts'
import type { Duration, Press } from './durations.ts'
import type { FlowInput, LocalFlows } from './local-flows.ts'
import { runSimulatedCall } from './simulated-call.ts'

/** What the person at the phone does, and what is around the call. All times count from the answer. */
export interface SimulateOptions {
  /** `'2@1s, 34#@4.5s'`, or the same as a list. Keys may come before a step asks for them. */
  readonly press?: string | readonly Press[]
  /** When the person hangs up; otherwise they stay to the end. */
  readonly hangUpAt?: Duration
  /** Flows for `fetchCallFlow` and `onFinish`, by URL. A fetch from any other URL fails, as from a server that is down. */
  readonly fetch?: LocalFlows
  readonly source?: string
  readonly destination?: string
  /** Default: `incoming`. */
  readonly direction?: Direction
  /** How long a prompt lasts in ms; default: 60 for each character, or 3,000 for a file. Throw PromptError for one that can't be had. */
  readonly speakingMs?: (prompt: SimulatedPrompt) => number
  /** The call ends then; default: `maxDuration` of the flow, or 8 hours. */
  readonly maxDuration?: Duration
}

/** What happened in a simulated call. */
export interface SimulationResult {
  /** `flowEnded` and `hangupStep`: the flow came to its own end. `hangup`: the person hung up. */
  readonly end: { readonly cause: FlowEnd['cause'] | 'hangup' | 'maxDuration'; readonly detail?: string }
  /** Prompts in order: when each began and ended, in ms after the answer, and what ended it. */
  readonly heard: readonly {
    readonly atMs: number
    readonly untilMs: number
    /** The text, or the file's URL. */
    readonly prompt: string
    readonly endedBy: HeardEnd
  }[]
  /** The steps that ran, in order, named as in `coverage`. Steps whose conditions didn't hold are not among them. */
  readonly steps: readonly string[]
  /** Those that were set, with their last values. */
  readonly variables: Readonly<Record<string, string>>
  readonly durationMs: number
  /** As `linnet call show` has it; times are ms after the answer. */
  readonly journal: readonly JournalEntry[]
  readonly coverage: Coverage
}

/**
 * Steps of the flow, and of the flows that it fetched, that ran and did not run, in the order of the flows. A step is named by its
 * id, or by its place such as `steps[2]`; those of fetched flows have their URL in front: `https://example.com/next#thanks`.
 */
export interface Coverage {
  readonly visited: readonly string[]
  readonly missed: readonly string[]
}

/** The call flow is not valid. The message names every fault with its field. */
export class InvalidFlowError extends Error {
  override readonly name = 'InvalidFlowError'
  readonly faults: readonly [Fault, ...Fault[]]

  constructor(faults: readonly [Fault, ...Fault[]]) {
    super(`the call flow is not valid:\n${faults.map(({ message }) => `  ${message}`).join('\n')}`)
    this.faults = faults
  }
}

/**
 * Runs a call flow (JSON or XML, as text or as an object) on a simulated phone in virtual time: minutes take a millisecond.
 * Rejects with InvalidFlowError, with RangeError for bad times, keys or URLs, and with what a function in `fetch` throws.
 *
 *     const { heard, end } = await simulate(flow, { press: '2@1s' })
 *     assert.deepEqual(heard.map(({ prompt }) => prompt), ['Press 1 or 2.', 'This is support.'])
 *     assert.equal(end.cause, 'flowEnded')
 */
export async function simulate(flow: FlowInput, options: SimulateOptions = {}): Promise<SimulationResult> {
  return await runSimulatedCall(validFlow(flow), options, new VirtualClock())
}

function validFlow(input: FlowInput): CallFlow {
  const result = readFlow(input)
  if ('faults' in result) throw new InvalidFlowError(result.faults)
  return result.flow
}

/**
 * The coverage of several calls together: what any of them visited, and what none did.
 *
 *     const results = await Promise.all(['1@1s', '2@1s', '9@1s'].map((press) => simulate(flow, { press })))
 *     assert.deepEqual(mergeCoverage(results).missed, [])
 */
export function mergeCoverage(results: readonly { readonly coverage: Coverage }[]): Coverage {
  const visited = new Set(results.flatMap(({ coverage }) => coverage.visited))
  const missed = new Set(results.flatMap(({ coverage }) => coverage.missed))
  return { visited: [...visited], missed: [...missed].filter((step) => !visited.has(step)) }
}
