import type { Call, CallStatus, EndReason, LegStatus } from '../domain/call.ts'
import type { CallFlow } from '../domain/call-flow.ts'
import type { MediaStatistics } from '../domain/journal.ts'
import type { FetchFlow } from '../flow/fetch-flow.ts'
import type { FlowLeg } from '../flow/leg.ts'
import { type FlowContext, type FlowEnd, runFlow } from '../flow/run-flow.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { CallRecord } from './call-record.ts'

/** One party that is in the call: a phone, or a simulated one. */
export interface LiveLeg {
  readonly id: string
  /** What steps run on. */
  readonly steps: FlowLeg
  /** Gets rid of the far end, in whatever state it is: refuses, cancels, or says BYE. Not called when the far end left by itself. */
  hangUp(reason: EndReason): void
  /** Frees everything that the leg holds; resolves with what its audio counted. Called once. */
  close(): Promise<MediaStatistics | undefined>
}

/** How a leg ended. */
export interface LegEnd {
  readonly status: LegStatus & ('hangup' | 'busy' | 'no_answer' | 'failed')
  readonly reason: EndReason
  readonly sipResponseCode?: number
  /** True when the far end is already gone. */
  readonly farEndGone?: boolean
}

export interface LiveCallDependencies {
  readonly clock: Clock
  readonly logger: Logger
  /** How flows are fetched for a leg of this call. */
  readonly fetchFlowFor: (call: Call, legId: string) => FetchFlow
}

/** The API's longest call, and the default of `maxDuration`. */
export const MAX_CALL_SECONDS = 28_800

/**
 * A call that is going on: its legs, and the flow that runs on its first one. Holds no data (that is `record`), no SIP and no
 * audio (those are the legs'). Every way to end a leg goes through `endLeg`; the first one wins.
 */
export class LiveCall {
  readonly record: CallRecord
  readonly #dependencies: LiveCallDependencies
  readonly #legs = new Map<string, { readonly leg: LiveLeg; readonly aborter: AbortController }>()
  readonly #closing: Promise<void>[] = []
  readonly #ended = Promise.withResolvers<void>()
  #flow: AbortController | undefined
  /** Why the call was ended before it had a leg: its row was still on the way to the disk. */
  #endedEarly: EndReason | undefined
  #durationLimit: Disposable | undefined

  constructor(record: CallRecord, dependencies: LiveCallDependencies) {
    this.record = record
    this.#dependencies = dependencies
  }

  get id(): string {
    return this.record.call.id
  }

  /** Resolves when every leg is gone and the call's end is on disk. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** A leg that comes after the call was ended ends at once. */
  add(leg: LiveLeg): void {
    this.#legs.set(leg.id, { leg, aborter: new AbortController() })
    if (this.#endedEarly) this.end(this.#endedEarly)
  }

  /** The leg was answered: the call goes on, and its flow begins on the first leg. */
  answered(leg: LiveLeg): void {
    this.record.report(
      { type: 'legStatus', legId: leg.id, status: 'ongoing', sipResponseCode: 200 },
      { type: 'callStatus', status: 'ongoing' },
    )
    const { callFlow } = this.record.call
    const maxSeconds = callFlow.maxDuration ?? MAX_CALL_SECONDS
    this.#durationLimit ??= this.#dependencies.clock.after(maxSeconds * 1000, () =>
      this.end({ by: 'linnet', cause: 'maxDuration', detail: `the call reached its ${maxSeconds} s` }),
    )
    this.#run(leg, callFlow, 'call')
  }

  /** Aborts the running step and runs `flow` on the first leg. False when no leg is there to run it. */
  replaceFlow(flow: CallFlow): boolean {
    const [first] = this.#legs.values()
    if (!first || this.record.legs.get(first.leg.id)?.status !== 'ongoing') return false
    this.#flow?.abort(new Error('the call flow was replaced'))
    this.#run(first.leg, flow, 'api')
    return true
  }

  /** Ends one leg; the call ends with its last one. A leg that has ended already stays as it ended. */
  endLeg(legId: string, { status, reason, sipResponseCode, farEndGone = false }: LegEnd): void {
    const found = this.#legs.get(legId)
    if (!found) return
    this.#legs.delete(legId)
    found.aborter.abort(new Error(`the leg has ended: ${reason.cause}`))
    this.record.report({
      type: 'legStatus',
      legId,
      status,
      endReason: reason,
      ...(sipResponseCode !== undefined && { sipResponseCode }),
    })
    if (!farEndGone) found.leg.hangUp(reason)
    this.#closing.push(this.#close(found.leg))
    if (this.#legs.size === 0) void this.#finish(status, reason)
  }

  /** Ends every leg; one that was never answered is told as given up (487, which the API knows as 480). */
  end(reason: EndReason): void {
    if (this.#legs.size === 0) this.#endedEarly ??= reason
    for (const legId of [...this.#legs.keys()]) {
      const answered = this.record.legs.get(legId)?.status === 'ongoing'
      this.endLeg(legId, { status: 'hangup', reason, ...(!answered && { sipResponseCode: 480 }) })
    }
  }

  #run(leg: LiveLeg, flow: CallFlow, from: 'call' | 'api'): void {
    const found = this.#legs.get(leg.id)
    if (!found) return
    const own = new AbortController()
    this.#flow = own
    const signal = AbortSignal.any([found.aborter.signal, own.signal])
    const context: FlowContext = {
      leg: leg.steps,
      clock: this.#dependencies.clock,
      fetchFlow: this.#dependencies.fetchFlowFor(this.record.call, leg.id),
      signal,
      report: (event) => this.record.report({ ...event, legId: leg.id }),
    }
    this.record.report({ type: 'flowStarted', legId: leg.id, steps: flow.steps.length, from })
    runFlow(flow, context).then(
      (end) => {
        if (!signal.aborted) this.#flowEnded(leg, end)
      },
      (error: unknown) => {
        if (signal.aborted) return
        this.#dependencies.logger.error({ err: error, callId: this.id, legId: leg.id }, 'call flow failed')
        const detail = 'an internal fault ended the call flow; the log has it'
        this.endLeg(leg.id, { status: 'hangup', reason: { by: 'linnet', cause: 'fault', detail } })
      },
    )
  }

  #flowEnded(leg: LiveLeg, { cause, detail }: FlowEnd): void {
    const reason: EndReason = { by: 'flow', cause, ...(detail !== undefined && { detail }) }
    this.endLeg(leg.id, { status: 'hangup', reason })
  }

  async #close(leg: LiveLeg): Promise<void> {
    try {
      const statistics = await leg.close()
      if (statistics) this.record.report({ type: 'media', legId: leg.id, statistics })
    } catch (error) {
      this.#dependencies.logger.error(
        { err: error, callId: this.id, legId: leg.id },
        'leg could not be closed',
      )
    }
  }

  /** The call's last entry follows everything that its legs still had to say. */
  async #finish(lastLegStatus: LegEnd['status'], reason: EndReason): Promise<void> {
    this.#durationLimit?.[Symbol.dispose]()
    await Promise.all(this.#closing)
    const status: CallStatus =
      this.record.call.status === 'ongoing' || lastLegStatus === 'hangup' ? 'ended' : lastLegStatus
    this.record.report({ type: 'callStatus', status, endReason: reason })
    await this.record.settled()
    this.#ended.resolve()
  }
}
