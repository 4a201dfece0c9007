import type { Call, EndReason } from '../domain/call.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Ids } from '../runtime/ids.ts'
import { CallRecord, type CallRecordDependencies } from './call-record.ts'
import { LiveCall, type LiveCallDependencies } from './live-call.ts'

export interface LiveCallsDependencies extends CallRecordDependencies, LiveCallDependencies {
  readonly clock: Clock
  readonly ids: Ids
}

/** What a new call is told; the rest is the registry's. */
export type NewCall = Omit<Call, 'id' | 'createdAt' | 'updatedAt'>

/** The calls that are going on. A call leaves when its end is on disk. */
export class LiveCalls {
  readonly #dependencies: LiveCallsDependencies
  readonly #calls = new Map<string, LiveCall>()

  constructor(dependencies: LiveCallsDependencies) {
    this.#dependencies = dependencies
  }

  get size(): number {
    return this.#calls.size
  }

  get(callId: string): LiveCall | undefined {
    return this.#calls.get(callId)
  }

  /** Registers a call whose first change joins what is reported next: for calls that nobody was promised. */
  begin(call: NewCall): LiveCall {
    const live = this.#open(call)
    live.record.report({ type: 'callStatus', status: call.status })
    return live
  }

  /** Registers a call once its row is on disk. Rejects with StorageError. */
  async create(call: NewCall): Promise<LiveCall> {
    const live = this.#open(call)
    try {
      await live.record.create()
      return live
    } catch (error) {
      this.#calls.delete(live.id)
      throw error
    }
  }

  endAll(reason: EndReason): void {
    for (const call of [...this.#calls.values()]) call.end(reason)
  }

  /** Resolves when no call is left. */
  async allEnded(): Promise<void> {
    await Promise.all([...this.#calls.values()].map((call) => call.ended))
  }

  #open(call: NewCall): LiveCall {
    const { clock, ids } = this.#dependencies
    const now = clock.now()
    const record = new CallRecord(
      { ...call, id: ids.uuid(), createdAt: now, updatedAt: now },
      [],
      this.#dependencies,
    )
    const live = new LiveCall(record, this.#dependencies)
    this.#calls.set(live.id, live)
    void live.ended.then(() => this.#calls.delete(live.id))
    return live
  }
}
