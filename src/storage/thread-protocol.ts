import type { QueryResult } from './database.ts'

/** What a database thread is opened with (`workerData`). */
export interface ThreadOptions {
  /** A file, or `:memory:`. */
  readonly path: string
  /** A reader opens the file read-only, once it gets the message `open`. */
  readonly role: 'writer' | 'reader'
  readonly busyTimeoutMs: number
}

export interface Statement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** One call of the database. Statements up to `objections` must yield no rows, or the task is undone. */
export interface Task {
  readonly id: number
  readonly type: 'read' | 'write'
  readonly objections: number
  readonly statements: readonly Statement[]
}

export type Answer =
  | { readonly id: number; readonly results: readonly QueryResult[] }
  | { readonly id: number; readonly error: ThreadError }

/** An error as it crosses threads: SQLite's words and its extended code, such as `SQLITE_FULL`. */
export interface ThreadError {
  readonly message: string
  readonly code?: string
}

/** `close` is the last message: the thread ends after it. */
export type ThreadCommand = readonly Task[] | 'open' | 'close'

export type ThreadReport =
  | { readonly type: 'opened' }
  /** The database can't be opened, or can't be trusted any more: the thread ends. */
  | { readonly type: 'lost'; readonly message: string }
  /** `answers` is the JSON of `readonly Answer[]`: strings cross threads far quicker than rows. Columns hold text and finite numbers only. */
  | { readonly type: 'answers'; readonly answers: string }
