// How many IVR calls does one core carry?  `node bench/ivr.ts --calls 200`
//
// Each call: INVITE, answer, a prompt of 10 s, BYE by the server, with 50 RTP packets/s both ways. The server is on
// core 0, everything else on core 1. Needs sipp, dumpcap (tshark) and taskset. Prints a table and one line of JSON.
import { spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freeUdpPort } from '../test/support/free-ports.ts'
import { serveFiles } from '../test/support/http-files.ts'
import { wavOf } from '../test/support/listen/wav.ts'
import { startServer, type TestServer } from '../test/support/server.ts'
import { babble } from '../test/support/sounds.ts'
import { startCapture } from './ivr/capture.ts'
import { cpuShares, cpuTimes, pinTo, residentKib } from './ivr/usage.ts'

const NUMBER = '31612345678'
const SERVER_CORE = 0
const LOAD_CORE = 1
const onLoadCore = ['taskset', '-c', String(LOAD_CORE)]
const MAX_CALLS = 2_000
/** The server's ports, then the phones', below those that the system hands out by itself. */
const [FIRST_SERVER_PORT, LAST_SERVER_PORT, LAST_PHONE_PORT] = [10_000, 14_799, 32_000]

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '100' },
    'prompt-seconds': { type: 'string', default: '10' },
    'measure-seconds': { type: 'string', default: '10' },
    'worker-alone': { type: 'boolean', default: false }, // the media worker on core 0, the rest on core 1
    'listen-only': { type: 'boolean', default: false }, // the phones send no RTP
    'cpu-prof': { type: 'boolean', default: false }, // leaves *.cpuprofile in the current folder
  },
})
const calls = Number(options.calls)
/** What else this machine did before: above 0.2 the figures are of the neighbours, too. */
const otherLoad = loadavg()[0] ?? 0
const promptSeconds = Number(options['prompt-seconds'])
const measureSeconds = Number(options['measure-seconds'])
if (!(calls >= 1 && calls <= MAX_CALLS)) throw new Error(`--calls is 1 to ${MAX_CALLS}`)

