import type { CallFlow, Step } from '../domain/call-flow.ts'
import type { Fault } from '../domain/errors.ts'
import { FaultList, fault } from './fault-list.ts'
import { asObject, compact, Fields, isZero, unwrapJson } from './fields.ts'
import { MAX_DEPTH, MAX_FLOW_BYTES, MAX_STEPS } from './limits.ts'
import { type Excess, findExcess } from './measure.ts'
import { parseStep, type StepContext } from './parse-step.ts'
import { isClean, seconds, text } from './rules.ts'

/** A valid call flow as a client wrote it, with an id for every step. */
export interface ParsedCallFlow extends CallFlow {
  /** Whether it asks to catch incoming calls to numbers without a flow. */
  readonly default: boolean
}

/** The fields that a client wants changed. */
export type CallFlowPatch = Partial<ParsedCallFlow>

export interface ParseOptions {
  /** Makes the ids of steps that have none. */
  readonly newId: () => string
  /** Where the flow is in the request, such as `callFlow`: faults name their field with it. */
  readonly path?: string
  /** Whether a language (lower-case code) can be spoken here; absent: all of the API's can. */
  readonly speaks?: (language: string) => boolean
}

/** Everything that is wrong with an input, up to 50 faults. */
export interface Refusal {
  readonly faults: readonly [Fault, ...Fault[]]
}

/**
 * Reads a call flow from what `JSON.parse` gave, or from a string of JSON. Total: any value is accepted or refused.
 * Fields are read as docs/api/call-flow-language.md says.
 */
export function parseCallFlow(
  input: unknown,
  options: ParseOptions,
): { readonly flow: ParsedCallFlow } | Refusal {
  const result = readFlow(input, options, true)
  if ('faults' in result) return result
  const { steps = [] } = result.patch // never absent here: required
  return { flow: { record: false, default: false, ...result.patch, steps } }
}

/**
 * Reads the fields of a call flow that are set, for a change that keeps the others: `{ ...stored, ...patch }`.
 * `record` and `default` are set also by `false`; of the others, zero values count as absent.
 */
export function parseCallFlowPatch(
  input: unknown,
  options: ParseOptions,
): { readonly patch: CallFlowPatch } | Refusal {
  return readFlow(input, options, false)
}

function readFlow(
  input: unknown,
  options: ParseOptions,
  stepsAreRequired: boolean,
): { readonly patch: CallFlowPatch } | Refusal {
  const root = options.path ?? ''
  const value = unwrapJson(input)
  const excess = findExcess(value)
  if (excess)
    return { faults: [fault(excess === 'notJson' ? 'invalid' : 'unprocessable', EXCESSES[excess], root)] }
  const source = asObject(value)
  if (!source) return { faults: [fault('invalid', 'A call flow must be an object with `steps`.', root)] }

  const faults = new FaultList()
  const fields = new Fields(source, root, faults)
  const patch = compact({
    title: fields.optional('title', title),
    record: readFlag(fields, 'record'),
    default: readFlag(fields, 'default'),
    maxDuration: fields.optionalNumber('maxDuration', seconds),
    steps: parseSteps(fields, { ...options, faults }),
  })
  if (stepsAreRequired && isZero(fields.raw('steps'))) faults.missing(fields.pathOf('steps'))
  return faults.all ? { faults: faults.all } : { patch }
}

const EXCESSES: Record<Excess, string> = {
  tooLarge: `A call flow must not be larger than ${MAX_FLOW_BYTES / 1024} KB.`,
  tooDeep: `A call flow must not be nested more than ${MAX_DEPTH} levels deep.`,
  notJson: 'A call flow must be JSON.',
}

const title = text('be a text without control characters', isClean)

function readFlag(fields: Fields, name: string): boolean | undefined {
  const raw = fields.raw(name)
  return raw === undefined || raw === null || raw === '' ? undefined : (fields.flag(name) ?? false)
}

function parseSteps(fields: Fields, context: StepContext): readonly Step[] | undefined {
  const raw = unwrapJson(fields.raw('steps'))
  if (isZero(raw)) return undefined
  const path = fields.pathOf('steps')
  if (!Array.isArray(raw)) {
    context.faults.invalid(path, 'be an array of steps')
    return undefined
  }
  if (raw.length > MAX_STEPS) {
    context.faults.add('unprocessable', `A call flow must not have more than ${MAX_STEPS} steps.`, path)
    return undefined
  }
  const steps: Step[] = []
  for (const [index, item] of raw.entries()) {
    const step = parseStep(item, `${path}[${index}]`, context)
    if (step) steps.push(step)
    if (context.faults.full) return undefined
  }
  if (steps.length === raw.length) checkIds(steps, path, context)
  return steps
}

/** Ids must be unique, and every `onKeypressGoto` must name a step of this flow. */
function checkIds(steps: readonly Step[], path: string, { faults }: StepContext): void {
  const ids = new Set<string>()
  for (const [index, { id }] of steps.entries()) {
    if (ids.has(id)) faults.invalid(`${path}[${index}].id`, 'be unique within the call flow')
    ids.add(id)
  }
  for (const [index, { onKeypressGoto }] of steps.entries()) {
    if (onKeypressGoto !== undefined && !ids.has(onKeypressGoto)) {
      faults.invalid(`${path}[${index}].onKeypressGoto`, 'be the `id` of a step of the call flow')
    }
  }
}
