import { Worker } from 'node:worker_threads'
import { StorageError } from '../domain/repositories.ts'
import type { QueryResult } from './database.ts'
import type {
  Answer,
  Statement,
  Task,
  ThreadCommand,
  ThreadOptions,
  ThreadReport,
} from './thread-protocol.ts'

interface Pending {
  readonly resolve: (results: readonly QueryResult[]) => void
  readonly reject: (error: StorageError) => void
}

/**
 * The main thread's end of a database thread. Tasks asked for in one turn of the event loop travel in one message.
 * When the thread dies, what was pending rejects, and so does all that is asked later: it is not started again.
 */
export class DatabaseThread implements AsyncDisposable {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #opened = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #onLost: (error: StorageError) => void
  #batch: Task[] = []
  #lastId = 0
  #failure: StorageError | undefined
  #closing = false

  /** `entry` is the module that the thread runs; another one than ours serves tests only. */
  constructor(
    options: ThreadOptions,
    onLost: (error: StorageError) => void,
    entry = new URL('./sqlite-thread.ts', import.meta.url),
  ) {
    this.#onLost = onLost
    this.#worker = new Worker(entry, {
      name: `database ${options.role}`,
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 },
    })
    this.#worker.on('message', (report: ThreadReport) => this.#take(report))
    this.#worker.on('error', (error) =>
      this.#lose(
        new StorageError(`the database thread died (${error.message}); start again`, { cause: error }),
      ),
    )
    this.#worker.on('exit', () => {
      if (!this.#closing) this.#lose(new StorageError('the database thread ended unasked; start again'))
      this.#ended.resolve()
    })
    this.#opened.promise.catch(() => {}) // a thread may be lost before anyone asks whether it opened
  }

  /** Rejects with a StorageError that says why the file can't be used. */
  opened(): Promise<void> {
    return this.#opened.promise
  }

  /** Lets a reader open its file. */
  open(): void {
    this.#post('open')
  }

  run(type: Task['type'], statements: readonly Statement[], objections = 0): Promise<readonly QueryResult[]> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#closing) return Promise.reject(new StorageError('the database is closed'))
    // Not a microtask: each request of a turn has microtasks of its own, and a message wakes the other thread.
    if (this.#batch.length === 0) setImmediate(() => this.#flush())
    const id = ++this.#lastId
    this.#batch.push({ id, type, objections, statements })
    const { promise, resolve, reject } = Promise.withResolvers<readonly QueryResult[]>()
    this.#pending.set(id, { resolve, reject })
    return promise
  }

  /** Finishes what was asked for, closes the file and ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closing) {
      this.#closing = true
      this.#flush()
      this.#post('close')
    }
    await this.#ended.promise
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    this.#post(this.#batch)
    this.#batch = []
  }

  #post(command: ThreadCommand): void {
    this.#worker.postMessage(command)
  }

  #take(report: ThreadReport): void {
    switch (report.type) {
      case 'opened':
        this.#opened.resolve()
        break
      case 'lost':
        this.#lose(new StorageError(report.message))
        break
      case 'answers':
        // The thread wrote what it says there.
        for (const answer of JSON.parse(report.answers) as readonly Answer[]) this.#settle(answer)
    }
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if ('results' in answer) pending?.resolve(answer.results)
    else
      pending?.reject(
        new StorageError(`the database refused: ${answer.error.message}`, { cause: answer.error }),
      )
  }

  #lose(error: StorageError): void {
    if (this.#failure) return
    this.#failure = error
    this.#opened.reject(error)
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    this.#onLost(error)
  }
}