const machine = latenessOfMachine()
pinTo(LOAD_CORE, process.pid, true)
const folder = mkdtempSync(join(tmpdir(), 'linnet-bench-'))
await using files = await serveFiles()
await using server = await startServer({
  wrapper: ['taskset', '-c', String(options['worker-alone'] ? LOAD_CORE : SERVER_CORE)],
  nodeArguments: options['cpu-prof'] ? ['--cpu-prof'] : [],
  ...(options['cpu-prof'] ? { cwd: process.cwd() } : {}),
  env: {
    LINNET_LOG_LEVEL: 'warn',
    LINNET_MAX_LATENESS_MS: '60000', // what is measured is lateness, not its admission control
    LINNET_RTP_PORTS: `${FIRST_SERVER_PORT}-${LAST_SERVER_PORT}`,
  },
})
if (options['worker-alone']) giveWorkerTheCore(server.pid)
await assignPrompt(server)
try {
  await measure(server)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function assignPrompt(target: TestServer): Promise<void> {
  const sound = { samples: babble(promptSeconds), sampleRateHz: 8_000 }
  const media = files.serve('/prompt.wav', wavOf(sound), 'audio/wav')
  await target.assign(NUMBER, [
    { action: 'play', options: { media } },
    { action: 'hangup', options: {} },
  ])
}

/** How late a bare half-busy loop wakes on the server's core just before the run: no server can be more even than that. */
function latenessOfMachine(): { p50: number; p99: number; p999: number; max: number } {
  const script = fileURLToPath(new URL('./ivr/bare-loop.ts', import.meta.url))
  const { stdout } = spawnSync('taskset', ['-c', String(SERVER_CORE), process.execPath, script], {
    encoding: 'utf8',
  })
  return JSON.parse(stdout)
}

/** The worker's thread is the one that Node names after it. */
function giveWorkerTheCore(pid: number): void {
  const threads = readdirSync(`/proc/${pid}/task`)
  const named = threads.filter((thread) =>
    /media/i.test(readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8')),
  )
  if (named.length === 0) throw new Error('no thread of the server is named after the media worker')
  for (const thread of named) pinTo(SERVER_CORE, Number(thread))
}

async function measure(target: TestServer): Promise<void> {
  const phones = Math.ceil(calls * 1.3) + 10
  const peers = await startPeers(phones)
  const idleKib = residentKib(target.pid)
  const rampSeconds = promptSeconds + 1
  const sipp = await startLoad(target, peers.ports, rampSeconds + measureSeconds)
  await sleep(rampSeconds * 1_000)

  const capture = await startCapture(
    join(folder, 'rtp.pcap'),
    `${peers.ports[0]}-${peers.ports.at(-1)}`,
    onLoadCore,
  )
  const before = cpuTimes(target.pid)
  let peakKib = 0
  for (let second = 0; second < measureSeconds; second += 1) {
    await sleep(1_000)
    peakKib = Math.max(peakKib, residentKib(target.pid))
  }
  const cpu = cpuShares(before, cpuTimes(target.pid))
  const rtp = await capture.stop()
  const load = await sipp.finished()
  const peakActive = await peers.stop()
  report({ cpu, rtp, load, peakActive, idleKib, peakKib })
}

/** Starts the phones' RTP; where another program holds one of the ports, elsewhere. */
async function startPeers(count: number) {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const first =
      LAST_SERVER_PORT + 1 + 2 * randomInt(Math.floor((LAST_PHONE_PORT - LAST_SERVER_PORT) / 2) - count)
    const peers = await openPeers(first, count)
    if (peers) return peers
  }
  throw new Error(`no ${count} free ports for phones up to ${LAST_PHONE_PORT}`)
}

async function openPeers(first: number, count: number) {
  const script = fileURLToPath(new URL('./ivr/rtp-peers.ts', import.meta.url))
  const mode = options['listen-only'] ? ['listen-only'] : []
  const args = [script, String(first), String(count), '127.0.0.1', ...mode]
  const [program = '', ...rest] = [...onLoadCore, process.execPath, ...args]
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  const [output, faults]: [string[], string[]] = [[], []]
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => faults.push(text))
  while (!output.join('').includes('ready')) {
    if (child.exitCode !== null) {
      if (faults.join('').includes('EADDRINUSE')) return undefined
      throw new Error(`the process with the phones has ended: ${faults.join('')}`)
    }
    await sleep(20)
  }
  return {
    ports: Array.from({ length: count }, (_, index) => first + 2 * index),
    async stop(): Promise<number> {
      child.kill('SIGTERM')
      await closed
      return Number(/peak (\d+)/.exec(output.join(''))?.[1])
    },
  }
}

/** SIPp at the rate at which calls that last as long as the prompt add up to the wanted number. */
async function startLoad(target: TestServer, phonePorts: readonly number[], seconds: number) {
  const lines = phonePorts.map((port) => `${port};`)
  writeFileSync(join(folder, 'ports.csv'), `SEQUENTIAL\n${lines.join('\n')}\n`)
  const scenario = fileURLToPath(new URL('./ivr/call.xml', import.meta.url))
  const total = Math.round((calls * seconds) / promptSeconds)
  const [program = '', ...args] = [
    ...onLoadCore,
    ...['sipp', `${target.sip.address}:${target.sip.port}`, '-sf', scenario, '-s', NUMBER],
    ...['-i', '127.0.0.1', '-p', String(await freeUdpPort()), '-inf', 'ports.csv'],
    // By itself SIPp would hold no more than three times the rate.
    ...['-r', String(calls), '-rp', String(promptSeconds * 1_000), '-l', String(calls), '-m', String(total)],
    ...['-timeout', `${seconds + promptSeconds + 30}s`, '-nostdin'],
    ...['-trace_stat', '-stf', 'stat.csv', '-fd', '1', '-trace_err', '-error_file', 'errors.log'],
  ]
  const child = spawn(program, args, { cwd: folder, stdio: 'ignore' })
  const closed = once(child, 'close')
  return {
    async finished() {
      await closed
      const errors = join(folder, 'errors.log')
      const refusals = countRefusals(existsSync(errors) ? readFileSync(errors, 'latin1') : '')
      return { ...readStatistics(readFileSync(join(folder, 'stat.csv'), 'latin1')), refusals }
    },
  }
}

