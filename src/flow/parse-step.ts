import type { Action, Condition, ConditionOperator, Step } from '../domain/call-flow.ts'
import { asObject, Fields, isZero, unwrapJson } from './fields.ts'
import { MAX_CONDITIONS, MAX_KEYS, MAX_NAME_CHARACTERS } from './limits.ts'
import { type OptionsContext, readOptions } from './parse-options.ts'
import { hasAtMost, integer, isClean, key, line, oneOf, type Rule, seconds, text } from './rules.ts'

const ACTIONS = Object.keys(readOptions) as readonly Action[]

const action: Rule<Action> = oneOf(ACTIONS)
const name = line(MAX_NAME_CHARACTERS, { numbers: true })
const maxNumKeys = integer(1, MAX_KEYS)
const conditionValue = text(
  `be a text of at most ${MAX_NAME_CHARACTERS} characters`,
  (value) => hasAtMost(MAX_NAME_CHARACTERS, value) && isClean(value),
  { numbers: true },
)

const OPERATORS: ReadonlyMap<string, ConditionOperator> = new Map([
  ...(['eq', '==', '=', 'equals'] as const).map((word) => [word, 'eq'] as const),
  ...(['neq', 'ne', '!='] as const).map((word) => [word, 'neq'] as const),
  ...(['lt', '<'] as const).map((word) => [word, 'lt'] as const),
  ...(['lte', 'le', '<='] as const).map((word) => [word, 'lte'] as const),
  ...(['gt', '>'] as const).map((word) => [word, 'gt'] as const),
  ...(['gte', 'ge', '>='] as const).map((word) => [word, 'gte'] as const),
])

const operator: Rule<ConditionOperator> = {
  must: `be one of the operators ${[...OPERATORS.keys()].map((word) => `\`${word}\``).join(', ')}`,
  parse: (raw) => (typeof raw === 'string' ? OPERATORS.get(raw.toLowerCase()) : undefined),
}

export interface StepContext extends OptionsContext {
  /** Makes the id of a step that has none. */
  readonly newId: () => string
}

/** Reads one step. The result is whole only if no fault was added. */
export function parseStep(raw: unknown, path: string, context: StepContext): Step | undefined {
  const source = asObject(unwrapJson(raw))
  if (!source) {
    context.faults.invalid(path, 'be a step: an object with an `action`')
    return undefined
  }
  const fields = new Fields(source, path, context.faults)
  const stepAction = fields.required('action', action)
  if (stepAction === undefined) return undefined

  const step: MutableStep = {
    id: fields.optional('id', name) ?? context.newId(),
    action: stepAction,
    options: parseOptions(fields, stepAction, context),
  }
  const conditions = parseConditions(fields, context)
  if (conditions) step.conditions = conditions
  const onKeypressGoto = fields.optional('onKeypressGoto', name)
  if (onKeypressGoto !== undefined) step.onKeypressGoto = onKeypressGoto
  const onKeypressVar = fields.optional('onKeypressVar', name)
  if (onKeypressVar !== undefined) step.onKeypressVar = onKeypressVar
  const endKey = fields.optional('endKey', key)
  if (endKey !== undefined) step.endKey = endKey
  const keysAtMost = fields.optionalNumber('maxNumKeys', maxNumKeys)
  if (keysAtMost !== undefined) step.maxNumKeys = keysAtMost
  const timeout = fields.optionalNumber('timeout', seconds)
  if (timeout !== undefined) step.timeout = timeout
  return step as Step // its options are those of its action, or absent after a fault, and then the caller drops the step
}

/** Built member by member: a step with what is not set left out. */
type MutableStep = Omit<{ -readonly [K in keyof Step]: Step[K] }, 'options'> & {
  options: Step['options'] | undefined
}

function parseOptions(fields: Fields, stepAction: Action, context: StepContext): Step['options'] | undefined {
  const raw = unwrapJson(fields.raw('options'))
  const source = isZero(raw) ? {} : asObject(raw)
  if (!source) {
    context.faults.invalid(fields.pathOf('options'), 'be an object')
    return undefined
  }
  const options = readOptions[stepAction](
    new Fields(source, fields.pathOf('options'), context.faults),
    context,
  )
  return options as Step['options'] // as above
}

function parseConditions(fields: Fields, context: StepContext): readonly Condition[] | undefined {
  const raw = unwrapJson(fields.raw('conditions'))
  if (isZero(raw)) return undefined
  const path = fields.pathOf('conditions')
  if (!Array.isArray(raw) || raw.length > MAX_CONDITIONS) {
    context.faults.invalid(path, `be an array of at most ${MAX_CONDITIONS} conditions`)
    return undefined
  }
  const conditions = raw.map((condition, index) => parseCondition(condition, `${path}[${index}]`, context))
  return conditions.every((condition) => condition !== undefined) ? conditions : undefined
}

function parseCondition(raw: unknown, path: string, { faults }: StepContext): Condition | undefined {
  const source = asObject(raw)
  if (!source) {
    faults.invalid(path, 'be an object with `variable`, `operator` and `value`')
    return undefined
  }
  const fields = new Fields(source, path, faults)
  const variable = fields.required('variable', name)
  const compare = fields.required('operator', operator)
  // A value may be empty: a variable that was never set equals the empty text.
  const given = fields.raw('value')
  const value = given === 0 ? '0' : (fields.optional('value', conditionValue) ?? '')
  return variable === undefined || compare === undefined ? undefined : { variable, operator: compare, value }
}
