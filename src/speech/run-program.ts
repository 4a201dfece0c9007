import { spawn } from 'node:child_process'
import { PromptError } from '../domain/speech.ts'
import { unlessAborted } from '../runtime/abort.ts'
import type { Clock } from '../runtime/clock.ts'

/** One run of a program: text in through stdin, bytes out through stdout. */
export interface ProgramRun {
  readonly path: string
  readonly args: readonly string[]
  readonly input: string
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly clock: Clock
  /** Exit codes that mean success; default 0. */
  readonly successCodes?: readonly number[]
}

const MAX_COMPLAINT = 300

/**
 * Resolves with what the program wrote to stdout. It is killed when `signal` aborts, when it takes too long or writes too much,
 * and never outlives the promise by more than its own death. Rejects with PromptError, or with `signal.reason`.
 */
export async function runProgram(run: ProgramRun, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted()
  const { path, args, input, maxBytes, timeoutMs, clock, successCodes = [0] } = run
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'], env: {} })
  const chunks: Buffer[] = []
  let bytes = 0
  let complaint = ''
  let failure: string | undefined
  const stop = (reason?: string) => {
    failure ??= reason
    child.kill('SIGKILL')
  }

  const ended = Promise.withResolvers<number | NodeJS.Signals | null>()
  child.on('error', (cause) =>
    ended.reject(new PromptError(`${path} can't be run: ${cause.message}`, { cause })),
  )
  child.on('close', (code, killedBy) => ended.resolve(code ?? killedBy))
  child.stdin.on('error', () => {}) // it ended before it had read all: its exit code says more
  child.stdin.end(input)
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < MAX_COMPLAINT) complaint += text
  })
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes) stop(`it wrote more than ${maxBytes} bytes`)
    else chunks.push(chunk)
  })

  using _timer = clock.after(timeoutMs, () => stop(`it took more than ${timeoutMs} ms`))
  try {
    const exit = await unlessAborted(ended.promise, signal)
    if (typeof exit !== 'number' || !successCodes.includes(exit))
      failure ??= `exit ${exit} ${complaint.trim().slice(0, MAX_COMPLAINT)}`
  } catch (error) {
    stop()
    throw error
  }
  if (failure !== undefined) throw new PromptError(`${path} failed: ${failure}`)
  return Buffer.concat(chunks, bytes)
}
