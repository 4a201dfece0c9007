import type { CallFlow } from './call-flow.ts'
import type { Timestamp } from './time.ts'

export type CallStatus = 'queued' | 'starting' | 'ongoing' | 'ended' | 'failed' | 'busy' | 'no_answer'
export type LegStatus = 'starting' | 'ringing' | 'ongoing' | 'busy' | 'no_answer' | 'failed' | 'hangup'
export type Direction = 'incoming' | 'outgoing'

export const LIVE_CALL_STATUSES: readonly CallStatus[] = ['queued', 'starting', 'ongoing']
export const LIVE_LEG_STATUSES: readonly LegStatus[] = ['starting', 'ringing', 'ongoing']

/** Why a call or a leg ended: who did it, in one word what, and a sentence for people. */
export interface EndReason {
  readonly by: 'remote' | 'flow' | 'api' | 'linnet'
  readonly cause: EndCause
  readonly detail?: string
}

export type EndCause =
  | 'hangup' // the far end sent BYE
  | 'canceled' // the caller gave up before the answer, or the API did
  | 'flowEnded' // the last step is done
  | 'hangupStep'
  | 'deleted' // DELETE /calls/{id}
  | 'busy'
  | 'noAnswer'
  | 'rejected'
  | 'unreachable'
  | 'noRoute' // no trunk for the number, or an address that can't be called
  | 'noFlow' // nothing assigned to the number, and no default flow
  | 'noCommonCodec'
  | 'noAck' // our 200 was never acknowledged
  | 'noMedia' // no RTP for too long
  | 'maxDuration'
  | 'budget' // the flow ran more steps, or fetched more, than a call may
  | 'fetchFailed'
  | 'capacity'
  | 'crash' // the process died; written at the next start
  | 'shutdown'
  | 'fault' // a defect of Linnet's; the log has it

/** Where the events of one call are sent. */
export interface CallWebhook {
  readonly url: string
  readonly token?: string
}

export interface Call {
  readonly id: string
  readonly accountId: string
  readonly status: CallStatus
  readonly direction: Direction
  /** Without a leading plus; absent when unknown. */
  readonly source?: string
  readonly destination?: string
  /** The called number's id, for incoming calls to an assigned number. */
  readonly numberId?: string
  readonly webhook?: CallWebhook
  /** The flow that the call began with. */
  readonly callFlow: CallFlow
  /** Made with a `test_` key: runs on a simulated phone. */
  readonly test: boolean
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly endedAt?: Timestamp
  readonly endReason?: EndReason
}

/** One party's part in a call. */
export interface Leg {
  readonly id: string
  readonly callId: string
  readonly status: LegStatus
  readonly direction: Direction
  readonly source?: string
  readonly destination?: string
  /** One of the API's list (docs/api/calls.md); absent until the leg was answered or refused. */
  readonly sipResponseCode?: number
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
  readonly answeredAt?: Timestamp
  readonly endedAt?: Timestamp
  readonly endReason?: EndReason
}
