import type { RequestErrorKind } from '../domain/errors.ts'

/** `error`: the flow is refused, or a part of it can't do what it says. `warning`: it runs, but hardly as it was meant. */
export type Severity = 'error' | 'warning'

/** What the analysis looks for (docs/flow-testing.md). */
export type CheckRule =
  | 'unreachable'
  | 'neverHolds'
  | 'valueNeverGathered'
  | 'variableNotSet'
  | 'keysUnused'
  | 'askedTwice'
  | 'keysIgnored'
  | 'noTimeForKeys'
  | 'endlessRecording'
  | 'noVoice'

/** One thing that is wrong, or looks wrong, in a call flow. */
export interface Finding {
  readonly severity: Severity
  /** A kind of fault, for which the flow is refused, or a rule of the analysis. */
  readonly rule: CheckRule | RequestErrorKind
  /** Of the step that it is about, if the step was read. */
  readonly stepId?: string
  /** Path of the field or step in the flow, such as `steps[2].options.voice`. */
  readonly field?: string
  /** A sentence. */
  readonly message: string
}
