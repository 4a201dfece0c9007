import { type Call, type Leg, LIVE_CALL_STATUSES } from '../domain/call.ts'
import type { JournalEntry } from '../domain/journal.ts'
import type { CallSummary } from '../domain/repositories.ts'
import type { OutgoingEvent } from '../domain/webhook.ts'
import { fromJson, toFlag, toJson, withoutNulls } from './columns.ts'
import type { CallRow, JournalRow, LegRow, OutboxRow } from './schema.ts'

export const CALL_COLUMNS = [
  'id',
  'account_id',
  'status',
  'live',
  'direction',
  'source',
  'destination',
  'number_id',
  'webhook',
  'call_flow',
  'test',
  'created_at',
  'updated_at',
  'ended_at',
  'end_reason',
] as const satisfies readonly (keyof CallRow)[]

/** All but the documents, which may be 32 KiB in each call. */
export const CALL_SUMMARY_COLUMNS = CALL_COLUMNS.filter(
  (column) => column !== 'call_flow' && column !== 'webhook',
)

export function toCallRow(call: Call): CallRow {
  return {
    id: call.id,
    account_id: call.accountId,
    status: call.status,
    live: toFlag(LIVE_CALL_STATUSES.includes(call.status)),
    direction: call.direction,
    source: call.source ?? null,
    destination: call.destination ?? null,
    number_id: call.numberId ?? null,
    webhook: toJson(call.webhook),
    call_flow: JSON.stringify(call.callFlow),
    test: toFlag(call.test),
    created_at: call.createdAt,
    updated_at: call.updatedAt,
    ended_at: call.endedAt ?? null,
    end_reason: toJson(call.endReason),
  }
}

export function toCall(row: CallRow): Call {
  return {
    ...toCallSummary(row),
    ...(row.webhook !== null && { webhook: fromJson<NonNullable<Call['webhook']>>(row.webhook) }),
    callFlow: fromJson<Call['callFlow']>(row.call_flow),
  }
}

export function toCallSummary(row: Omit<CallRow, 'webhook' | 'call_flow'>): CallSummary {
  return {
    id: row.id,
    accountId: row.account_id,
    status: row.status,
    direction: row.direction,
    ...withoutNulls({ source: row.source, destination: row.destination, numberId: row.number_id }),
    test: row.test === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...withoutNulls({ endedAt: row.ended_at }),
    ...(row.end_reason !== null && { endReason: fromJson<NonNullable<Call['endReason']>>(row.end_reason) }),
  }
}

export const LEG_COLUMNS = [
  'id',
  'status',
  'direction',
  'source',
  'destination',
  'sip_response_code',
  'created_at',
  'updated_at',
  'answered_at',
  'ended_at',
  'end_reason',
] as const satisfies readonly (keyof LegRow)[]

export function toLegRow(leg: Leg): LegRow {
  return {
    id: leg.id,
    call_id: leg.callId,
    status: leg.status,
    direction: leg.direction,
    source: leg.source ?? null,
    destination: leg.destination ?? null,
    sip_response_code: leg.sipResponseCode ?? null,
    created_at: leg.createdAt,
    updated_at: leg.updatedAt,
    answered_at: leg.answeredAt ?? null,
    ended_at: leg.endedAt ?? null,
    end_reason: toJson(leg.endReason),
  }
}

export function toLeg(row: LegRow): Leg {
  return {
    id: row.id,
    callId: row.call_id,
    status: row.status,
    direction: row.direction,
    ...withoutNulls({
      source: row.source,
      destination: row.destination,
      sipResponseCode: row.sip_response_code,
    }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...withoutNulls({ answeredAt: row.answered_at, endedAt: row.ended_at }),
    ...(row.end_reason !== null && { endReason: fromJson<NonNullable<Leg['endReason']>>(row.end_reason) }),
  }
}

export const JOURNAL_COLUMNS = ['sequence', 'at', 'event'] as const satisfies readonly (keyof JournalRow)[]

export function toJournalRow({ callId, sequence, at, event }: JournalEntry): JournalRow {
  return { call_id: callId, sequence, at, event: JSON.stringify(event) }
}

export function toJournalEntry({ call_id, sequence, at, event }: JournalRow): JournalEntry {
  return { callId: call_id, sequence, at, event: fromJson<JournalEntry['event']>(event) }
}

export const OUTBOX_COLUMNS = [
  'id',
  'account_id',
  'call_id',
  'type',
  'event',
  'payload',
  'created_at',
  'state',
  'attempts',
  'next_attempt_at',
] as const satisfies readonly (keyof OutboxRow)[]

/** A new event is due at once. */
export function toOutboxRow(event: OutgoingEvent): OutboxRow {
  return {
    id: event.id,
    account_id: event.accountId,
    call_id: event.callId,
    type: event.type,
    event: event.event,
    payload: event.payload,
    created_at: event.at,
    state: 'pending',
    attempts: 0,
    next_attempt_at: event.at,
  }
}
