import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freeRtpRange, freeTcpPort, freeUdpPort } from '../support/free-ports.ts'
import { isInstalled } from '../support/listen/recognise.ts'
import { readWav, writeWav } from '../support/listen/wav.ts'
import { Waiting } from '../support/phone/waiting.ts'

/** Why a test with baresip can't run here; false where it can. */
export const withoutBaresip: string | false = isInstalled('baresip') ? false : 'baresip is not installed'

export interface BaresipOptions {
  /** What its user says, at 8 kHz, from the answer on; then silence. */
  readonly says?: Int16Array
  readonly codecs?: 'pcmu,pcma' | 'pcma,pcmu' | 'pcmu' | 'pcma'
  /** Whether it answers calls by itself; default true. */
  readonly answers?: boolean
}

/** Where packages put its modules; its own default is where `make install` does. */
const moduleFolders = [
  '/usr/lib/baresip/modules',
  '/usr/local/lib/baresip/modules',
  '/opt/homebrew/lib/baresip/modules',
]

/** When its voice file ends, baresip hangs up. */
const LONGEST_CALL_SECONDS = 120

/** An event of baresip's, such as CALL_ESTABLISHED. */
export interface BaresipEvent {
  readonly type: string
  readonly param: string
}

/**
 * The real baresip, without terminal and sound card: its user's voice is a file, and what it hears is dumped
 * by its `sndfile` filter, after its own jitter buffer and decoder. Commands go to its JSON port, keys to its stdin.
 */
export class Baresip implements AsyncDisposable {
  readonly uri: string
  readonly events: BaresipEvent[] = []
  readonly log: string[] = []
  readonly #folder: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #control: Socket
  readonly #waiting = new Waiting()
  #unread = ''

  private constructor(folder: string, port: number, child: ChildProcessWithoutNullStreams, control: Socket) {
    this.uri = `sip:baresip@127.0.0.1:${port}`
    this.#folder = folder
    this.#process = child
    this.#control = control
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.log.push(text))
    control.setEncoding('utf8').on('data', (text: string) => this.#read(text))
  }

  static async open(options: BaresipOptions): Promise<Baresip> {
    const folder = mkdtempSync(join(tmpdir(), 'linnet-baresip-'))
    const port = await freeUdpPort()
    const controlPort = await freeTcpPort()
    const firstRtp = await freeRtpRange('baresip', 40)
    configure(folder, { port, controlPort, firstRtp }, options)
    const child = spawn('baresip', ['-f', folder], { stdio: 'pipe' })
    try {
      const control = await connectTo(controlPort, child)
      return new Baresip(folder, port, child, control)
    } catch (error) {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  dial(uri: string): void {
    this.#command('dial', uri)
  }

  hangUp(): void {
    this.#command('hangup')
  }

  /** Presses keys in the call, as telephone events of about 200 ms each. */
  async press(keys: string): Promise<void> {
    for (const key of keys) {
      this.#process.stdin.write(key)
      await sleep(400) // its terminal input takes the next key only once the last was released
    }
  }

  /** The `count`-th event of a type, past or to come. */
  waitFor(type: string, { count = 1, timeoutMs = 10_000 } = {}): Promise<BaresipEvent> {
    return this.#waiting.for(
      () => this.events.filter((event) => event.type === type)[count - 1],
      timeoutMs,
      () =>
        `no ${type} of baresip's within ${timeoutMs} ms; it said: ${this.events.map((event) => event.type).join(', ')}\n${this.log.join('').slice(-2_000)}`,
    )
  }

  /** What it heard in its latest call; complete once CALL_CLOSED was reported. */
  heard(): Int16Array {
    return this.#dump('dec')
  }

  /** What it sent in its latest call, before encoding. */
  said(): Int16Array {
    return this.#dump('enc')
  }

  #dump(side: 'enc' | 'dec'): Int16Array {
    const folder = join(this.#folder, 'dumps')
    const name = readdirSync(folder)
      .filter((file) => file.endsWith(`-${side}.wav`))
      .sort()
      .at(-1)
    if (!name) throw new Error(`baresip has recorded nothing:\n${this.log.join('').slice(-2_000)}`)
    return readWav(join(folder, name)).samples
  }

  #command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params })
    this.#control.write(`${Buffer.byteLength(text)}:${text},`)
  }

  /** Reads netstrings of JSON. */
  #read(text: string): void {
    this.#unread += text
    for (;;) {
      const head = /^(\d+):/.exec(this.#unread)
      if (!head) break
      const start = head[0].length
      const end = start + Number(head[1])
      if (this.#unread.length <= end) break
      const message: unknown = JSON.parse(this.#unread.slice(start, end))
      this.#unread = this.#unread.slice(end + 1)
      const event = eventOf(message)
      if (event) this.events.push(event)
    }
    this.#waiting.poke()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting[Symbol.dispose]()
    this.#control.destroy()
    const child = this.#process
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), 3_000)
      await closed
      clearTimeout(killer)
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Starts baresip on loopback and waits until it takes commands. */
export async function openBaresip(options: BaresipOptions = {}): Promise<Baresip> {
  return await Baresip.open(options)
}

function configure(
  folder: string,
  {
    port,
    controlPort,
    firstRtp,
  }: { readonly port: number; readonly controlPort: number; readonly firstRtp: number },
  { says = new Int16Array(0), codecs = 'pcmu,pcma', answers = true }: BaresipOptions,
): void {
  const dumps = join(folder, 'dumps')
  const voice = join(folder, 'voice.wav')
  mkdirSync(dumps)
  const padded = new Int16Array(Math.max(says.length, LONGEST_CALL_SECONDS * 8_000))
  padded.set(says)
  writeWav(voice, { samples: padded, sampleRateHz: 8_000 })
  const lines = [
    `sip_listen 127.0.0.1:${port}`,
    'net_interface 127.0.0.1', // by address: by name it refuses the loopback interface
    `module_path ${moduleFolders.find((path) => existsSync(path)) ?? ''}`,
    `rtp_ports ${firstRtp}-${firstRtp + 39}`,
    `audio_path ${folder}`,
    `audio_source aufile,${voice}`,
    'audio_player aubridge,nobody', // no sound card; without a player nothing would be decoded
    'audio_alert aubridge,nobody',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    'ausrc_channels 1',
    'auplay_channels 1',
    'jitter_buffer_delay 2-5',
    'module stdio.so',
    'module g711.so',
    'module aufile.so',
    'module aubridge.so',
    'module sndfile.so',
    'module_tmp account.so',
    'module_app ctrl_tcp.so',
    'module_app menu.so',
    `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
    `snd_path ${dumps}`,
  ]
  const answermode = answers ? 'auto' : 'manual'
  writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`)
  writeFileSync(
    join(folder, 'accounts'),
    `<sip:baresip@127.0.0.1>;regint=0;answermode=${answermode};audio_codecs=${codecs}\n`,
  )
  writeFileSync(join(folder, 'contacts'), '')
}

async function connectTo(port: number, child: ChildProcessWithoutNullStreams): Promise<Socket> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`baresip ended with ${child.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return socket
    } catch {
      socket.destroy()
      await sleep(25)
    }
  }
  throw new Error('baresip takes no commands')
}

function eventOf(message: unknown): BaresipEvent | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined
  const param = 'param' in message ? String(message.param) : ''
  return { type: String(message.type), param }
}
