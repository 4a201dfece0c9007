import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pick, prepare } from './prepare.ts'
import { sqliteBuilder } from './sqlite-database.ts'

test('a prepared query is compiled once and takes its parameters where they were named', () => {
  let built = 0
  const find = prepare((p: { id: string; accountId: string; limit: number }) => {
    built++
    return sqliteBuilder
      .selectFrom('calls')
      .select('id')
      .where('account_id', '=', p.accountId)
      .where('id', '>', p.id)
      .where('status', '=', 'queued')
      .where('source', '=', p.accountId)
      .limit(p.limit)
  })

  const first = find({ id: 'i', accountId: 'a', limit: 5 })
  const second = find({ id: 'j', accountId: 'b', limit: 6 })

  assert.equal(built, 1)
  assert.equal(first.sql, second.sql)
  assert.deepEqual(first.parameters, ['a', 'i', 'queued', 'a', 5])
  assert.deepEqual(second.parameters, ['b', 'j', 'queued', 'b', 6])
})

test('a prepared insert takes whole rows, and an absent value is null', () => {
  const columns = ['id', 'name', 'created_at'] as const
  const insert = prepare((p: { id: string; name: string; created_at: number; extra?: string }) =>
    sqliteBuilder.insertInto('accounts').values(pick(p, columns)),
  )

  assert.deepEqual(insert({ id: 'i', name: 'n', created_at: 0 }).parameters, ['i', 'n', 0])
  assert.deepEqual(insert({ id: 'i', created_at: 0 } as never).parameters, ['i', null, 0])
})
