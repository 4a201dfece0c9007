// Measures the HTTP API against bare Fastify, in alternating rounds: `node bench/api.ts [--cpu-prof FOLDER]`.
// The real server runs in a folder of its own below the system's one for temporary files, with 100,000 calls and many access keys.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import SqliteConnection from 'better-sqlite3'
import { parseCallFlow } from '../src/flow/parse-call-flow.ts'
import { makeAccessKey } from '../src/http/make-access-key.ts'
import { systemClock } from '../src/runtime/clock.ts'
import { systemIds } from '../src/runtime/ids.ts'
import { openRepositories } from '../src/storage/open-repositories.ts'
import { openSqlite } from '../src/storage/sqlite-database.ts'
import { startServer, type TestServer } from '../test/support/server.ts'
import { type Outcome, pace, request, saturate } from './api-client.ts'

const CALLS = 100_000
/** The rate limit is per key: so many keys together are never stopped by it. */
const KEYS = 200
const CONNECTIONS = 32
const ROUNDS = 3
const ROUND_MS = 1500
const OFFERED = 2000

const FLOW = {
  title: 'Twenty steps',
  steps: Array.from({ length: 20 }, (_, index) => ({
    id: `step-${index}`,
    action: 'say',
    options: { payload: `Press ${index} for what you want`, language: 'en-GB', voice: 'female' },
    ...(index % 2 === 0 && {
      conditions: [{ variable: 'dtmf', operator: 'eq', value: String(index) }],
      onKeypressGoto: 'step-0',
    }),
  })),
}

interface Target {
  readonly port: number
  readonly pid: number
}

const profileFolder = process.argv[2] === '--cpu-prof' ? process.argv[3] : undefined

