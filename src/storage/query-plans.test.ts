import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CompiledQuery as Query } from 'kysely'
import { CompiledQuery } from 'kysely'
import { liveCallQueries, prepareCallReads, prepareLegReads } from './call-queries.ts'
import type { Database } from './database.ts'
import { openSqlite, sqliteBuilder } from './sqlite-database.ts'

/** How SQLite would run the query, one line for each table. */
async function planOf(database: Database, { sql, parameters }: Query): Promise<string> {
  const rows = await database.read(
    CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]) as Query<{ detail: string }>,
  )
  return rows.map(({ detail }) => detail).join('\n')
}

const key = { accountId: 'a', callId: 'c', legId: 'l', limit: 10, offset: 0 }

for (const [name, query] of Object.entries(liveCallQueries(sqliteBuilder))) {
  test(`the live calls' ${name} are found without walking through the calls that have ended`, async () => {
    await using database = await openSqlite({ path: ':memory:' })

    const plan = await planOf(database, query)

    assert.match(plan, /SCAN calls USING (COVERING )?INDEX calls_live/)
    assert.doesNotMatch(plan, /SCAN (legs|journal)/)
  })
}

for (const [name, prepared] of Object.entries({
  ...prepareCallReads(sqliteBuilder),
  ...prepareLegReads(sqliteBuilder),
})) {
  test(`${name} walks through no table and sorts no more than its page`, async () => {
    await using database = await openSqlite({ path: ':memory:' })

    const plan = await planOf(database, prepared(key))

    assert.doesNotMatch(plan, /SCAN (calls|legs|journal|call_counts)/)
    if (name === 'listCalls')
      assert.match(plan, /SEARCH calls USING INDEX calls_by_age \(account_id=\? AND account_sequence<\?\)/)
  })
}
