import { type Kysely, sql } from 'kysely'
import { prepare } from './prepare.ts'
import type { CounterRow, Tables } from './schema.ts'

/** How many rows an account has in a table that grows without end; kept in the transaction that changes the table. */
export function prepareCounter(
  builder: Kysely<Tables>,
  table: 'calls' | 'call_flows',
  subject: CounterRow['subject'],
) {
  return {
    /** Before an upsert: counts the row unless it is there already. */
    countUp: prepare((p: { id: string; account_id: string }) =>
      builder
        .insertInto('counters')
        .columns(['account_id', 'subject', 'count'])
        .expression(
          builder
            .selectNoFrom([
              sql<string>`${p.account_id}`.as('account_id'),
              sql.lit(subject).as('subject'),
              sql.lit(1).as('count'),
            ])
            .where(({ not, exists }) =>
              not(exists(builder.selectFrom(table).select('id').where('id', '=', p.id))),
            ),
        )
        .onConflict((conflict) =>
          conflict
            .columns(['account_id', 'subject'])
            .doUpdateSet((eb) => ({ count: eb('counters.count', '+', 1) })),
        ),
    ),

    /** Before a delete: the row counts no more, if it is there. */
    countDown: prepare((p: { id: string; account_id: string }) =>
      builder
        .updateTable('counters')
        .set((eb) => ({ count: eb('count', '-', 1) }))
        .where('account_id', '=', p.account_id)
        .where('subject', '=', subject)
        .where(({ exists }) =>
          exists(
            builder
              .selectFrom(table)
              .select('id')
              .where('account_id', '=', p.account_id)
              .where('id', '=', p.id),
          ),
        ),
    ),

    total: prepare((p: { accountId: string }) =>
      builder
        .selectFrom('counters')
        .select('count')
        .where('account_id', '=', p.accountId)
        .where('subject', '=', subject),
    ),
  }
}
