import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { StorageError } from '../domain/repositories.ts'
import type { Database, QueryResult } from './database.ts'
import { DatabaseThread } from './database-thread.ts'
import type { Tables } from './schema.ts'

export interface SqliteOptions {
  /** A file in an existing folder, or `:memory:`. */
  readonly path: string
  /** How long to wait for another process that holds the file; default 5,000. */
  readonly busyTimeoutMs?: number
  /** Called once if the database is lost while open: it stays lost, and the process should end. */
  readonly onLost?: (error: StorageError) => void
}

/** Builds queries in SQLite's dialect, for whoever runs them. */
export const sqliteBuilder = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

/**
 * Opens an SQLite database and brings its schema up to date. Writes run in one thread and share commits; reads of a file run in
 * another, so that they never wait for the disk. `:memory:` has one thread for both.
 * Rejects with StorageError: one sentence that says what is wrong with the file and how to mend it.
 */
export async function openSqlite({
  path,
  busyTimeoutMs = 5000,
  onLost = () => {},
}: SqliteOptions): Promise<Database> {
  let open = false
  const lose = (error: StorageError) => {
    if (open) onLost(error)
    open = false
  }
  await using threads = new AsyncDisposableStack()
  const writer = threads.use(new DatabaseThread({ path, role: 'writer', busyTimeoutMs }, lose))
  const reader =
    path === ':memory:'
      ? writer
      : threads.use(new DatabaseThread({ path, role: 'reader', busyTimeoutMs }, lose))
  await writer.opened()
  if (reader !== writer) reader.open()
  await reader.opened()
  open = true
  return new SqliteDatabase(writer, reader, threads.move())
}

class SqliteDatabase implements Database {
  readonly builder = sqliteBuilder
  readonly #writer: DatabaseThread
  readonly #reader: DatabaseThread
  readonly #threads: AsyncDisposableStack

  constructor(writer: DatabaseThread, reader: DatabaseThread, threads: AsyncDisposableStack) {
    this.#writer = writer
    this.#reader = reader
    this.#threads = threads
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]> {
    const [result] = await this.#reader.run('read', [toStatement(query)])
    return rowsOf<Row>(result)
  }

  write(queries: readonly CompiledQuery[]): Promise<readonly QueryResult[]> {
    return this.#writer.run('write', queries.map(toStatement))
  }

  async writeUnless<Row>(
    objections: readonly CompiledQuery<Row>[],
    queries: readonly CompiledQuery[],
  ): Promise<readonly Row[]> {
    const statements = [...objections, ...queries].map(toStatement)
    const results = await this.#writer.run('write', statements, objections.length)
    return results.slice(0, objections.length).flatMap((result) => rowsOf<Row>(result))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads.disposeAsync()
  }
}

function toStatement({ sql, parameters }: CompiledQuery<unknown>) {
  return { sql, parameters }
}

/** The query's own type says what its rows are; they have crossed a thread as plain objects. */
function rowsOf<Row>(result: QueryResult | undefined): readonly Row[] {
  return (result?.rows ?? []) as readonly Row[]
}
