import { type Kysely, sql } from 'kysely'
import { prepare } from './prepare.ts'
import type { Tables } from './schema.ts'

type Builder = Kysely<Tables>

/** Sequences in a block: a page is found by reading one count for each block before it, and at most one block of the index. */
export const BLOCK_SIZE = 4096

/** The queries that keep the counts of an account's blocks of flows, in the transaction that changes the flows. */
export function prepareFlowBlocks(builder: Builder) {
  return {
    /** Before an upsert: counts the flow unless it is there already. */
    countUp: prepare((p: { id: string; account_id: string }) =>
      builder
        .insertInto('call_flow_blocks')
        .columns(['account_id', 'block', 'count'])
        .expression(
          builder
            .selectNoFrom([
              sql<string>`${p.account_id}`.as('account_id'),
              blockOf(nextSequence(builder, p.account_id)).as('block'),
              sql.lit(1).as('count'),
            ])
            .where(({ not, exists }) =>
              not(exists(builder.selectFrom('call_flows').select('id').where('id', '=', p.id))),
            ),
        )
        .onConflict((conflict) =>
          conflict
            .columns(['account_id', 'block'])
            .doUpdateSet((eb) => ({ count: eb('call_flow_blocks.count', '+', 1) })),
        ),
    ),

    /** Before a delete: the flow counts no more, if it is there. */
    countDown: prepare((p: { accountId: string; callFlowId: string }) =>
      builder
        .updateTable('call_flow_blocks')
        .set((eb) => ({ count: eb('count', '-', 1) }))
        .where('account_id', '=', p.accountId)
        .where('block', '=', blockOfFlow(builder, p)),
    ),

    /** After `countDown`: a block without flows is no block. */
    dropEmpty: prepare((p: { accountId: string; callFlowId: string }) =>
      builder
        .deleteFrom('call_flow_blocks')
        .where('account_id', '=', p.accountId)
        .where('block', '=', blockOfFlow(builder, p))
        .where('count', '=', 0),
    ),

    total: prepare((p: { accountId: string }) =>
      builder
        .selectFrom('call_flow_blocks')
        .select(sql<number>`coalesce(sum(count), 0)`.as('count'))
        .where('account_id', '=', p.accountId),
    ),
  }
}

/**
 * The block in which the page at `offset` begins, newest first: `end` is the first sequence above it, `rest` how many of its own flows
 * lie before the page. No row for a page past the end.
 */
export function firstBlock(builder: Builder, p: { readonly accountId: string; readonly offset: number }) {
  return builder
    .selectFrom((eb) =>
      eb
        .selectFrom('call_flow_blocks')
        .select(['block', 'count', sql<number>`sum(count) over (order by block desc) - count`.as('before')])
        .where('account_id', '=', p.accountId)
        .as('blocks'),
    )
    .select([
      sql<number>`(block + 1) * ${sql.lit(BLOCK_SIZE)}`.as('end'),
      sql<number>`${p.offset} - before`.as('rest'),
    ])
    .where(sql<number>`before + count`, '>', p.offset)
    .orderBy('block', 'desc')
    .limit(sql.lit(1))
}

/** The sequence of the account's next flow. */
export function nextSequence(builder: Builder, accountId: string) {
  const last = builder
    .selectFrom('call_flows')
    .select(({ fn }) => fn.max('account_sequence').as('last'))
    .where('account_id', '=', accountId)
  return sql<number>`coalesce(${last}, 0) + 1`
}

function blockOfFlow(builder: Builder, p: { readonly accountId: string; readonly callFlowId: string }) {
  const sequence = builder
    .selectFrom('call_flows')
    .select('account_sequence')
    .where('account_id', '=', p.accountId)
    .where('id', '=', p.callFlowId)
  return blockOf(sql<number>`${sequence}`)
}

/** Integer division: rounds down. */
function blockOf(sequence: ReturnType<typeof nextSequence>) {
  return sql<number>`(${sequence}) / ${sql.lit(BLOCK_SIZE)}`
}
