import { type ChildProcess, fork } from 'node:child_process'
import { addAbortListener } from 'node:events'
import { fileURLToPath } from 'node:url'
import { PromptError } from '../domain/speech.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { Semaphore } from '../runtime/semaphore.ts'
import type { HelperAnswer, HelperRequest } from './helper-messages.ts'

export interface HelperOptions {
  /** The helper's entry file. */
  readonly url: URL
  /** Its arguments; default none. */
  readonly args?: readonly string[]
  /** How it is called in errors and logs. */
  readonly name: string
  readonly clock: Clock
  readonly logger: Logger
  readonly timeoutMs: number
  /** It is ended after this long without work: a WASM engine holds 100 MB and more. */
  readonly idleMs: number
}

const MAX_OUTPUT = 1000

/**
 * A Node process of its own that synthesises speech: started with the first request, kept warm, ended when idle, started anew
 * after it has died. A request that is aborted or takes too long ends the process, since WASM can't be interrupted.
 */
export class HelperProcess implements AsyncDisposable {
  readonly #options: HelperOptions
  readonly #places = new Semaphore(1)
  #child: ChildProcess | undefined
  #idle: Disposable | undefined
  #closed = false

  constructor(options: HelperOptions) {
    this.#options = options
  }

  /** The process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves with a WAV file. Rejects with PromptError, or with `signal.reason`. */
  async synthesise(request: HelperRequest, signal: AbortSignal): Promise<Uint8Array> {
    using _place = await this.#places.acquire(signal)
    if (this.#closed) throw new PromptError(`${this.#options.name} is closed`)
    this.#idle?.[Symbol.dispose]()
    const child = this.#child ?? this.#start()
    try {
      const answer = await this.#ask(child, request, signal)
      if ('failure' in answer) throw new PromptError(`${this.#options.name} failed: ${answer.failure}`)
      return answer.wav
    } finally {
      if (!this.#closed)
        this.#idle = this.#options.clock.after(this.#options.idleMs, () => this.#end(this.#child))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#idle?.[Symbol.dispose]()
    const child = this.#child
    if (!child) return
    const exited = Promise.withResolvers<void>()
    child.once('exit', () => exited.resolve())
    this.#end(child)
    await exited.promise
  }

  #start(): ChildProcess {
    const { url, args = [], name, logger } = this.#options
    const child = fork(fileURLToPath(url), args, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'], // node:wasi
      env: {},
    })
    this.#child = child
    let output = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < MAX_OUTPUT) output += text
    })
    child.on('error', (error) => logger.error({ err: error, engine: name }, 'speech helper failed'))
    child.once('exit', (code, killedBy) => {
      const expected = this.#child !== child
      logger[expected ? 'debug' : 'warn']({ engine: name, code, killedBy, output }, 'speech helper ended')
      if (this.#child === child) this.#child = undefined
    })
    return child
  }

  async #ask(child: ChildProcess, request: HelperRequest, signal: AbortSignal): Promise<HelperAnswer> {
    const { name, clock, timeoutMs } = this.#options
    const answer = Promise.withResolvers<HelperAnswer>()
    const giveUp = (reason: unknown) => {
      this.#end(child)
      answer.reject(reason)
    }
    const died = () => answer.reject(new PromptError(`${name} ended while it worked`))
    child.once('message', answer.resolve)
    child.once('exit', died)
    try {
      using _timer = clock.after(timeoutMs, () =>
        giveUp(new PromptError(`${name} took more than ${timeoutMs} ms`)),
      )
      using _abort = addAbortListener(signal, () => giveUp(signal.reason))
      child.send(request, (error) => error && died())
      return await answer.promise
    } finally {
      child.off('message', answer.resolve)
      child.off('exit', died)
    }
  }

  #end(child: ChildProcess | undefined): void {
    child?.kill('SIGKILL')
    if (this.#child === child) this.#child = undefined
  }
}