/** SIPp's statistics: one line per second, cumulative columns marked (C). */
function readStatistics(csv: string) {
  const [names = [], ...rows] = csv
    .trim()
    .split('\n')
    .map((line) => line.split(';'))
  const column = (name: string) => rows.map((row) => Number(row[names.indexOf(name)]))
  return {
    ok: column('SuccessfulCall(C)').at(-1) ?? 0,
    failed: column('FailedCall(C)').at(-1) ?? 0,
    peak: Math.max(...column('CurrentCall')),
    retransmissions: column('Retransmissions(C)').at(-1) ?? 0,
  }
}

/** What failed calls were answered with: `503 × 12`. */
function countRefusals(errors: string): string {
  const counts = new Map<string, number>()
  for (const [, status = ''] of errors.matchAll(/received 'SIP\/2\.0 (\d{3})/g))
    counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${status} × ${count}`).join(', ') || 'none'
}

interface Results {
  readonly cpu: ReturnType<typeof cpuShares>
  readonly rtp: Awaited<ReturnType<Awaited<ReturnType<typeof startCapture>>['stop']>>
  readonly load: ReturnType<typeof readStatistics> & { readonly refusals: string }
  readonly peakActive: number
  readonly idleKib: number
  readonly peakKib: number
}

function report({ cpu, rtp, load, peakActive, idleKib, peakKib }: Results): void {
  const active = rtp.packets / (50 * measureSeconds)
  const perThousand = (percent: number) => (1_000 * percent) / active
  const round = (value: number, digits = 2) => Number(value.toFixed(digits))
  const rows: [string, string][] = [
    ['calls asked for / peak in SIPp / peak with RTP', `${calls} / ${load.peak} / ${peakActive}`],
    ['calls ok / failed / SIP retransmissions', `${load.ok} / ${load.failed} / ${load.retransmissions}`],
    ['unexpected answers', load.refusals],
    ['legs with RTP, mean over the window', String(round(active, 1))],
    [
      'pacing jitter p50 / p99 / p99.9 / max, ms',
      Object.values(rtp.jitterMs)
        .map((ms) => round(ms))
        .join(' / '),
    ],
    ['packets / lost / reordered', `${rtp.packets} / ${rtp.lost} / ${rtp.reordered}`],
    ['CPU, % of a core / per 1,000 legs', `${round(cpu.all, 1)} / ${round(perThousand(cpu.all), 1)}`],
    ...[...cpu.byThread].map(([thread, { used, waited }]): [string, string] => [
      `  ${thread}`,
      `${round(used, 1)} / ${round(perThousand(used), 1)}; waited for the core ${round(waited, 1)} % of the time`,
    ]),
    ['load of the machine before the run', String(round(otherLoad))],
    [
      'a bare half-busy loop, late p50 / p99 / p99.9, ms',
      `${machine.p50} / ${machine.p99} / ${machine.p999} (the machine itself, before the run)`,
    ],
    ['memory idle / peak, MiB', `${round(idleKib / 1_024, 1)} / ${round(peakKib / 1_024, 1)}`],
    ['memory per call, KiB', String(round((peakKib - idleKib) / load.peak, 1))],
  ]
  for (const [name, value] of rows) console.log(`${name.padEnd(50)}${value}`)
  console.log(
    JSON.stringify({
      calls,
      peakCalls: load.peak,
      otherLoad: round(otherLoad),
      machineLatenessMs: machine,
      ok: load.ok,
      failed: load.failed,
      legs: round(active, 1),
      jitterMs: rtp.jitterMs,
      packets: rtp.packets,
      lost: rtp.lost,
      cpuPercent: round(cpu.all),
      cpuPercentPer1000: round(perThousand(cpu.all)),
      threads: Object.fromEntries(cpu.byThread),
      kibPerCall: round((peakKib - idleKib) / load.peak),
      workerAlone: options['worker-alone'],
      listenOnly: options['listen-only'],
    }),
  )
}
