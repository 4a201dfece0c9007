import { type Kysely, sql } from 'kysely'
import type { CallFlow, StoredCallFlow } from '../domain/call-flow.ts'
import type { CallFlowRepository } from '../domain/repositories.ts'
import { firstBlock, nextSequence, prepareFlowBlocks } from './call-flow-blocks.ts'
import { fromJson, toFlag } from './columns.ts'
import type { Database } from './database.ts'
import { offsetOf, toPage } from './page.ts'
import { pick, prepare } from './prepare.ts'
import type { CallFlowRow, Tables } from './schema.ts'

const COLUMNS = [
  'id',
  'account_id',
  'is_default',
  'flow',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof CallFlowRow)[]

interface FlowKey {
  readonly accountId: string
  readonly callFlowId: string
}

/** Call flows; at most one of an account is its default. */
export function openCallFlowRepository(database: Database): CallFlowRepository {
  const writes = prepareWrites(database.builder)
  const reads = prepareReads(database.builder)
  const blocks = prepareFlowBlocks(database.builder)

  return {
    async save(flow) {
      const row = toRow(flow)
      await database.write([
        ...(flow.default ? [writes.clearDefault(row)] : []),
        blocks.countUp(row),
        writes.save(row),
      ])
    },

    async delete(accountId, callFlowId) {
      const key = { accountId, callFlowId }
      const results = await database.write([blocks.countDown(key), blocks.dropEmpty(key), writes.delete(key)])
      return results.at(-1)?.changes === 1
    },

    async find(accountId, callFlowId) {
      const [row] = await database.read(reads.find({ accountId, callFlowId }))
      return row && toCallFlow(row)
    },

    async findDefault(accountId) {
      const [row] = await database.read(reads.findDefault({ accountId }))
      return row && toCallFlow(row)
    },

    async list(accountId, request) {
      const [rows, [total]] = await Promise.all([
        database.read(reads.list({ accountId, limit: request.perPage, offset: offsetOf(request) })),
        database.read(blocks.total({ accountId })),
      ])
      return toPage(request, rows, total?.count, toCallFlow)
    },
  }
}

function prepareWrites(builder: Kysely<Tables>) {
  return {
    clearDefault: prepare((p: CallFlowRow) =>
      builder
        .updateTable('call_flows')
        .set({ is_default: 0 })
        .where('account_id', '=', p.account_id)
        .where('is_default', '=', sql.lit<1>(1))
        .where('id', '<>', p.id),
    ),

    save: prepare((p: CallFlowRow) =>
      builder
        .insertInto('call_flows')
        .values({ ...pick(p, COLUMNS), account_sequence: nextSequence(builder, p.account_id) })
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet(({ ref }) => ({
              is_default: ref('excluded.is_default'),
              flow: ref('excluded.flow'),
              updated_at: ref('excluded.updated_at'),
            }))
            .whereRef('call_flows.account_id', '=', 'excluded.account_id'),
        ),
    ),

    /** Its numbers go with it: their foreign key cascades. */
    delete: prepare((p: FlowKey) =>
      builder.deleteFrom('call_flows').where('account_id', '=', p.accountId).where('id', '=', p.callFlowId),
    ),
  }
}

function prepareReads(builder: Kysely<Tables>) {
  return {
    find: prepare((p: FlowKey) =>
      builder
        .selectFrom('call_flows')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('id', '=', p.callFlowId),
    ),

    findDefault: prepare((p: { accountId: string }) =>
      builder
        .selectFrom('call_flows')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('is_default', '=', sql.lit<1>(1)),
    ),

    /** Whole blocks are skipped by their counts, then less than one block of the index; only the page's rows are read. */
    list: prepare((p: { accountId: string; limit: number; offset: number }) =>
      builder
        .with(
          (cte) => cte('first').materialized(),
          () => firstBlock(builder, p),
        )
        .selectFrom('call_flows')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('account_sequence', '<', (eb) => eb.selectFrom('first').select('end'))
        .orderBy('account_sequence', 'desc')
        .limit(p.limit)
        .offset((eb) => eb.fn.coalesce(eb.selectFrom('first').select('rest'), sql.lit(0))),
    ),
  }
}

function toRow({
  id,
  accountId,
  default: isDefault,
  createdAt,
  updatedAt,
  ...flow
}: StoredCallFlow): CallFlowRow {
  return {
    id,
    account_id: accountId,
    is_default: toFlag(isDefault),
    flow: JSON.stringify(flow satisfies CallFlow),
    created_at: createdAt,
    updated_at: updatedAt,
  }
}

function toCallFlow(row: CallFlowRow): StoredCallFlow {
  return {
    ...fromJson<CallFlow>(row.flow),
    id: row.id,
    accountId: row.account_id,
    default: row.is_default === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
