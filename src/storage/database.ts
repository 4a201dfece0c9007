import type { CompiledQuery, Kysely } from 'kysely'
import type { Tables } from './schema.ts'

/** What one query of a transaction yielded. */
export interface QueryResult {
  readonly rows: readonly unknown[]
  /** Rows inserted, updated or deleted; 0 for a query that only reads. */
  readonly changes: number
}

/**
 * A database that takes compiled queries. Every method rejects only with StorageError.
 * Writes are applied in the order of the calls. A read sees every write that was acknowledged before the read was
 * called; it doesn't wait for writes that are still under way, and may or may not see them.
 */
export interface Database extends AsyncDisposable {
  /** Builds queries for this database's dialect; it can't run them. */
  readonly builder: Kysely<Tables>
  read<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]>
  /** One transaction: all queries or none. Resolves, with a result for each query, once it is on disk. */
  write(queries: readonly CompiledQuery[]): Promise<readonly QueryResult[]>
  /**
   * One transaction that starts with a question: if `objections` yield rows, nothing is written and these rows are the answer.
   * Resolves with no rows once everything is on disk.
   */
  writeUnless<Row>(
    objections: readonly CompiledQuery<Row>[],
    queries: readonly CompiledQuery[],
  ): Promise<readonly Row[]>
}
