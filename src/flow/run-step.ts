import { addAbortListener } from 'node:events'
import type { CallFlow, Step, StepOfAction } from '../domain/call-flow.ts'
import type { JournalEvent, StepOutcome } from '../domain/journal.ts'
import { PromptError } from '../domain/speech.ts'
import { type Clock, sleep } from '../runtime/clock.ts'
import type { FetchFlow, FlowRequest } from './fetch-flow.ts'
import { type Gathered, gatherKeys, gatherRules } from './gather.ts'
import type { FlowLeg, PromptEnd } from './leg.ts'
import type { Variables } from './variables.ts'

/** Where the interpreter goes after a step. */
export type Next =
  | { readonly to: 'nextStep' }
  | { readonly to: 'step'; readonly id: string }
  | { readonly to: 'flow'; readonly flow: CallFlow; readonly from: 'fetch' | 'onFinish' }
  | { readonly to: 'end'; readonly cause: 'hangupStep' | 'fetchFailed'; readonly detail?: string }

export interface StepResult {
  readonly next: Next
  readonly outcome: StepOutcome
  readonly detail?: string
}

/** What a flow tells of itself: events of the journal, without the leg. */
export type FlowEvent = WithoutLeg<
  Extract<
    JournalEvent,
    { type: 'flowStarted' | 'stepStarted' | 'stepEnded' | 'keysGathered' | 'fetch' | 'flowEnded' }
  >
>
type WithoutLeg<Event> = Event extends unknown ? Omit<Event, 'legId'> : never

export interface StepContext {
  readonly leg: FlowLeg
  readonly clock: Clock
  readonly fetchFlow: FetchFlow
  readonly variables: Variables
  readonly report: (event: FlowEvent) => void
  /** For what is done when the leg has ended; `report` is deaf then. */
  readonly reportAfterEnd: (event: FlowEvent) => void
  /** Aborts when the leg ends; every wait then rejects with its reason. */
  readonly signal: AbortSignal
}

const DEFAULT_TONE_MS = 100
const NEVER_ABORTED = new AbortController().signal // its users end by their own limits

/**
 * Runs one step to its end. A step kind without a case does not compile.
 * Rejects with `signal.reason`, or with what a leg rejects with against its contract.
 */
export async function runStep(step: Step, context: StepContext): Promise<StepResult> {
  switch (step.action) {
    case 'say':
    case 'play':
      return await runPrompt(step, context)
    case 'pause':
      return await runPause(step, context)
    case 'record':
      return await runRecord(step, context)
    case 'transfer': {
      if (!context.leg.transfer) return unsupported(step)
      const end = await context.leg.transfer(step.options, context.signal)
      return end === 'bridgeEnded' ? onward('completed') : onward('failed', `the destination: ${end}`)
    }
    case 'sendKeys': {
      if (!context.leg.sendKeys) return unsupported(step)
      const { keys, duration = DEFAULT_TONE_MS, interval = DEFAULT_TONE_MS } = step.options
      await context.leg.sendKeys({ keys, durationMs: duration, intervalMs: interval }, context.signal)
      return onward('completed')
    }
    case 'fetchCallFlow':
      return await runFetch(step.id, 'fetch', { method: 'GET', ...step.options }, context)
    case 'hangup':
      return { outcome: 'completed', next: { to: 'end', cause: 'hangupStep' } }
  }
}

/**
 * Plays a prompt as often as it asks, or all of its files. If the step gathers keys, the first one ends the playing, and
 * gathering goes on until it is complete. Without a key, only a step with a `timeout` waits after its prompt.
 */
async function runPrompt(step: StepOfAction<'say' | 'play'>, context: StepContext): Promise<StepResult> {
  const rules = gatherRules(step)
  let result = onward('completed')
  try {
    for (const part of promptParts(step, context.leg)) {
      if ((await playPart(part, rules !== undefined, context)) === 'finished') continue
      result = onward('interrupted', 'a key was pressed')
      break
    }
  } catch (error) {
    if (!(error instanceof PromptError)) throw error
    result = onward('failed', error.message)
  }
  if (!rules) return result
  const firstKeyMs = step.timeout === undefined ? 0 : rules.interDigitMs
  const gathered = await gatherKeys(context.leg.keys, rules, firstKeyMs, context)
  return { ...result, next: afterKeys(step, gathered, context) }
}

