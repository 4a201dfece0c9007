import type { Generated } from 'kysely'
import type { CallStatus, Direction, LegStatus } from '../domain/call.ts'
import type { RecordingStatus, RecordingType, TranscriptionStatus } from '../domain/recording.ts'
import type { OutgoingEvent } from '../domain/webhook.ts'

/** A boolean, as both databases can bind and store it. */
export type Flag = 0 | 1

export interface AccountRow {
  readonly id: string
  readonly name: string
  readonly created_at: number
}

export interface AccessKeyRow {
  readonly id: string
  readonly account_id: string
  readonly mode: 'live' | 'test'
  readonly hash: string
  readonly hint: string
  readonly name: string | null
  readonly created_at: number
  readonly revoked_at: number | null
}

export interface CallCountRow {
  readonly account_id: string
  readonly count: number
}

export interface CallFlowBlockRow {
  readonly account_id: string
  readonly block: number
  readonly count: number
}

export interface CallFlowRow {
  readonly id: string
  readonly account_id: string
  readonly is_default: Flag
  readonly flow: string // JSON of a CallFlow
  readonly created_at: number
  readonly updated_at: number
}

export interface NumberRow {
  readonly id: string
  readonly account_id: string
  readonly number: string
  readonly call_flow_id: string
  /** Shared by the numbers of the last assignment to touch this one. */
  readonly assignment_id: string
  readonly created_at: number
  readonly updated_at: number
}

export interface CallRow {
  readonly id: string
  readonly account_id: string
  readonly status: CallStatus
  /** Whether the status is a live one; what the recovery at start looks for. */
  readonly live: Flag
  readonly direction: Direction
  readonly source: string | null
  readonly destination: string | null
  readonly number_id: string | null
  readonly webhook: string | null // JSON of a CallWebhook
  readonly call_flow: string // JSON of a CallFlow
  readonly test: Flag
  readonly created_at: number
  readonly updated_at: number
  readonly ended_at: number | null
  readonly end_reason: string | null // JSON of an EndReason
}

export interface LegRow {
  readonly id: string
  readonly call_id: string
  readonly status: LegStatus
  readonly direction: Direction
  readonly source: string | null
  readonly destination: string | null
  readonly sip_response_code: number | null
  readonly created_at: number
  readonly updated_at: number
  readonly answered_at: number | null
  readonly ended_at: number | null
  readonly end_reason: string | null // JSON of an EndReason
}

export interface JournalRow {
  readonly call_id: string
  readonly sequence: number
  readonly at: number
  readonly event: string // JSON of a JournalEvent
}

export interface OutboxRow {
  readonly id: string
  readonly account_id: string
  readonly call_id: string
  readonly type: OutgoingEvent['type']
  readonly event: string
  readonly payload: string // JSON, as it is sent
  readonly created_at: number
  readonly state: 'pending' | 'delivered' | 'dead'
  readonly attempts: number
  readonly next_attempt_at: number
}

export interface RecordingRow {
  readonly id: string
  readonly account_id: string
  readonly call_id: string
  readonly leg_id: string
  readonly type: RecordingType
  readonly status: RecordingStatus
  readonly duration_seconds: number
  readonly transcribe_language: string | null
  readonly created_at: number
  readonly updated_at: number
}

export interface TranscriptionRow {
  readonly id: string
  readonly account_id: string
  readonly recording_id: string
  readonly call_id: string
  readonly leg_id: string
  readonly language: string
  readonly status: TranscriptionStatus
  readonly text: string | null
  readonly error: string | null
  readonly created_at: number
  readonly updated_at: number
}

export interface WebhookRow {
  readonly id: string
  readonly account_id: string
  readonly url: string
  readonly token: string | null
  readonly created_at: number
  readonly updated_at: number
}

/** Every table, with the columns that queries name. Times are Unix milliseconds; `sequence` numbers the order of inserts. */
export interface Tables {
  readonly accounts: AccountRow
  readonly access_keys: AccessKeyRow
  readonly call_flows: CallFlowRow & InList
  readonly call_flow_blocks: CallFlowBlockRow
  readonly numbers: NumberRow
  readonly call_counts: CallCountRow
  readonly calls: CallRow & InList & { readonly key: Inserted }
  readonly legs: Child<LegRow> & { readonly sequence: Inserted }
  readonly journal: Child<JournalRow>
  readonly outbox: OutboxRow & { readonly sequence: Inserted }
  readonly recordings: RecordingRow
  readonly transcriptions: TranscriptionRow
  readonly webhooks: WebhookRow
}

/** The table of a call's children: they name the call by its key, in a row as it is read and written by its id. */
type Child<Row> = Omit<Row, 'call_id'> & { readonly call_key: number }

/** The place of a row among those of its account, in the order of creation: what lists are ordered by. */
interface InList {
  readonly account_sequence: number
}

/** A column that the database fills in. */
type Inserted = Generated<number>
