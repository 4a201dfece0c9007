import type { Direction, EndReason } from '../domain/call.ts'
import type { CallFlow } from '../domain/call-flow.ts'
import type { JournalEntry, JournalEvent } from '../domain/journal.ts'
import type { FlowEvent } from '../flow/run-step.ts'
import type { Clock } from '../runtime/clock.ts'
import type { SimulationResult } from './simulate.ts'

export const CALL_ID = 'simulated'
export const LEG_ID = 'simulated-leg'

/** What happened in one simulated call, as it happens. All times are ms after its begin. */
export class SimulationRecord {
  readonly heard: SimulationResult['heard'][number][] = []
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #flow: CallFlow
  readonly #journal: JournalEntry[] = []
  readonly #steps: string[] = []
  readonly #variables = new Map<string, string>()
  /** All steps of the flows that ran, and whether they did. */
  readonly #ran = new Map<string, boolean>()
  /** In front of the names of the running flow's steps. */
  #prefix = ''
  #nextPrefix = ''

  constructor(flow: CallFlow, clock: Clock) {
    this.#flow = flow
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#knows(flow, '')
  }

  /** The call is answered, and its flow begins. */
  begin(direction: Direction, numbers: { readonly source?: string; readonly destination?: string }): void {
    this.report({ type: 'callStatus', status: 'starting' })
    this.report({ type: 'legCreated', legId: LEG_ID, direction, ...numbers })
    this.report({ type: 'legStatus', legId: LEG_ID, status: 'ongoing', sipResponseCode: 200 })
    this.report({ type: 'callStatus', status: 'ongoing' })
    this.report({ type: 'flowStarted', legId: LEG_ID, steps: this.#flow.steps.length, from: 'call' })
  }

  report(event: JournalEvent): void {
    const sequence = this.#journal.length + 1
    this.#journal.push({ callId: CALL_ID, sequence, at: this.now(), event })
  }

  /** Milliseconds after the begin. */
  now(): number {
    return this.#clock.now() - this.#startedAt
  }

  /** A flow was fetched from `url` and takes the place of the running one. */
  follows(flow: CallFlow, url: string): void {
    this.#nextPrefix = `${url}#`
    this.#knows(flow, this.#nextPrefix)
  }

  flowEvent(event: FlowEvent): void {
    this.report({ ...event, legId: LEG_ID })
    if (event.type === 'flowStarted') this.#prefix = this.#nextPrefix
    if (event.type === 'keysGathered' && event.variable !== undefined) {
      this.#variables.set(event.variable, event.keys)
    }
    if (event.type === 'stepEnded' && event.outcome !== 'skipped') {
      const name = this.#prefix + event.stepId
      this.#steps.push(name)
      this.#ran.set(name, true)
    }
  }

  /** The leg and the call end. */
  finish(endReason: EndReason, end: SimulationResult['end']): SimulationResult {
    this.report({ type: 'legStatus', legId: LEG_ID, status: 'hangup', endReason })
    this.report({ type: 'callStatus', status: 'ended', endReason })
    const names = (ran: boolean) => [...this.#ran].flatMap(([name, did]) => (did === ran ? [name] : []))
    return {
      end,
      heard: this.heard,
      steps: this.#steps,
      variables: Object.fromEntries(this.#variables),
      durationMs: this.now(),
      journal: this.#journal,
      coverage: { visited: names(true), missed: names(false) },
    }
  }

  #knows({ steps }: CallFlow, prefix: string): void {
    for (const { id } of steps) if (!this.#ran.has(prefix + id)) this.#ran.set(prefix + id, false)
  }
}
