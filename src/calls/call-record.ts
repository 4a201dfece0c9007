import type { Call, Leg } from '../domain/call.ts'
import type { JournalEntry, JournalEvent } from '../domain/journal.ts'
import type { Recording } from '../domain/recording.ts'
import type { CallChange, CallRepository } from '../domain/repositories.ts'
import type { OutgoingEvent } from '../domain/webhook.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Ids } from '../runtime/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import { type CallState, project } from './projection.ts'
import { projectRecording } from './recording-projection.ts'

export interface CallRecordDependencies {
  readonly calls: CallRepository
  /** How long a change waits for more to join it, unless somebody waits for it to be on disk. Default: 10 ms. */
  readonly lingerMs?: number
  readonly clock: Clock
  readonly ids: Ids
  readonly logger: Logger
}

/** What happens together (answer, flow, first step; or the last step, flow and leg) is told within a few milliseconds. */
const LINGER_MS = 10
const RETRY_MS = 1_000
/** A call whose changes can't be written for this long keeps only its newest state. */
const MAX_WAITING_ENTRIES = 10_000

/**
 * The data of one living call and the only writer of its journal. What is reported takes effect in memory at once and is
 * written in order: one change at a time, everything reported meanwhile joins the next one. A lost database is retried
 * until it is back: the caller hears nothing of it.
 */
export class CallRecord {
  readonly #dependencies: CallRecordDependencies
  #state: CallState
  #sequence: number
  #entries: JournalEntry[] = []
  #events: OutgoingEvent[] = []
  readonly #recordings = new Map<string, Recording>()
  #changedRecordings: Recording[] = []
  #writing: Promise<void> | undefined
  /** Ends the wait for more to join the next change. */
  #hurry: (() => void) | undefined
  #awaited = 0

  /** `lastSequence` is that of a journal that goes on: a call found at the start. */
  constructor(call: Call, legs: readonly Leg[], dependencies: CallRecordDependencies, lastSequence = 0) {
    this.#dependencies = dependencies
    this.#state = { call, legs: new Map(legs.map((leg) => [leg.id, leg])) }
    this.#sequence = lastSequence
  }

  get call(): Call {
    return this.#state.call
  }

  get legs(): ReadonlyMap<string, Leg> {
    return this.#state.legs
  }

  get recordings(): ReadonlyMap<string, Recording> {
    return this.#recordings
  }

  /** Makes known a recording that was begun before this record was made. */
  adopt(recording: Recording): void {
    this.#recordings.set(recording.id, recording)
  }

  /** Writes a new call; rejects with StorageError, and then the call does not exist. */
  async create(): Promise<void> {
    const { clock, calls } = this.#dependencies
    this.#note({ type: 'callStatus', status: this.call.status }, clock.now())
    this.#emit('call', 'callCreated', this.call, clock.now())
    await calls.commit(this.#take())
  }

  /** Notes what happened and applies it to the call and its legs. */
  report(...events: readonly JournalEvent[]): void {
    const at = this.#dependencies.clock.now()
    for (const event of events) {
      const before = this.#state
      this.#state = project(before, event, at)
      this.#note(event, at)
      if (this.#state.call !== before.call) this.#emit('call', 'callUpdated', this.call, at)
      const recording = projectRecording(this.#recordings, this.call, event, at)
      if (!recording) continue
      const isNew = !this.#recordings.has(recording.id)
      this.#recordings.set(recording.id, recording)
      this.#changedRecordings.push(recording)
      this.#emit('recording', isNew ? 'recordingCreated' : 'recordingUpdated', recording, at)
    }
    this.#writing ??= this.#write()
  }

  /** Resolves once everything reported so far is on disk. */
  async settled(): Promise<void> {
    this.#awaited += 1
    this.#hurry?.()
    try {
      await this.#writing
    } finally {
      this.#awaited -= 1
    }
  }

  #note(event: JournalEvent, at: number): void {
    this.#sequence += 1
    this.#entries.push({ callId: this.call.id, sequence: this.#sequence, at, event })
  }

  #emit(type: 'call' | 'recording', event: string, resource: Call | Recording, at: number): void {
    const { id, accountId, webhook } = this.call
    if (!webhook) return
    const payload = JSON.stringify(resource)
    this.#events.push({
      id: this.#dependencies.ids.uuid(),
      accountId,
      callId: id,
      type,
      event,
      payload,
      at,
    })
  }

  #take(): CallChange {
    const change = {
      call: this.call,
      legs: [...this.legs.values()],
      recordings: this.#changedRecordings,
      journal: this.#entries,
      events: this.#events,
    }
    this.#entries = []
    this.#events = []
    this.#changedRecordings = []
    return change
  }

  async #write(): Promise<void> {
    while (this.#entries.length > 0) {
      await this.#linger()
      const change = this.#take()
      try {
        await this.#dependencies.calls.commit(change)
      } catch (error) {
        this.#dependencies.logger.error(
          { err: error, callId: this.call.id },
          'call could not be written; retrying',
        )
        this.#putBack(change)
        await new Promise<void>((resolve) => void this.#dependencies.clock.after(RETRY_MS, resolve))
      }
    }
    this.#writing = undefined
  }

  /** Whatever is reported in the same turn, or soon, joins the change: each costs a commit. */
  async #linger(): Promise<void> {
    await undefined
    const { clock, lingerMs = LINGER_MS } = this.#dependencies
    if (this.#awaited > 0 || lingerMs === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#hurry = resolve
    using _timer = clock.after(lingerMs, resolve)
    await promise
    this.#hurry = undefined
  }

  #putBack({ journal = [], events = [], recordings = [] }: CallChange): void {
    this.#changedRecordings = [...recordings, ...this.#changedRecordings]
    this.#entries = [...journal, ...this.#entries].slice(-MAX_WAITING_ENTRIES)
    this.#events = [...events, ...this.#events].slice(-MAX_WAITING_ENTRIES)
  }
}
