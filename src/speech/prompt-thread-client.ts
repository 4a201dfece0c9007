import { Worker } from 'node:worker_threads'
import { PromptError } from '../domain/speech.ts'
import type { Logger } from '../runtime/logger.ts'
import type { PromptAnswer, PromptTask, PromptThreadData } from './prompt-thread.ts'

type Waiting = PromiseWithResolvers<PromptAnswer>

/** The prompt thread as seen from the main thread: started at once, started anew with the next task if it has died. */
export class PromptThread implements AsyncDisposable {
  readonly #url: URL
  readonly #data: PromptThreadData
  readonly #logger: Logger
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #lastId = 0
  #closed = false

  constructor(url: URL, data: PromptThreadData, logger: Logger) {
    this.#url = url
    this.#data = data
    this.#logger = logger
    this.#worker = this.#start()
  }

  /** Bytes of `file` and `speech` tasks may be moved, not copied. Rejects with PromptError if the thread dies. */
  async perform(task: PromptTask): Promise<Exclude<PromptAnswer, { failure: string }> | { failure: string }> {
    if (this.#closed) throw new PromptError('prompts are closed')
    this.#worker ??= this.#start()
    this.#lastId += 1
    const id = this.#lastId
    const waiting: Waiting = Promise.withResolvers()
    this.#waiting.set(id, waiting)
    this.#worker.postMessage({ id, task }, 'wav' in task ? movable(task.wav) : [])
    const answer = await waiting.promise
    if ('warning' in answer) this.#logger.warn({ reason: answer.warning }, 'prompt not kept on disk')
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(this.#url, { name: 'prompts', workerData: this.#data })
    worker.on('message', ({ id, answer }: { readonly id: number; readonly answer: PromptAnswer }) => {
      this.#waiting.get(id)?.resolve(answer)
      this.#waiting.delete(id)
    })
    worker.on('error', (error) => this.#logger.error({ err: error }, 'prompt thread failed'))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
      for (const { reject } of this.#waiting.values())
        reject(new PromptError('the prompt thread ended while it worked'))
      this.#waiting.clear()
    })
    return worker
  }
}

/** A buffer that holds nothing else can change threads without a copy; small Buffers share a pool. */
function movable({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}
