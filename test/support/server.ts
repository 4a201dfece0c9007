import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freeRtpRange, freeTcpPort, freeUdpPort } from './free-ports.ts'

const main = fileURLToPath(new URL('../../bin/linnet.mjs', import.meta.url))
/** As in the `start` script of package.json. */
const NODE_ARGUMENTS = ['--max-semi-space-size=4']
const TAIL_LINES = 40
const DEFAULT_RTP_PORTS = 200

export interface ServerOptions {
  /** Added to the environment, or put in place of what the harness chose. */
  readonly env?: Readonly<Record<string, string>>
  /** How many ports RTP may use; default 200. */
  readonly rtpPorts?: number
  /** A program and its arguments in front of node, such as `['taskset', '-c', '0']`. */
  readonly wrapper?: readonly string[]
  /** Arguments of node itself, such as `['--cpu-prof']`. */
  readonly nodeArguments?: readonly string[]
  /** The working directory, where node leaves its profiles. */
  readonly cwd?: string
  /** Until readiness; default 20 s. */
  readonly readyWithinMs?: number
}

/** What the API answered. `data` is the first element of the envelope's array. */
export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
  readonly data: Record<string, unknown>
  /** The envelope's whole array, for lists. */
  readonly items: readonly Record<string, unknown>[]
}

/** The real server as a child process, on free ports and in a data folder of its own. */
export class TestServer implements AsyncDisposable {
  readonly key = 'live_test_harness_key'
  readonly http: string
  readonly sip: { readonly address: string; readonly port: number }
  readonly dataDir: string
  /** Everything it wrote to stdout and stderr, line by line. */
  readonly log: string[] = []
  readonly #options: ServerOptions
  readonly #env: Record<string, string>
  #process: ChildProcess | undefined
  #exited: Promise<unknown> = Promise.resolve()

