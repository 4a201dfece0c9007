import type { Timestamp } from './time.ts'

/** An account-wide receiver of call events. */
export interface Webhook {
  readonly id: string
  readonly accountId: string
  readonly url: string
  readonly token?: string
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}

/** An event that must leave: written in the transaction of the change that it tells of (the outbox). */
export interface OutgoingEvent {
  /** Stable over all attempts, so that a receiver can drop duplicates. */
  readonly id: string
  readonly accountId: string
  readonly callId: string
  readonly type: 'call' | 'leg' | 'recording' | 'transcription'
  /** Such as `callCreated`, `callUpdated`. */
  readonly event: string
  /** The resource (Call, Leg, ...) as it was at that moment, as JSON of its domain type; the deliverer gives it the API's shape. */
  readonly payload: string
  readonly at: Timestamp
}