type PromptPart = (playback: { stopOnKey: boolean }, signal: AbortSignal) => Promise<PromptEnd>

function promptParts(step: StepOfAction<'say' | 'play'>, leg: FlowLeg): readonly PromptPart[] {
  if (step.action === 'say') {
    const { options } = step
    const speak: PromptPart = (playback, signal) => leg.say(options, playback, signal)
    return Array<PromptPart>(options.repeat ?? 1).fill(speak)
  }
  const { media } = step.options
  const files = typeof media === 'string' ? [media] : media
  return files.map((file) => (playback, signal) => leg.play(file, playback, signal))
}

/** Plays one part. If keys stop it, keys that came before the first sound do so too, here and not in the leg. */
async function playPart(
  part: PromptPart,
  stopOnKey: boolean,
  { leg, signal }: StepContext,
): Promise<PromptEnd> {
  if (!stopOnKey) return await part({ stopOnKey }, signal)
  if (leg.keys.size > 0) return 'key'
  const own = new AbortController()
  using _key = leg.keys.onKey(() => own.abort(new Error('a key was pressed')))
  using _abort = addAbortListener(signal, () => own.abort(signal.reason))
  try {
    return await part({ stopOnKey }, own.signal)
  } catch (error) {
    signal.throwIfAborted()
    if (own.signal.aborted) return 'key'
    throw error
  }
}

async function runPause(step: StepOfAction<'pause'>, context: StepContext): Promise<StepResult> {
  const rules = gatherRules(step)
  const lengthMs = step.options.length * 1000
  if (!rules) {
    await sleep(context.clock, lengthMs, context.signal)
    return onward('completed')
  }
  const gathered = await gatherKeys(context.leg.keys, rules, lengthMs, context)
  const result =
    gathered.endedBy === 'stepEnded' ? onward('completed') : onward('interrupted', 'a key was pressed')
  return { ...result, next: afterKeys(step, gathered, context) }
}

/** Any key counts, also an end key alone: it leaves the variable empty and still jumps. */
function afterKeys(step: Step, { keys, endedBy }: Gathered, { variables, report }: StepContext): Next {
  if (endedBy === 'stepEnded') return { to: 'nextStep' }
  const { onKeypressVar, onKeypressGoto } = step
  variables.gathered(keys, onKeypressVar)
  report({
    type: 'keysGathered',
    stepId: step.id,
    keys,
    ...(onKeypressVar !== undefined && { variable: onKeypressVar }),
  })
  return onKeypressGoto === undefined ? { to: 'nextStep' } : { to: 'step', id: onKeypressGoto }
}

async function runRecord(step: StepOfAction<'record'>, context: StepContext): Promise<StepResult> {
  if (!context.leg.record) return unsupported(step)
  const { onFinish: url } = step.options
  const finish = (body: string, inContext: StepContext) =>
    url === undefined ? undefined : runFetch(step.id, 'onFinish', { method: 'POST', url, body }, inContext)
  const { recording, failure } = await context.leg.record(step.options, context.signal, async (end) => {
    // No leg is there to run the flow that it answers.
    await finish(end.recording, { ...context, signal: NEVER_ABORTED, report: context.reportAfterEnd })
  })
  const finished = await finish(recording, context)
  if (finished) return finished
  return failure === undefined ? onward('completed') : onward('failed', failure)
}

async function runFetch(
  stepId: string,
  from: 'fetch' | 'onFinish',
  request: Omit<FlowRequest, 'variables'>,
  { fetchFlow, variables, report, signal }: StepContext,
): Promise<StepResult> {
  const { attempts, result } = await fetchFlow({ ...request, variables: variables.toJson() }, signal)
  for (const attempt of attempts) report({ type: 'fetch', stepId, ...attempt })
  if ('flow' in result) return { outcome: 'completed', next: { to: 'flow', flow: result.flow, from } }
  const { error } = result
  return { outcome: 'failed', detail: error, next: { to: 'end', cause: 'fetchFailed', detail: error } }
}

function onward(outcome: StepOutcome, detail?: string): StepResult {
  return { outcome, next: { to: 'nextStep' }, ...(detail !== undefined && { detail }) }
}

function unsupported({ action }: Step): StepResult {
  return onward('unsupported', `this leg can't ${action} yet`)
}
