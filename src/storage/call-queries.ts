import { type Kysely, sql } from 'kysely'
import {
  CALL_COLUMNS,
  CALL_SUMMARY_COLUMNS,
  JOURNAL_COLUMNS,
  LEG_COLUMNS,
  OUTBOX_COLUMNS,
} from './call-rows.ts'
import { pick, prepare } from './prepare.ts'
import type { CallRow, JournalRow, LegRow, OutboxRow, Tables } from './schema.ts'

type Builder = Kysely<Tables>
interface CallKey {
  readonly accountId: string
  readonly callId: string
}

/** The queries that write a call's own row, compiled once. */
export function prepareCallWrites(builder: Builder) {
  return {
    /** Inserts a call as the account's next, or replaces all but its id, its account and its time of birth. */
    saveCall: prepare((p: CallRow) =>
      builder
        .insertInto('calls')
        .values({ ...pick(p, CALL_COLUMNS), account_sequence: nextSequence(builder, p.account_id) })
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet(({ ref }) => ({
              status: ref('excluded.status'),
              live: ref('excluded.live'),
              direction: ref('excluded.direction'),
              source: ref('excluded.source'),
              destination: ref('excluded.destination'),
              number_id: ref('excluded.number_id'),
              webhook: ref('excluded.webhook'),
              call_flow: ref('excluded.call_flow'),
              test: ref('excluded.test'),
              updated_at: ref('excluded.updated_at'),
              ended_at: ref('excluded.ended_at'),
              end_reason: ref('excluded.end_reason'),
            }))
            .whereRef('calls.account_id', '=', 'excluded.account_id'),
        ),
    ),

    /** After `saveCall`: counts the call if it is new. The count is the last sequence, and so the next one is known. */
    countCall: prepare((p: CallRow) =>
      builder
        .insertInto('call_counts')
        .columns(['account_id', 'count'])
        .expression(
          builder
            .selectFrom('calls')
            .select(['account_id', 'account_sequence'])
            .where('id', '=', p.id)
            .where('account_id', '=', p.account_id)
            .where('account_sequence', '=', nextSequence(builder, p.account_id)),
        )
        .onConflict((conflict) =>
          conflict.column('account_id').doUpdateSet(({ ref }) => ({ count: ref('excluded.count') })),
        ),
    ),
  }
}

/** The queries that write what belongs to a call, compiled once. */
export function prepareCallPartWrites(builder: Builder) {
  return {
    saveLeg: prepare((p: LegRow) =>
      builder
        .insertInto('legs')
        .values({ ...pick(p, LEG_COLUMNS), call_key: callKey(builder, p.call_id) })
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet(({ ref }) => ({
              status: ref('excluded.status'),
              direction: ref('excluded.direction'),
              source: ref('excluded.source'),
              destination: ref('excluded.destination'),
              sip_response_code: ref('excluded.sip_response_code'),
              updated_at: ref('excluded.updated_at'),
              answered_at: ref('excluded.answered_at'),
              ended_at: ref('excluded.ended_at'),
              end_reason: ref('excluded.end_reason'),
            }))
            .whereRef('legs.call_key', '=', 'excluded.call_key'),
        ),
    ),

    appendJournal: prepare((p: JournalRow) =>
      builder
        .insertInto('journal')
        .values({ ...pick(p, JOURNAL_COLUMNS), call_key: callKey(builder, p.call_id) }),
    ),
    appendOutbox: prepare((p: OutboxRow) => builder.insertInto('outbox').values(pick(p, OUTBOX_COLUMNS))),
  }
}