  private constructor(
    options: ServerOptions,
    dataDir: string,
    ports: { readonly http: number; readonly sip: number; readonly rtp: number },
  ) {
    const { rtpPorts = DEFAULT_RTP_PORTS } = options
    this.#options = options
    this.dataDir = dataDir
    this.http = `http://127.0.0.1:${ports.http}`
    this.sip = { address: '127.0.0.1', port: ports.sip }
    this.#env = {
      LINNET_DATA_DIR: dataDir,
      LINNET_HTTP_LISTEN: `127.0.0.1:${ports.http}`,
      LINNET_SIP_LISTEN: `udp:127.0.0.1:${ports.sip}`,
      LINNET_RTP_PORTS: `${ports.rtp}-${ports.rtp + rtpPorts - 1}`,
      LINNET_BOOTSTRAP_KEY: this.key,
      LINNET_MEDIA_WORKERS: '1',
      LINNET_LOG_LEVEL: 'info',
      ...options.env,
    }
  }

  static async start(options: ServerOptions): Promise<TestServer> {
    const rtp = await freeRtpRange('server', options.rtpPorts ?? DEFAULT_RTP_PORTS)
    const ports = { http: await freeTcpPort(), sip: await freeUdpPort(), rtp }
    const server = new TestServer(options, mkdtempSync(join(tmpdir(), 'linnet-server-')), ports)
    try {
      await server.#launch()
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
    return server
  }

  /** Of the running process; throws when there is none. */
  get pid(): number {
    const pid = this.#process?.pid
    if (pid === undefined) throw new Error('the server is not running')
    return pid
  }

  /** The SIP URI of a number or user at this server. */
  sipUri(user: string): string {
    return `sip:${user}@${this.sip.address}:${this.sip.port}`
  }

  /** One request with the server's key. Any status is an answer; only a broken connection throws. */
  async api(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const response = await fetch(`${this.http}${path}`, {
      method,
      headers: {
        authorization: `AccessKey ${this.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    })
    const text = await response.text()
    const parsed: unknown = text === '' ? undefined : JSON.parse(text)
    const items = listOf(parsed)
    return { status: response.status, body: parsed, items, data: items[0] ?? {} }
  }

  /** Creates something and returns it; throws unless the answer is a success. */
  async create(path: string, body: unknown): Promise<Record<string, unknown>> {
    const answer = await this.api('POST', path, body)
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}\n${this.#tail()}`)
    return answer.data
  }

  /** A flow with these steps, reached by calling `number`; returns the flow's id. */
  async assign(number: string, steps: readonly unknown[], more: object = {}): Promise<string> {
    const flow = await this.create('/call-flows', { title: `flow of ${number}`, steps, ...more })
    await this.create(`/call-flows/${String(flow['id'])}/numbers`, { numbers: [number] })
    return String(flow['id'])
  }

  /** Asks for a resource until `isDone` likes it, and returns it. */
  async until(path: string, isDone: (answer: ApiAnswer) => boolean, timeoutMs = 10_000): Promise<ApiAnswer> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const answer = await this.api('GET', path)
      if (isDone(answer)) return answer
      if (performance.now() > deadline)
        throw new Error(`GET ${path} after ${timeoutMs} ms: ${JSON.stringify(answer.body)}\n${this.#tail()}`)
      await sleep(50)
    }
  }

  /** The journal of the newest call to a number, once that has ended and is stored so. */
  async journalOfCallTo(number: string): Promise<readonly Record<string, unknown>[]> {
    const callTo = ({ items }: ApiAnswer) => items.find((item) => item['destination'] === number)
    const hasEnded = (answer: ApiAnswer) => (callTo(answer)?.['endedAt'] ?? null) !== null
    const answer = await this.until('/calls?perPage=50', hasEnded)
    return await this.journal(String(callTo(answer)?.['id']))
  }

  /** The journal of a call as the API lists it. */
  async journal(callId: string): Promise<readonly Record<string, unknown>[]> {
    const { items } = await this.api('GET', `/calls/${callId}/journal?perPage=100`)
    return items
  }

  /** Asks the process to end and waits for it; returns its exit code (undefined if a signal ended it). */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 15_000): Promise<number | undefined> {
    const running = this.#process
    if (!running) return undefined
    if (running.exitCode === null && running.signalCode === null) running.kill(signal)
    const killer = setTimeout(() => {
      this.log.push(`test harness: no exit within ${timeoutMs} ms after ${signal}, killing`)
      running.kill('SIGKILL')
    }, timeoutMs)
    await this.#exited
    clearTimeout(killer)
    this.#process = undefined
    return running.exitCode ?? undefined
  }

  /** Ends the process as a power cut would. */
  async kill9(): Promise<void> {
    await this.stop('SIGKILL')
  }

  /** Starts again on the same ports and data; after `stop` or `kill9`. */
  async restart(): Promise<void> {
    await this.stop()
    await this.#launch()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 })
  }

  async #launch(): Promise<void> {
    const { wrapper = [], nodeArguments = [], cwd, readyWithinMs = 20_000 } = this.#options
    const [program = process.execPath, ...rest] = [
      ...wrapper,
      process.execPath,
      ...NODE_ARGUMENTS,
      ...nodeArguments,
      main,
      'serve',
    ]
    const child = spawn(program, rest, {
      // biome-ignore lint/style/noProcessEnv: the child needs PATH and HOME; what configures it is set here
      env: { ...withoutLinnet(process.env), ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
    })
    this.#process = child
    this.#exited = once(child, 'close')
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        this.log.push(...lines)
      })
    }
    await this.#waitUntilReady(child, readyWithinMs)
  }

  async #waitUntilReady(child: ChildProcess, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs
    while (performance.now() < deadline) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}\n${this.#tail()}`)
      if (await isReady(this.http)) return
      await sleep(25)
    }
    throw new Error(`the server was not ready within ${withinMs} ms\n${this.#tail()}`)
  }

  #tail(): string {
    return `the end of its log:\n${this.log.slice(-TAIL_LINES).join('\n')}`
  }
}

/** Starts the server and waits until `/readyz` says so; fails with the end of its log. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  return await TestServer.start(options)
}

async function isReady(http: string): Promise<boolean> {
  try {
    const response = await fetch(`${http}/readyz`, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

function listOf(body: unknown): Record<string, unknown>[] {
  const data = typeof body === 'object' && body !== null && 'data' in body ? body.data : undefined
  return Array.isArray(data) ? data : []
}

function withoutLinnet(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('LINNET_')))
}