async function main(): Promise<void> {
  benchValidation()
  await using server = await startServer({
    rtpPorts: 20,
    env: { LINNET_LOG_LEVEL: 'warn' },
    ...(profileFolder !== undefined && {
      nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`],
    }),
  })
  const keys = await makeKeys(server)
  const callId = await fillCalls(server)
  const [single, list] = [
    await server.api('GET', `/calls/${callId}`),
    await server.api('GET', '/calls?perPage=100'),
  ]
  using child = forkBare()
  child.process.send({ single: single.body, list: list.body })
  const [port] = await once(child.process, 'message')
  const ours = { port: Number(new URL(server.http).port), pid: server.pid }
  const bare = { port: Number(port), pid: child.process.pid ?? 0 }

  for (const [name, build] of [
    ['GET /calls/{id}', (key: string) => request('GET', `/calls/${callId}`, key)],
    ['GET /calls?perPage=100', (key: string) => request('GET', '/calls?perPage=100', key)],
    ['POST /call-flows, 20 steps', (key: string) => request('POST', '/call-flows', key, FLOW)],
  ] as const) {
    await compare(name, { ours, bare }, rotate(keys.map(build)))
  }
  await comparePaced({ ours, bare }, rotate(keys.map((key) => request('POST', '/call-flows', key, FLOW))))
}

/** Alternating rounds; the medians and their ratio. */
async function compare(
  name: string,
  targets: { ours: Target; bare: Target },
  next: () => Buffer,
): Promise<void> {
  const [oursRounds, bareRounds]: [Round[], Round[]] = [[], []]
  for (const { port } of [targets.ours, targets.bare]) await saturate(port, CONNECTIONS, 1000, next)
  for (let round = 0; round < ROUNDS; round += 1) {
    oursRounds.push(await measure(targets.ours, next))
    bareRounds.push(await measure(targets.bare, next))
  }
  const show = (rounds: readonly Round[]) =>
    `${median(rounds.map(({ perSecond }) => perSecond)).toFixed(0)}/s  ${median(rounds.map(({ cpu }) => cpu)).toFixed(0)} us CPU`
  const ratios = oursRounds.map(({ perSecond }, index) => perSecond / (bareRounds[index]?.perSecond ?? 0))
  print(name, `${show(oursRounds)}   bare ${show(bareRounds)}   ratio ${median(ratios).toFixed(2)}`)
}

interface Round {
  readonly perSecond: number
  /** Microseconds of CPU, of all threads, for each request. */
  readonly cpu: number
}

async function measure({ port, pid }: Target, next: () => Buffer): Promise<Round> {
  const before = cpuMs(pid)
  const { perSecond } = await saturate(port, CONNECTIONS, ROUND_MS, next)
  return { perSecond, cpu: ((cpuMs(pid) - before) * 1000) / ((perSecond * ROUND_MS) / 1000) }
}

async function comparePaced(targets: { ours: Target; bare: Target }, next: () => Buffer): Promise<void> {
  const load = { perSecond: OFFERED, connections: 128, ms: 4000 }
  for (let round = 0; round < 3; round += 1) {
    const ours = await pace(targets.ours.port, load, next)
    const bare = await pace(targets.bare.port, load, next)
    print(`POST /call-flows at ${OFFERED}/s`, `${showPaced(ours)}   bare ${showPaced(bare)}`)
  }
}

function showPaced({ perSecond, p50, p99 }: Outcome): string {
  return `${perSecond.toFixed(0)}/s  p50 ${p50.toFixed(2)}  p99 ${p99.toFixed(2)} ms`
}

function benchValidation(): void {
  const text = JSON.stringify(FLOW)
  const options = { newId: () => 'x', speaks: () => true }
  const run = () => parseCallFlow(JSON.parse(text), options)
  for (let count = 0; count < 5000; count += 1) run()
  const startedAt = performance.now()
  for (let count = 0; count < 5000; count += 1) run()
  const us = ((performance.now() - startedAt) * 1000) / 5000
  print('parse and validate 20 steps', `${us.toFixed(1)} us for ${text.length} bytes`)
}

async function makeKeys(server: TestServer): Promise<readonly string[]> {
  await using database = await openSqlite({ path: join(server.dataDir, 'linnet.db') })
  const { accessKeys } = openRepositories(database)
  const [account] = await accessKeys.listAccounts()
  if (!account) throw new Error('a server without an account')
  const made = Array.from({ length: KEYS }, () =>
    makeAccessKey({ accountId: account.id, mode: 'live' }, { clock: systemClock, ids: systemIds }),
  )
  await Promise.all(made.map(({ record }) => accessKeys.create(record)))
  return made.map(({ key }) => key)
}

/** Ended calls, straight into the file; resolves with the id of one in the middle. */
async function fillCalls(server: TestServer): Promise<string> {
  const connection = new SqliteConnection(join(server.dataDir, 'linnet.db'))
  using _closed = { [Symbol.dispose]: () => void connection.close() }
  const account = String(connection.prepare('select id from accounts').pluck().get())
  const flow = JSON.stringify({ record: false, steps: FLOW.steps.slice(0, 2) })
  const hex = (bytes: number) => `lower(hex(randomblob(${bytes})))`
  const id = `${hex(4)} || '-' || ${hex(2)} || '-4000-8000-' || ${hex(6)}`
  const now = systemClock.now()
  connection.exec(`begin;
    with recursive n (i) as (select 1 union all select i + 1 from n where i < ${CALLS})
    insert into calls (id, account_id, account_sequence, status, live, direction, source, destination, call_flow, test, created_at, updated_at, ended_at)
      select ${id}, '${account}', i, 'ended', 0, 'outgoing', '31612345678', '31687654321', '${flow}', 0, ${now} + i, ${now} + i, ${now} + i from n;
    insert into call_counts values ('${account}', ${CALLS});
    commit`)
  const middle = 'select id from calls where account_id = ? and account_sequence = ?'
  return String(
    connection
      .prepare(middle)
      .pluck()
      .get(account, CALLS / 2),
  )
}

function forkBare(): Disposable & { readonly process: ChildProcess } {
  const child = fork(fileURLToPath(new URL('./api-bare.ts', import.meta.url)), {
    execArgv: ['--max-semi-space-size=4'],
  })
  return { process: child, [Symbol.dispose]: () => void child.kill() }
}

function rotate(requests: readonly Buffer[]): () => Buffer {
  let count = 0
  return () => {
    const next = requests[count++ % requests.length]
    if (!next) throw new Error('no requests')
    return next
  }
}

/** CPU time of a process and its threads so far; Linux only. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function print(name: string, figure: string): void {
  console.log(`${name.padEnd(30)} ${figure}`)
}

await main()
