import type { CallFlow, Condition, Step } from '../domain/call-flow.ts'

/** A step as the API shows it: only what is set; keypress fields are siblings of `options`. */
export interface StepJson {
  readonly id: string
  readonly action: string
  /** Absent for actions that have none set. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly conditions?: readonly Condition[]
  readonly onKeypressGoto?: string
  readonly onKeypressVar?: string
  readonly endKey?: string
  readonly maxNumKeys?: number
  readonly timeout?: number
}

/** A call flow as the API shows it, without what only stored flows have (`id`, times, `_links`). */
export interface CallFlowJson {
  readonly title?: string
  readonly record: boolean
  readonly default?: boolean
  readonly maxDuration?: number
  readonly steps: readonly StepJson[]
}

/** The JSON of a flow; `default` only if the flow has that field. `parseCallFlow` gives the same flow back. */
export function callFlowToJson(flow: CallFlow & { readonly default?: boolean }): CallFlowJson {
  const json: Mutable<CallFlowJson> = { record: flow.record, steps: flow.steps.map(stepToJson) }
  if (flow.title !== undefined) json.title = flow.title
  if (flow.default !== undefined) json.default = flow.default
  if (flow.maxDuration !== undefined) json.maxDuration = flow.maxDuration
  return json
}

function stepToJson(step: Step): StepJson {
  const json: Mutable<StepJson> = { id: step.id, action: step.action }
  if (Object.keys(step.options).length > 0) json.options = { ...step.options }
  if (step.conditions) json.conditions = step.conditions.map((condition) => ({ ...condition }))
  if (step.onKeypressGoto !== undefined) json.onKeypressGoto = step.onKeypressGoto
  if (step.onKeypressVar !== undefined) json.onKeypressVar = step.onKeypressVar
  if (step.endKey !== undefined) json.endKey = step.endKey
  if (step.maxNumKeys !== undefined) json.maxNumKeys = step.maxNumKeys
  if (step.timeout !== undefined) json.timeout = step.timeout
  return json
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
