import { Worker } from 'node:worker_threads'
import { PromptError } from '../domain/speech.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { PromptAnswer, PromptTask, PromptThreadData } from './prompt-thread.ts'

type Waiting = PromiseWithResolvers<PromptAnswer>

export interface PromptThreadOptions {
  /** Entry of the thread. */
  readonly url: URL
  readonly data: PromptThreadData
  readonly clock: Clock
  readonly logger: Logger
  /** It is ended after this long without work: it costs more than 20 MB. */
  readonly idleMs: number
}

/** The prompt thread as seen from the main thread: started with the first task and with the next one after it has ended. */
export class PromptThread implements AsyncDisposable {
  readonly #options: PromptThreadOptions
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #idle: Disposable | undefined
  #lastId = 0
  #closed = false

  constructor(options: PromptThreadOptions) {
    this.#options = options
  }

  /** Bytes of `file` and `speech` tasks may be moved, not copied. Rejects with PromptError if the thread dies. */
  async perform(task: PromptTask): Promise<PromptAnswer> {
    if (this.#closed) throw new PromptError('prompts are closed')
    this.#idle?.[Symbol.dispose]()
    this.#worker ??= this.#start()
    this.#lastId += 1
    const id = this.#lastId
    const waiting: Waiting = Promise.withResolvers()
    this.#waiting.set(id, waiting)
    this.#worker.postMessage({ id, task }, movableOf(task))
    const answer = await waiting.promise
    if ('warning' in answer) this.#options.logger.warn({ reason: answer.warning }, 'prompt not kept on disk')
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#idle?.[Symbol.dispose]()
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const { url, data, logger } = this.#options
    const worker = new Worker(url, { name: 'prompts', workerData: data })
    worker.on('message', ({ id, answer }: { readonly id: number; readonly answer: PromptAnswer }) => {
      this.#waiting.get(id)?.resolve(answer)
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) this.#restUntilIdle()
    })
    worker.on('error', (error) => logger.error({ err: error }, 'prompt thread failed'))
    worker.on('exit', (code) => {
      logger.debug({ code }, 'prompt thread ended')
      if (this.#worker !== worker) return // it was ended when idle
      this.#worker = undefined
      for (const { reject } of this.#waiting.values()) {
        reject(new PromptError('the prompt thread ended while it worked'))
      }
      this.#waiting.clear()
    })
    return worker
  }

  #restUntilIdle(): void {
    const { clock, idleMs } = this.#options
    this.#idle?.[Symbol.dispose]()
    if (this.#closed) return
    this.#idle = clock.after(idleMs, () => {
      const worker = this.#worker
      this.#worker = undefined
      void worker?.terminate()
    })
  }
}

function movableOf(task: PromptTask): ArrayBuffer[] {
  switch (task.task) {
    case 'find':
      return []
    case 'speech':
      return movable(task.wav)
    case 'file':
      return movable(task.sound)
  }
}

/** A buffer that holds nothing else can change threads without a copy; small Buffers share a pool. */
function movable({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}
