import type SqliteConnection from 'better-sqlite3'
import type { QueryResult } from './database.ts'
import { codeOf } from './sqlite-file.ts'
import type { Answer, Statement, Task } from './thread-protocol.ts'

/** Compiled statements kept by one connection; the repositories have about fifty. */
const MAX_STATEMENTS = 200

/** Thrown inside a task to undo it; it carries the rows that objected. */
class Objection extends Error {
  readonly results: readonly QueryResult[]

  constructor(results: readonly QueryResult[]) {
    super('a query objected')
    this.results = results
  }
}

/** Thrown when SQLite has undone the transaction itself, with all tasks of the group in it. */
class GroupUndone extends Error {
  override readonly name = 'GroupUndone'
}

/**
 * Runs tasks on one connection, a group at a time: one transaction, and so one sync of the disk, for the whole group.
 * Nearly always all of them succeed. If one does not, the group is undone and run again with a savepoint for each writing task,
 * so that the failing one is undone alone. Answers may leave only when `run` has returned.
 */
export class TaskRunner {
  readonly #connection: SqliteConnection.Database
  readonly #statements = new Map<string, SqliteConnection.Statement<unknown[], unknown>>()

  constructor(connection: SqliteConnection.Database) {
    this.#connection = connection
  }

  /** One answer for each task, in order. Never throws. */
  run(tasks: readonly Task[]): readonly Answer[] {
    const begin = tasks.some(({ type }) => type === 'write') ? 'begin immediate' : 'begin'
    return this.#runAtOnce(begin, tasks) ?? this.#runOneByOne(begin, tasks)
  }

  /** Undefined if a task failed or objected: nothing has happened then. */
  #runAtOnce(begin: string, tasks: readonly Task[]): readonly Answer[] | undefined {
    try {
      this.#execute(begin)
      const answers = tasks.map((task) => ({ id: task.id, results: this.#perform(task) }))
      this.#execute('commit')
      return answers
    } catch {
      this.#rollBack()
      return undefined // the second run meets the same fault, and tells whose it is
    }
  }

  #runOneByOne(begin: string, tasks: readonly Task[]): readonly Answer[] {
    try {
      this.#execute(begin)
      const answers = tasks.map((task) => this.#answer(task))
      this.#execute('commit')
      return answers
    } catch (thrown) {
      this.#rollBack()
      const error = describe(thrown instanceof GroupUndone ? thrown.cause : thrown)
      return tasks.map(({ id }) => ({ id, error }))
    }
  }

  #answer(task: Task): Answer {
    if (task.type === 'read') return this.#answerRead(task)
    this.#execute('savepoint task')
    try {
      const results = this.#perform(task)
      this.#execute('release task')
      return { id: task.id, results }
    } catch (thrown) {
      if (!this.#connection.inTransaction) throw new GroupUndone('the transaction is gone', { cause: thrown })
      this.#execute('rollback to task')
      this.#execute('release task')
      if (thrown instanceof Objection) return { id: task.id, results: thrown.results }
      return { id: task.id, error: describe(thrown) }
    }
  }

  #answerRead({ id, statements }: Task): Answer {
    try {
      return { id, results: statements.map((statement) => this.#query(statement)) }
    } catch (thrown) {
      if (!this.#connection.inTransaction) throw new GroupUndone('the transaction is gone', { cause: thrown })
      return { id, error: describe(thrown) }
    }
  }

  #perform({ statements, objections }: Task): readonly QueryResult[] {
    const objecting = statements.slice(0, objections).map((statement) => this.#query(statement))
    if (objecting.some(({ rows }) => rows.length > 0)) throw new Objection(objecting)
    return [...objecting, ...statements.slice(objections).map((statement) => this.#query(statement))]
  }

  #query({ sql, parameters }: Statement): QueryResult {
    const statement = this.#prepared(sql)
    if (!statement.reader) return { rows: [], changes: statement.run(...parameters).changes }
    const rows = statement.all(...parameters)
    return { rows, changes: statement.readonly ? 0 : rows.length }
  }

  #execute(sql: string): void {
    this.#prepared(sql).run()
  }

  #rollBack(): void {
    try {
      if (this.#connection.inTransaction) this.#execute('rollback')
    } catch {
      // The error that led here is reported; a connection that can't even roll back fails the next task as well.
    }
  }

  #prepared(sql: string): SqliteConnection.Statement<unknown[], unknown> {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#connection.prepare<unknown[], unknown>(sql)
    const oldest = this.#statements.keys().next()
    if (this.#statements.size >= MAX_STATEMENTS && !oldest.done) this.#statements.delete(oldest.value)
    this.#statements.set(sql, statement)
    return statement
  }
}

function describe(thrown: unknown): { message: string; code?: string } {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const code = codeOf(thrown)
  return code ? { message, code } : { message }
}
