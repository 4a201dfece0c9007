import assert from 'node:assert/strict'
import { test } from 'node:test'
import SqliteConnection from 'better-sqlite3'
import { TaskRunner } from './task-runner.ts'
import type { Task } from './thread-protocol.ts'

function openRunner() {
  const executed: string[] = []
  const connection = new SqliteConnection(':memory:', { verbose: (sql) => void executed.push(String(sql)) })
  connection.exec('create table t (n integer primary key, pad text)')
  executed.length = 0
  return { connection, executed, runner: new TaskRunner(connection) }
}

function write(id: number, ...sqls: string[]): Task {
  return { id, type: 'write', objections: 0, statements: sqls.map((sql) => ({ sql, parameters: [] })) }
}

test('a group of writes is one transaction', () => {
  const { runner, executed } = openRunner()

  runner.run([write(1, 'insert into t (n) values (1)'), write(2, 'insert into t (n) values (2)')])

  assert.deepEqual(executed, [
    'begin immediate',
    'insert into t (n) values (1)',
    'insert into t (n) values (2)',
    'commit',
  ])
})

test('a group with a failing write is undone and run again with a savepoint for each', () => {
  const { runner, executed } = openRunner()

  runner.run([write(1, 'insert into t (n) values (1)'), write(2, 'insert into nowhere (n) values (2)')])

  assert.deepEqual(executed, [
    'begin immediate',
    'insert into t (n) values (1)',
    'rollback',
    'begin immediate',
    'savepoint task',
    'insert into t (n) values (1)',
    'release task',
    'savepoint task',
    'rollback to task',
    'release task',
    'commit',
  ])
})

test('a write that fails in the middle leaves nothing of itself behind', () => {
  const { runner, connection } = openRunner()

  const answers = runner.run([
    write(1, 'insert into t (n) values (1)'),
    write(2, 'insert into t (n) values (2)', 'insert into t (n) values (1)'),
    write(3, 'insert into t (n) values (3)'),
  ])

  assert.deepEqual(
    answers.map((answer) => ('error' in answer ? answer.error.code : answer.id)),
    [1, 'SQLITE_CONSTRAINT_PRIMARYKEY', 3],
  )
  assert.deepEqual(connection.prepare('select n from t order by n').pluck().all(), [1, 3])
})

test('a write that undoes the whole transaction fails every task of the group, and the next group works', () => {
  const { runner, connection } = openRunner()

  const answers = runner.run([
    write(1, 'insert into t (n) values (1)'),
    write(2, 'insert or rollback into t (n) values (7), (7)'),
    write(3, 'insert into t (n) values (3)'),
  ])

  assert.deepEqual(
    answers.map((answer) => 'error' in answer),
    [true, true, true],
  )
  assert.deepEqual(connection.prepare('select n from t').all(), [])
  assert.deepEqual(runner.run([write(4, 'insert into t (n) values (4)')]), [
    { id: 4, results: [{ rows: [], changes: 1 }] },
  ])
})

test('a group that can not begin fails every task in it', () => {
  const { runner, connection } = openRunner()
  connection.close()

  const answers = runner.run([write(1, 'insert into t (n) values (1)')])

  assert.match('error' in (answers[0] ?? {}) ? JSON.stringify(answers[0]) : '', /not open/)
})

test('reads of a group see one state and take no lock for writing', () => {
  const { runner, executed } = openRunner()
  const read = {
    id: 1,
    type: 'read',
    objections: 0,
    statements: [{ sql: 'select 1 as one', parameters: [] }],
  }

  assert.deepEqual(runner.run([read as Task]), [{ id: 1, results: [{ rows: [{ one: 1 }], changes: 0 }] }])
  assert.deepEqual(executed, ['begin', 'select 1 as one', 'commit'])
})

test('statements beyond the limit of the cache still run', () => {
  const { runner } = openRunner()

  for (let n = 0; n < 500; n++) {
    const [answer] = runner.run([write(n, `insert into t (n) values (${n})`)])
    assert.ok(answer && 'results' in answer)
  }
})