/** The queries that read calls of one account, compiled once. */
export function prepareCallReads(builder: Builder) {
  return {
    findCall: prepare((p: CallKey) =>
      builder
        .selectFrom('calls')
        .select(CALL_COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('id', '=', p.callId),
    ),

    /** Sequences have no gaps: the page begins at the one that lies `offset` below the last. */
    listCalls: prepare((p: { accountId: string; limit: number; offset: number }) =>
      builder
        .selectFrom('calls')
        .select(CALL_SUMMARY_COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('account_sequence', '<=', (eb) =>
          eb
            .selectFrom('call_counts')
            .select(sql<number>`count - ${p.offset}`.as('first'))
            .where('account_id', '=', p.accountId),
        )
        .orderBy('account_sequence', 'desc')
        .limit(p.limit),
    ),
    countCalls: prepare((p: { accountId: string }) =>
      builder.selectFrom('call_counts').select('count').where('account_id', '=', p.accountId),
    ),
  }
}

/** The queries that read the legs and the journal of one account's calls, compiled once. */
export function prepareLegReads(builder: Builder) {
  return {
    findLeg: prepare((p: CallKey & { legId: string }) =>
      legsOfAccount(builder, p.accountId).where('legs.id', '=', p.legId).where('calls.id', '=', p.callId),
    ),
    findLegById: prepare((p: { accountId: string; legId: string }) =>
      legsOfAccount(builder, p.accountId).where('legs.id', '=', p.legId),
    ),
    listLegs: prepare((p: CallKey & { limit: number; offset: number }) =>
      legsOfAccount(builder, p.accountId)
        .where('calls.id', '=', p.callId)
        .orderBy('legs.sequence')
        .limit(p.limit)
        .offset(p.offset),
    ),
    countLegs: prepare((p: CallKey) =>
      builder
        .selectFrom('legs')
        .innerJoin('calls', 'calls.key', 'legs.call_key')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('calls.account_id', '=', p.accountId)
        .where('calls.id', '=', p.callId),
    ),

    readJournal: prepare((p: CallKey) =>
      builder
        .selectFrom('journal')
        .innerJoin('calls', 'calls.key', 'journal.call_key')
        .select(['calls.id as call_id', ...JOURNAL_COLUMNS.map((column) => `journal.${column}` as const)])
        .where('calls.account_id', '=', p.accountId)
        .where('calls.id', '=', p.callId)
        .orderBy('journal.sequence'),
    ),
  }
}

/** The queries of the recovery at start, over all accounts: to be asked in one transaction. */
export function liveCallQueries(builder: Builder) {
  // A constant, not a parameter: only so does the planner know that the partial index holds all that is asked for.
  const live = sql.lit<1>(1)
  return {
    calls: builder
      .selectFrom('calls')
      .select(CALL_COLUMNS)
      .where('live', '=', live)
      .orderBy('created_at')
      .orderBy('id')
      .compile(),
    // In the order of the index of live calls first, lest a planner walks through all legs ever made for their order.
    legs: builder
      .selectFrom('calls')
      .innerJoin('legs', 'legs.call_key', 'calls.key')
      .select(['calls.id as call_id', ...LEG_COLUMNS.map((column) => `legs.${column}` as const)])
      .where('calls.live', '=', live)
      .orderBy('calls.created_at')
      .orderBy('calls.id')
      .orderBy('legs.sequence')
      .compile(),
    lastSequences: builder
      .selectFrom('calls')
      .select((eb) => [
        'calls.id as call_id',
        eb
          .selectFrom('journal')
          .select(({ fn }) => fn.max('journal.sequence').as('last'))
          .whereRef('journal.call_key', '=', 'calls.key')
          .as('sequence'),
      ])
      .where('calls.live', '=', live)
      .compile(),
  }
}

/** The sequence of the account's next call; nothing has it yet, so a call that is already there never clashes with another. */
function nextSequence(builder: Builder, accountId: string) {
  const count = builder.selectFrom('call_counts').select('count').where('account_id', '=', accountId)
  return sql<number>`coalesce(${count}, 0) + 1`
}

function legsOfAccount(builder: Builder, accountId: string) {
  return builder
    .selectFrom('legs')
    .innerJoin('calls', 'calls.key', 'legs.call_key')
    .select(['calls.id as call_id', ...LEG_COLUMNS.map((column) => `legs.${column}` as const)])
    .where('calls.account_id', '=', accountId)
}

/** The key of a call, inside a statement. A missing call is null, which its children's tables refuse. */
function callKey(builder: Builder, callId: string) {
  return builder.selectFrom('calls').select('key').where('id', '=', callId)
}
