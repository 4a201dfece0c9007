import type { CallChange, CallRepository } from '../domain/repositories.ts'
import {
  liveCallQueries,
  prepareCallPartWrites,
  prepareCallReads,
  prepareCallWrites,
  prepareLegReads,
} from './call-queries.ts'
import {
  toCall,
  toCallRow,
  toCallSummary,
  toJournalEntry,
  toJournalRow,
  toLeg,
  toLegRow,
  toOutboxRow,
} from './call-rows.ts'
import type { Database } from './database.ts'
import { offsetOf, toPage } from './page.ts'
import { prepareRecordingWrites, toRecordingRow } from './recording-repository.ts'
import type { CallRow, LegRow } from './schema.ts'

/** Calls, their legs and their journals; a change and the events that tell of it are one transaction. */
export function openCallRepository(database: Database): CallRepository {
  return { ...openCalls(database), ...openLegs(database), ...openRecovery(database) }
}

function openCalls(database: Database): Pick<CallRepository, 'commit' | 'find' | 'list'> {
  const { builder } = database
  const writes = {
    ...prepareCallWrites(builder),
    ...prepareCallPartWrites(builder),
    ...prepareRecordingWrites(builder),
  }
  const reads = prepareCallReads(builder)

  function queriesOf({ call, legs = [], recordings = [], journal = [], events = [] }: CallChange) {
    const callRow = call && toCallRow(call)
    return [
      ...(callRow ? [writes.saveCall(callRow), writes.countCall(callRow)] : []),
      ...legs.map((leg) => writes.saveLeg(toLegRow(leg))),
      ...recordings.map((recording) => {
        const write = recording.status === 'recording' ? writes.saveRecording : writes.endRecording
        return write(toRecordingRow(recording))
      }),
      ...journal.map((entry) => writes.appendJournal(toJournalRow(entry))),
      ...events.map((event) => writes.appendOutbox(toOutboxRow(event))),
    ]
  }

  return {
    async commit(change) {
      const queries = queriesOf(change)
      if (queries.length > 0) await database.write(queries)
    },

    async find(accountId, callId) {
      const [row] = await database.read(reads.findCall({ accountId, callId }))
      return row && toCall(row)
    },

    async list(accountId, request) {
      const [rows, [total]] = await Promise.all([
        database.read(reads.listCalls({ accountId, limit: request.perPage, offset: offsetOf(request) })),
        database.read(reads.countCalls({ accountId })),
      ])
      return toPage(request, rows, total?.count, toCallSummary)
    },
  }
}

function openLegs(
  database: Database,
): Pick<CallRepository, 'findLeg' | 'findLegById' | 'listLegs' | 'journal'> {
  const reads = prepareLegReads(database.builder)

  return {
    async findLeg(accountId, callId, legId) {
      const [row] = await database.read(reads.findLeg({ accountId, callId, legId }))
      return row && toLeg(row)
    },

    async findLegById(accountId, legId) {
      const [row] = await database.read(reads.findLegById({ accountId, legId }))
      return row && toLeg(row)
    },

    async listLegs(accountId, callId, request) {
      const { perPage: limit } = request
      const [rows, [counter]] = await Promise.all([
        database.read(reads.listLegs({ accountId, callId, limit, offset: offsetOf(request) })),
        database.read(reads.countLegs({ accountId, callId })),
      ])
      return toPage(request, rows, counter?.count, toLeg)
    },

    async journal(accountId, callId) {
      const rows = await database.read(reads.readJournal({ accountId, callId }))
      return rows.map(toJournalEntry)
    },
  }
}

function openRecovery(database: Database): Pick<CallRepository, 'listLive'> {
  const live = liveCallQueries(database.builder)

  return {
    async listLive() {
      // In one transaction, so that the three answers fit together.
      const results = await database.write([live.calls, live.legs, live.lastSequences])
      const [calls = [], legs = [], lasts = []] = results.map(({ rows }) => rows)
      // Rows are what the three queries select, in their order.
      const legsByCall = Map.groupBy(legs as readonly LegRow[], (leg) => leg.call_id)
      const lastByCall = new Map(
        (lasts as readonly { call_id: string; sequence: number | null }[]).map((row) => [
          row.call_id,
          row.sequence,
        ]),
      )
      return (calls as readonly CallRow[]).map((row) => ({
        call: toCall(row),
        legs: (legsByCall.get(row.id) ?? []).map(toLeg),
        lastSequence: lastByCall.get(row.id) ?? 0,
      }))
    },
  }
}
