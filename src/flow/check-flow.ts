import type { CallFlow, Step } from '../domain/call-flow.ts'
import { canGather, neverHold } from './check-conditions.ts'
import type { CheckRule, Finding, Severity } from './check-finding.ts'
import { goesOn, Paths, takesKeys } from './check-paths.ts'
import { gatherRules } from './gather.ts'

export interface CheckOptions {
  /** Whether a language (lower-case code) has a voice where the flow will run; absent: not checked. */
  readonly speaks?: (language: string) => boolean
}

/**
 * Looks for what is wrong with a valid flow without running it, in the order of its steps. Errors are certain. A flow may be
 * fetched by another, and finds that one's variables set: what depends on them is a warning.
 */
export function checkFlow({ steps }: CallFlow, options: CheckOptions = {}): Finding[] {
  const context: Context = { steps, paths: new Paths(steps), uses: usesOf(steps), options }
  return steps.flatMap((step, index) =>
    checks.flatMap((check) =>
      check(step, index, context).map(
        ([severity, rule, message]): Finding => ({
          severity,
          rule,
          stepId: step.id,
          field: `steps[${index}]`,
          message,
        }),
      ),
    ),
  )
}

interface Context {
  readonly steps: readonly Step[]
  readonly paths: Paths
  readonly uses: Uses
  readonly options: CheckOptions
}

type Verdict = readonly [severity: Severity, rule: CheckRule, message: string]
type Check = (step: Step, index: number, context: Context) => readonly Verdict[]

/** Positions of the steps that read variables. */
interface Uses {
  /** By the variables that their conditions compare. */
  readonly conditions: ReadonlyMap<string, readonly number[]>
  /** Steps that send all variables with a request. */
  readonly requests: readonly number[]
}

function usesOf(steps: readonly Step[]): Uses {
  const conditions = new Map<string, number[]>()
  const requests: number[] = []
  for (const [index, step] of steps.entries()) {
    for (const { variable } of step.conditions ?? []) {
      conditions.set(variable, [...(conditions.get(variable) ?? []), index])
    }
    const asks = step.action === 'fetchCallFlow' || (step.action === 'record' && step.options.onFinish)
    if (asks) requests.push(index)
  }
  return { conditions, requests }
}

const reachability: Check = (_, index, { steps, paths }) => {
  if (paths.isReachable(index)) return []
  const end = steps.slice(0, index).findLast((step) => !goesOn(step)) // there is one: all others lead to the next step
  const why = end?.action === 'hangup' ? 'always hangs up' : 'always goes on with another call flow'
  const message = `This step never runs: ${end?.id} before it ${why}, and no step that runs jumps here.`
  return [['warning', 'unreachable', message]]
}

const contradictions: Check = ({ conditions }) =>
  neverHold(conditions)
    ? [['error', 'neverHolds', 'This step never runs: its conditions can never hold all at once.']]
    : []

/** A variable that a condition compares must be set on some way there, and be able to take the value. */
const comparisons: Check = ({ conditions = [] }, index, context) => {
  if (neverHold(conditions) || !context.paths.isReachable(index)) return []
  const verdicts = conditions.flatMap(({ variable, operator, value }): readonly Verdict[] => {
    const setters = settersBefore(variable, index, context)
    if (setters.length === 0) return [notSet(variable)]
    if (operator !== 'eq' || value === '') return []
    if (setters.some((setter) => canGather(gatherRules(setter) ?? NOTHING, value))) return []
    return [neverGathered(variable, value, setters)]
  })
  return [...new Map(verdicts.map((verdict) => [verdict[2], verdict])).values()]
}

const NOTHING = { maxNumKeys: 0, interDigitMs: 0 }

/** The steps that set a variable on some way to step `index`. `keys` is set by every step that takes keys. */
function settersBefore(variable: string, index: number, { steps, paths }: Context): readonly Step[] {
  return steps.filter((step, position) => {
    if (step.onKeypressVar !== variable && variable !== 'keys') return false
    const next = paths.afterKeys(position)
    return next !== undefined && paths.isReachable(position) && paths.from(next).has(index)
  })
}

function notSet(variable: string): Verdict {
  const message = `No step before this one sets the variable \`${variable}\`: it is empty, unless another call flow set it.`
  return ['warning', 'variableNotSet', message]
}

