import { type Kysely, sql } from 'kysely'
import type { Transcription } from '../domain/recording.ts'
import type { TranscriptionRepository } from '../domain/repositories.ts'
import { withoutNulls } from './columns.ts'
import type { Database } from './database.ts'
import { offsetOf, toPage } from './page.ts'
import { pick, prepare } from './prepare.ts'
import type { Tables, TranscriptionRow } from './schema.ts'

const COLUMNS = [
  'id',
  'account_id',
  'recording_id',
  'call_id',
  'leg_id',
  'language',
  'status',
  'text',
  'error',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof TranscriptionRow)[]

interface RecordingKey {
  readonly accountId: string
  readonly recordingId: string
}

/** Transcriptions. One whose recording was deleted while it was in the making is dropped, not an error. */
export function openTranscriptionRepository(database: Database): TranscriptionRepository {
  const queries = prepareQueries(database.builder)

  return {
    async save(transcription) {
      const { accountId, recordingId } = transcription
      await database.writeUnless(
        [queries.recordingIsGone({ accountId, recordingId })],
        [queries.save(toRow(transcription))],
      )
    },

    async find(accountId, transcriptionId) {
      const [row] = await database.read(queries.find({ accountId, transcriptionId }))
      return row && toTranscription(row)
    },

    async listByRecording(accountId, recordingId, request) {
      const { perPage: limit } = request
      const [rows, [counter]] = await Promise.all([
        database.read(queries.list({ accountId, recordingId, limit, offset: offsetOf(request) })),
        database.read(queries.count({ accountId, recordingId })),
      ])
      return toPage(request, rows, counter?.count, toTranscription)
    },
  }
}

function prepareQueries(builder: Kysely<Tables>) {
  return {
    recordingIsGone: prepare((p: RecordingKey) =>
      builder
        .selectNoFrom(sql.lit(1).as('gone'))
        .where(({ not, exists }) =>
          not(
            exists(
              builder
                .selectFrom('recordings')
                .select('id')
                .where('account_id', '=', p.accountId)
                .where('id', '=', p.recordingId),
            ),
          ),
        ),
    ),
    save: prepare((p: TranscriptionRow) =>
      builder
        .insertInto('transcriptions')
        .values(pick(p, COLUMNS))
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet(({ ref }) => ({
              language: ref('excluded.language'),
              status: ref('excluded.status'),
              text: ref('excluded.text'),
              error: ref('excluded.error'),
              updated_at: ref('excluded.updated_at'),
            }))
            .whereRef('transcriptions.account_id', '=', 'excluded.account_id'),
        ),
    ),
    find: prepare((p: { accountId: string; transcriptionId: string }) =>
      builder
        .selectFrom('transcriptions')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('id', '=', p.transcriptionId),
    ),
    list: prepare((p: RecordingKey & { limit: number; offset: number }) =>
      builder
        .selectFrom('transcriptions')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('recording_id', '=', p.recordingId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(p.limit)
        .offset(p.offset),
    ),
    count: prepare((p: RecordingKey) =>
      builder
        .selectFrom('transcriptions')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('account_id', '=', p.accountId)
        .where('recording_id', '=', p.recordingId),
    ),
  }
}

function toRow(transcription: Transcription): TranscriptionRow {
  return {
    id: transcription.id,
    account_id: transcription.accountId,
    recording_id: transcription.recordingId,
    call_id: transcription.callId,
    leg_id: transcription.legId,
    language: transcription.language,
    status: transcription.status,
    text: transcription.text ?? null,
    error: transcription.error ?? null,
    created_at: transcription.createdAt,
    updated_at: transcription.updatedAt,
  }
}

function toTranscription(row: TranscriptionRow): Transcription {
  return {
    id: row.id,
    accountId: row.account_id,
    recordingId: row.recording_id,
    callId: row.call_id,
    legId: row.leg_id,
    language: row.language,
    status: row.status,
    ...withoutNulls({ text: row.text, error: row.error }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
