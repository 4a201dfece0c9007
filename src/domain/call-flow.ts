import type { Timestamp } from './time.ts'

/** What a call does: steps in order. Field names and units are the API's (docs/api/call-flows.md). */
export interface CallFlow {
  readonly title?: string
  /** Records the whole call. */
  readonly record: boolean
  readonly steps: readonly Step[]
  /** Seconds after which all legs are hung up. */
  readonly maxDuration?: number
}

/** A call flow kept as a resource. */
export interface StoredCallFlow extends CallFlow {
  readonly id: string
  readonly accountId: string
  /** Catches incoming calls to numbers without a flow; at most one per account. */
  readonly default: boolean
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}

export type Voice = 'male' | 'female'
export type IfMachine = 'continue' | 'delay' | 'hangup'
export type ConditionOperator = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte'

/** A step runs only if all of its conditions hold. */
export interface Condition {
  readonly variable: string
  readonly operator: ConditionOperator
  readonly value: string
}

/** Machine detection before a step; it works on outgoing legs only. */
export interface MachineOptions {
  readonly ifMachine?: IfMachine
  readonly machineTimeout?: number // milliseconds, 400–10000
}

export interface SayOptions extends MachineOptions {
  readonly payload: string
  /** A code of the API's list, in the case the client wrote (the API echoes it so): compare it in lower case. */
  readonly language: string
  readonly voice: Voice
  readonly repeat?: number // 1–10
}

export interface PlayOptions {
  /** One URL or several, echoed in the shape they came in. */
  readonly media: string | readonly string[]
}

export interface PauseOptions {
  readonly length: number // seconds, ≥ 1
}

export interface RecordOptions {
  readonly maxLength?: number // seconds; absent: no limit
  readonly timeout?: number // seconds of silence that end the recording; absent: off
  readonly finishOnKey?: string // a key, `any` or `none`
  readonly transcribe?: boolean
  readonly transcribeLanguage?: string
  readonly onFinish?: string // URL
}

export interface TransferOptions extends MachineOptions {
  readonly destination: string
  readonly record?: 'in' | 'out' | 'both'
  readonly mask?: boolean
}

export interface FetchCallFlowOptions {
  readonly url: string
  readonly token?: string
}

export interface SendKeysOptions {
  readonly keys: string
  readonly duration?: number // milliseconds a tone
  readonly interval?: number // milliseconds between tones
}

interface StepOf<Action extends string, Options> {
  /** Unique within the flow. */
  readonly id: string
  readonly action: Action
  readonly options: Options
  readonly conditions?: readonly Condition[]
  /** Step to jump to once keys were gathered. */
  readonly onKeypressGoto?: string
  /** Variable that receives the gathered keys. */
  readonly onKeypressVar?: string
  /** Ends the gathering; not part of the gathered keys. */
  readonly endKey?: string
  readonly maxNumKeys?: number
  /** Seconds to wait for the next key; default 5. */
  readonly timeout?: number
}

export type Step =
  | StepOf<'say', SayOptions>
  | StepOf<'play', PlayOptions>
  | StepOf<'pause', PauseOptions>
  | StepOf<'record', RecordOptions>
  | StepOf<'transfer', TransferOptions>
  | StepOf<'fetchCallFlow', FetchCallFlowOptions>
  | StepOf<'sendKeys', SendKeysOptions>
  | StepOf<'hangup', Record<string, never>>

export type Action = Step['action']
export type StepOfAction<A extends Action> = Extract<Step, { action: A }>
