import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freeRtpRange, freeUdpPort } from '../support/free-ports.ts'
import { isInstalled } from '../support/listen/recognise.ts'
import type { Peer } from '../support/phone/wire.ts'

/** Why a test with SIPp can't run here; false where it can. */
export const withoutSipp: string | false = isInstalled('sipp') ? false : 'sipp is not installed'

const scenarios = new URL('./sipp/', import.meta.url)
/** Key presses as captured packets; Debian's package brings them. */
const captures = '/usr/share/sip-tester'

/** Why a scenario that plays a capture can't run here: SIPp sends it from a raw socket. */
export const withoutCaptures: string | false =
  withoutSipp ||
  (!existsSync(join(captures, 'dtmf_2833_1.pcap')) && 'the captures of sip-tester are not installed') ||
  (process.getuid?.() !== 0 && 'SIPp plays captures from a raw socket, which only root may open')

export interface SippOptions {
  /** A file of `sipp/`, without `.xml`. */
  readonly scenario: string
  /** Where to call; a scenario that waits for calls has none. */
  readonly target?: Peer
  /** The user part of the URI that is called. */
  readonly user?: string
  readonly calls?: number
  /** The scenario's pause. */
  readonly pauseMs?: number
  /** Sends received RTP back. */
  readonly echo?: boolean
  readonly timeoutMs?: number
}

/** What SIPp made of its calls. */
export interface SippResult {
  /** Whether all calls went as the scenario says. */
  readonly ok: boolean
  /** What it complained of; empty when all is well. */
  readonly errors: string
  /** All messages, with times. */
  readonly messages: string
}

/** A running SIPp on a port of its own; the calls are over when `result` resolves. */
export class Sipp implements AsyncDisposable {
  readonly local: Peer
  readonly result: Promise<SippResult>
  readonly #folder: string
  readonly #process: ChildProcess

  private constructor(folder: string, local: Peer, child: ChildProcess) {
    this.#folder = folder
    this.local = local
    this.#process = child
    this.result = once(child, 'close').then(([code]) => ({
      ok: code === 0,
      errors: this.#read('errors.log'),
      messages: this.#read('messages.log'),
    }))
  }

  static async start(options: SippOptions): Promise<Sipp> {
    const folder = mkdtempSync(join(tmpdir(), 'linnet-sipp-'))
    const port = await freeUdpPort()
    const capture = join(captures, 'dtmf_2833_1.pcap')
    if (existsSync(capture)) copyFileSync(capture, join(folder, 'dtmf_2833_1.pcap'))
    const child = spawn('sipp', argumentsOf(options, port, await freeRtpRange('sipp', 8)), {
      cwd: folder,
      stdio: 'ignore',
    })
    await once(child, 'spawn')
    const sipp = new Sipp(folder, { address: '127.0.0.1', port }, child)
    if (!options.target) await untilTaken(port, child)
    return sipp
  }

  /** The result if all calls went well; throws with what went wrong and all messages. */
  async succeeded(): Promise<SippResult> {
    const result = await this.result
    if (!result.ok) throw new Error(`SIPp has failed calls\n${result.errors}\n${result.messages}`)
    return result
  }

  #read(name: string): string {
    const path = join(this.#folder, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill('SIGKILL')
    await this.result
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Starts SIPp; as a callee it takes calls once this resolves. */
export async function startSipp(options: SippOptions): Promise<Sipp> {
  return await Sipp.start(options)
}

function argumentsOf(options: SippOptions, port: number, mediaPort: number): string[] {
  const { scenario, target, user = '31612345678', calls = 1, pauseMs = 0, echo, timeoutMs = 30_000 } = options
  return [
    ...(target ? [`${target.address}:${target.port}`] : []),
    ...['-sf', fileURLToPath(new URL(`${scenario}.xml`, scenarios))],
    ...['-i', '127.0.0.1', '-p', String(port), '-mi', '127.0.0.1', '-mp', String(mediaPort)],
    ...['-s', user, '-m', String(calls), '-l', String(calls), '-r', String(Math.min(calls, 10))],
    ...['-d', String(pauseMs), '-timeout', `${timeoutMs}ms`, '-timeout_error'],
    ...['-trace_err', '-error_file', 'errors.log', '-trace_msg', '-message_file', 'messages.log'],
    ...['-nostdin', ...(echo ? ['-rtp_echo'] : [])],
  ]
}

/** SIPp doesn't say when it listens; then its port can't be bound any more. */
async function untilTaken(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 500 && child.exitCode === null; attempt += 1) {
    if (await isTaken(port)) return
    await sleep(20)
  }
  throw new Error(`SIPp does not listen on ${port} (exit code ${child.exitCode})`)
}

async function isTaken(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true })
    await once(socket, 'listening')
    return false
  } catch {
    return true
  } finally {
    socket.close()
  }
}

/** How many responses with this status line, such as `200 OK`, SIPp received according to its log. */
export function countReceived({ messages }: SippResult, statusLine: string): number {
  return messages.split(/^-{20,}.*$/m).filter((entry) => {
    return entry.includes('message received') && entry.includes(`\nSIP/2.0 ${statusLine}`)
  }).length
}
