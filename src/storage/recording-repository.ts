import type { Kysely } from 'kysely'
import type { Recording } from '../domain/recording.ts'
import type { RecordingRepository } from '../domain/repositories.ts'
import { withoutNulls } from './columns.ts'
import type { Database } from './database.ts'
import { offsetOf, toPage } from './page.ts'
import { pick, prepare } from './prepare.ts'
import type { RecordingRow, Tables } from './schema.ts'

const COLUMNS = [
  'id',
  'account_id',
  'call_id',
  'leg_id',
  'type',
  'status',
  'duration_seconds',
  'transcribe_language',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof RecordingRow)[]

interface LegKey {
  readonly accountId: string
  readonly callId: string
  readonly legId: string
}

/** What is known of recordings; their sound is kept elsewhere. */
export function openRecordingRepository(database: Database): RecordingRepository {
  const queries = prepareQueries(database.builder)
  const { saveRecording } = prepareRecordingWrites(database.builder)

  return {
    async save(recording) {
      await database.write([saveRecording(toRecordingRow(recording))])
    },

    async find(accountId, recordingId) {
      const [row] = await database.read(queries.find({ accountId, recordingId }))
      return row && toRecording(row)
    },

    async listByLeg(accountId, callId, legId, request) {
      const leg = { accountId, callId, legId }
      const [rows, [counter]] = await Promise.all([
        database.read(queries.list({ ...leg, limit: request.perPage, offset: offsetOf(request) })),
        database.read(queries.count(leg)),
      ])
      return toPage(request, rows, counter?.count, toRecording)
    },

    async delete(accountId, recordingId) {
      const [result] = await database.write([queries.delete({ accountId, recordingId })])
      return result?.changes === 1
    },
  }
}

/** The queries that write recordings; those of a call's change are part of its transaction. */
export function prepareRecordingWrites(builder: Kysely<Tables>) {
  return {
    saveRecording: prepare((p: RecordingRow) =>
      builder
        .insertInto('recordings')
        .values(pick(p, COLUMNS))
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet(({ ref }) => ({
              type: ref('excluded.type'),
              status: ref('excluded.status'),
              duration_seconds: ref('excluded.duration_seconds'),
              transcribe_language: ref('excluded.transcribe_language'),
              updated_at: ref('excluded.updated_at'),
            }))
            .whereRef('recordings.account_id', '=', 'excluded.account_id'),
        ),
    ),

    /** Of one that may have been deleted meanwhile: then nothing happens. */
    endRecording: prepare((p: RecordingRow) =>
      builder
        .updateTable('recordings')
        .set({ status: p.status, duration_seconds: p.duration_seconds, updated_at: p.updated_at })
        .where('account_id', '=', p.account_id)
        .where('id', '=', p.id),
    ),
  }
}

function prepareQueries(builder: Kysely<Tables>) {
  return {
    find: prepare((p: { accountId: string; recordingId: string }) =>
      builder
        .selectFrom('recordings')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('id', '=', p.recordingId),
    ),
    list: prepare((p: LegKey & { limit: number; offset: number }) =>
      builder
        .selectFrom('recordings')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('call_id', '=', p.callId)
        .where('leg_id', '=', p.legId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(p.limit)
        .offset(p.offset),
    ),
    count: prepare((p: LegKey) =>
      builder
        .selectFrom('recordings')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('account_id', '=', p.accountId)
        .where('call_id', '=', p.callId)
        .where('leg_id', '=', p.legId),
    ),
    /** Its transcriptions go with it: their foreign key cascades. */
    delete: prepare((p: { accountId: string; recordingId: string }) =>
      builder.deleteFrom('recordings').where('account_id', '=', p.accountId).where('id', '=', p.recordingId),
    ),
  }
}

/** A recording as its row. */
export function toRecordingRow(recording: Recording): RecordingRow {
  return {
    id: recording.id,
    account_id: recording.accountId,
    call_id: recording.callId,
    leg_id: recording.legId,
    type: recording.type,
    status: recording.status,
    duration_seconds: recording.durationSeconds,
    transcribe_language: recording.transcribeLanguage ?? null,
    created_at: recording.createdAt,
    updated_at: recording.updatedAt,
  }
}

function toRecording(row: RecordingRow): Recording {
  return {
    id: row.id,
    accountId: row.account_id,
    callId: row.call_id,
    legId: row.leg_id,
    type: row.type,
    status: row.status,
    durationSeconds: row.duration_seconds,
    ...withoutNulls({ transcribeLanguage: row.transcribe_language }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