function neverGathered(variable: string, value: string, setters: readonly Step[]): Verdict {
  const most = Math.max(...setters.map((step) => gatherRules(step)?.maxNumKeys ?? 0))
  const why = value.length > most ? ` with at most ${most} ${most === 1 ? 'key' : 'keys'} (maxNumKeys)` : ''
  const who = setters.map(({ id }) => `\`${id}\``).join(', ')
  const message = `\`${variable}\` is never \`${value}\`: that can't be pressed at ${who}${why}.`
  return ['warning', 'valueNeverGathered', message]
}

/** Keys that are gathered into a variable, with no jump, are meant for a later condition or request. */
const unusedKeys: Check = (step, index, { paths, uses }) => {
  const next = paths.afterKeys(index)
  if (next === undefined || !paths.isReachable(index) || step.onKeypressGoto !== undefined) return []
  const { onKeypressVar: name = 'keys' } = step
  const later = paths.from(next)
  const readers = [
    ...(uses.conditions.get(name) ?? []),
    ...(uses.conditions.get('keys') ?? []),
    ...uses.requests,
  ]
  if (readers.some((reader) => later.has(reader))) return []
  const message = `The keys of this step lead nowhere: it has no onKeypressGoto, and no step after it compares \`${name}\` or sends it with a request.`
  return [['warning', 'keysUnused', message]]
}

/** Without a jump, keys lead to the next step: if that takes the same keys, it waits for more of them. */
const askedTwice: Check = (step, index, { steps }) => {
  const next = steps[index + 1]
  const twice = next && takesKeys(step) && takesKeys(next) && step.onKeypressVar === next.onKeypressVar
  if (!twice || step.onKeypressGoto !== undefined || next.conditions || next.onKeypressVar === undefined)
    return []
  const message = `After keys in this step, ${next.id} still waits for others, which take their place in \`${next.onKeypressVar}\`: set onKeypressGoto to go on at once.`
  return [['warning', 'askedTwice', message]]
}

const KEY_FIELDS = ['onKeypressGoto', 'onKeypressVar', 'endKey', 'maxNumKeys', 'timeout'] as const

const ignoredKeys: Check = (step) => {
  if (takesKeys(step)) return []
  const fields = KEY_FIELDS.filter((field) => step[field] !== undefined)
  if (fields.length === 0) return []
  const why =
    gatherRules(step) === undefined
      ? 'a step takes keys only with onKeypressVar or onKeypressGoto'
      : `a ${step.action} step takes no keys`
  return [['warning', 'keysIgnored', `No effect of ${fields.join(', ')}: ${why}.`]]
}

/** Keys need time: while a prompt plays, in `timeout` after it, or in a `pause` that follows. */
const timeForKeys: Check = (step, index, { steps }) => {
  const rules = gatherRules(step)
  if (!rules || !takesKeys(step)) return []
  if (step.action === 'pause') {
    const asked = steps[index - 1]
    const single = rules.maxNumKeys === 1
    if (step.options.length > 1 || (single && asked && asked.action !== 'pause' && takesKeys(asked)))
      return []
    const message = `A pause of 1 s leaves hardly any time for ${single ? 'a key' : `the first of up to ${rules.maxNumKeys} keys`}.`
    return [['warning', 'noTimeForKeys', message]]
  }
  const next = steps[index + 1]
  if (step.timeout !== undefined || (next && takesKeys(next))) return []
  const message =
    'Keys count only until the prompt has ended: set timeout, or let a pause with the same onKeypress fields follow.'
  return [['warning', 'noTimeForKeys', message]]
}

const recordings: Check = (step) => {
  if (step.action !== 'record') return []
  const { maxLength, timeout, finishOnKey = 'none' } = step.options
  if (maxLength !== undefined || timeout !== undefined || finishOnKey.toLowerCase() !== 'none') return []
  const message =
    'This recording ends only with the call: set maxLength, timeout (of silence) or finishOnKey, or no step after it runs.'
  return [['warning', 'endlessRecording', message]]
}

const voices: Check = (step, _, { options: { speaks } }) => {
  if (step.action !== 'say' || !speaks || speaks(step.options.language.toLowerCase())) return []
  return [['error', 'noVoice', `The language \`${step.options.language}\` has no voice here.`]]
}

const checks: readonly Check[] = [
  reachability,
  contradictions,
  comparisons,
  unusedKeys,
  askedTwice,
  ignoredKeys,
  timeForKeys,
  recordings,
  voices,
]
