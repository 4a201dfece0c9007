import type { Kysely } from 'kysely'
import type { AssignedNumber } from '../domain/number.ts'
import type { NewNumber, NumberRepository } from '../domain/repositories.ts'
import type { Database } from './database.ts'
import { offsetOf, toPage } from './page.ts'
import { pick, prepare } from './prepare.ts'
import type { NumberRow, Tables } from './schema.ts'

const COLUMNS = [
  'id',
  'account_id',
  'number',
  'call_flow_id',
  'assignment_id',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof NumberRow)[]

/** Numbers asked about in one query: far below what either database can bind. */
const CHUNK = 500

interface FlowKey {
  readonly accountId: string
  readonly callFlowId: string
}

/** Numbers and the flows that answer them. */
export function openNumberRepository(database: Database): NumberRepository {
  const { builder } = database
  const queries = prepareQueries(builder)

  return {
    async findByNumber(number) {
      const [row] = await database.read(queries.findByNumber({ number }))
      return row && toNumber(row)
    },

    async find(accountId, idOrNumber) {
      const rows = await database.read(queries.find({ accountId, idOrNumber }))
      const row = rows.find(({ id }) => id === idOrNumber) ?? rows[0]
      return row && toNumber(row)
    },

    async listByCallFlow(accountId, callFlowId, request) {
      const { perPage: limit } = request
      const [rows, [counter]] = await Promise.all([
        database.read(queries.list({ accountId, callFlowId, limit, offset: offsetOf(request) })),
        database.read(queries.count({ accountId, callFlowId })),
      ])
      return toPage(request, rows, counter?.count, toNumber)
    },

    async assign(flow, numbers, { replace }) {
      // The id of a number that is fresh tells this assignment from all before; the one of no numbers is like no other.
      const assignmentId = numbers[0]?.id ?? ''
      const taken = await database.writeUnless(takenQueries(builder, flow.accountId, numbers), [
        ...numbers.map((number) => queries.assign(toRow({ ...number, ...flow }, assignmentId))),
        ...(replace ? [queries.giveBackOthers({ ...flow, assignmentId })] : []),
      ])
      return taken.map(({ number }) => number)
    },
  }
}

function prepareQueries(builder: Kysely<Tables>) {
  return {
    findByNumber: prepare((p: { number: string }) =>
      builder.selectFrom('numbers').select(COLUMNS).where('number', '=', p.number),
    ),
    find: prepare((p: { accountId: string; idOrNumber: string }) =>
      builder
        .selectFrom('numbers')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where((eb) => eb.or([eb('id', '=', p.idOrNumber), eb('number', '=', p.idOrNumber)])),
    ),
    list: prepare((p: FlowKey & { limit: number; offset: number }) =>
      builder
        .selectFrom('numbers')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('call_flow_id', '=', p.callFlowId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(p.limit)
        .offset(p.offset),
    ),
    count: prepare((p: FlowKey) =>
      builder
        .selectFrom('numbers')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('account_id', '=', p.accountId)
        .where('call_flow_id', '=', p.callFlowId),
    ),
    assign: prepare((p: NumberRow) =>
      builder
        .insertInto('numbers')
        .values(pick(p, COLUMNS))
        .onConflict((conflict) =>
          conflict
            .column('number')
            .doUpdateSet(({ ref }) => ({
              call_flow_id: ref('excluded.call_flow_id'),
              assignment_id: ref('excluded.assignment_id'),
              updated_at: ref('excluded.updated_at'),
            }))
            .whereRef('numbers.account_id', '=', 'excluded.account_id'),
        ),
    ),
    giveBackOthers: prepare((p: FlowKey & { assignmentId: string }) =>
      builder
        .deleteFrom('numbers')
        .where('account_id', '=', p.accountId)
        .where('call_flow_id', '=', p.callFlowId)
        .where('assignment_id', '<>', p.assignmentId),
    ),
  }
}

/** Which of the numbers belong to other accounts. */
function takenQueries(builder: Kysely<Tables>, accountId: string, numbers: readonly NewNumber[]) {
  const chunkCount = Math.ceil(numbers.length / CHUNK)
  return Array.from({ length: chunkCount }, (_, index) => {
    const chunk = numbers.slice(index * CHUNK, (index + 1) * CHUNK).map(({ number }) => number)
    return builder
      .selectFrom('numbers')
      .select('number')
      .where('number', 'in', chunk)
      .where('account_id', '<>', accountId)
      .orderBy('number')
      .compile()
  })
}

function toRow(number: AssignedNumber, assignmentId: string): NumberRow {
  return {
    id: number.id,
    account_id: number.accountId,
    number: number.number,
    call_flow_id: number.callFlowId,
    assignment_id: assignmentId,
    created_at: number.createdAt,
    updated_at: number.updatedAt,
  }
}

function toNumber(row: NumberRow): AssignedNumber {
  return {
    id: row.id,
    accountId: row.account_id,
    number: row.number,
    callFlowId: row.call_flow_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
