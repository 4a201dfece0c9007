// Measures the embedded database: `node bench/storage.ts [commits|paced|lists|memory]...`; all by default.
// It works in a folder of its own below the system's one for temporary files, and removes it.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import SqliteConnection from 'better-sqlite3'
import type { Call } from '../src/domain/call.ts'
import type { StoredCallFlow } from '../src/domain/call-flow.ts'
import type { CallChange } from '../src/domain/repositories.ts'
import { openRepositories } from '../src/storage/open-repositories.ts'
import { openSqlite } from '../src/storage/sqlite-database.ts'

const ACCOUNT = randomUUID()
const FLOW = {
  title: 'Welcome',
  record: false,
  steps: [
    {
      id: randomUUID(),
      action: 'say',
      options: { payload: 'Welcome, press one for sales', language: 'en-gb', voice: 'male' },
    },
    { id: randomUUID(), action: 'hangup', options: {} },
  ],
} as const

const benches: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  memory: benchMemory,
  commits: benchCommits,
  paced: benchPaced,
  lists: benchLists,
}

/** A call's first change: call, leg, two journal entries and an event, as `POST /calls` makes it. */
function newCall(): CallChange & { readonly call: Call } {
  const [callId, legId, now] = [randomUUID(), randomUUID(), Date.now()]
  const call: Call = {
    id: callId,
    accountId: ACCOUNT,
    status: 'queued',
    direction: 'outgoing',
    source: '31612345678',
    destination: '31687654321',
    callFlow: FLOW,
    test: false,
    createdAt: now,
    updatedAt: now,
  }
  return {
    call,
    legs: [{ id: legId, callId, status: 'starting', direction: 'outgoing', createdAt: now, updatedAt: now }],
    journal: [
      { callId, sequence: 1, at: now, event: { type: 'callStatus', status: 'queued' } },
      { callId, sequence: 2, at: now, event: { type: 'legCreated', legId, direction: 'outgoing' } },
    ],
    events: [
      {
        id: randomUUID(),
        accountId: ACCOUNT,
        callId,
        type: 'call',
        event: 'callCreated',
        payload: JSON.stringify(call),
        at: now,
      },
    ],
  }
}

function newFlow(): StoredCallFlow {
  const now = Date.now()
  return { ...FLOW, id: randomUUID(), accountId: ACCOUNT, default: false, createdAt: now, updatedAt: now }
}

async function benchMemory(folder: string): Promise<void> {
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const startedAt = performance.now()
  await using database = await openSqlite({ path: join(folder, 'memory.db') })
  const openMs = performance.now() - startedAt
  const repositories = openRepositories(database)
  await repositories.calls.commit(newCall())
  await repositories.calls.list(ACCOUNT, { page: 1, perPage: 10 })
  await delay(500)
  print('open, new file', `${openMs.toFixed(0)} ms`)
  print('memory of an idle open database', `${mib(process.memoryUsage().rss - before)} more than without`)
}

async function benchCommits(folder: string): Promise<void> {
  await using database = await openSqlite({ path: join(folder, 'commits.db') })
  const { calls, callFlows, accessKeys } = openRepositories(database)
  await accessKeys.createAccount({ id: ACCOUNT, name: 'bench', createdAt: 1 })
  await inFlight(64, 2000, () => calls.commit(newCall())) // warm up
  for (const width of [1, 32, 64, 256]) {
    const count = width === 1 ? 5000 : 40_000
    print(
      `new calls (6 rows), ${width} in flight`,
      await inFlight(width, count, () => calls.commit(newCall())),
    )
  }
  for (const width of [1, 32, 64]) {
    const count = width === 1 ? 5000 : 40_000
    print(`call flows, ${width} in flight`, await inFlight(width, count, () => callFlows.save(newFlow())))
  }
  const { call } = newCall()
  await calls.commit({ call })
  for (const width of [1, 32]) {
    print(`finds, ${width} in flight`, await inFlight(width, 40_000, () => calls.find(ACCOUNT, call.id)))
  }
}

/** Keeps `width` operations under way until `count` are done; tells the rate and the main thread's CPU per operation. */
async function inFlight(width: number, count: number, operate: () => Promise<unknown>): Promise<string> {
  let started = 0
  const startedAt = performance.now()
  const before = process.threadCpuUsage()
  async function work(): Promise<void> {
    while (started++ < count) await operate()
  }
  await Promise.all(Array.from({ length: width }, work))
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.threadCpuUsage(before)
  return `${Math.round(count / seconds)}/s, ${((user + system) / count).toFixed(1)} us of the main thread each`
}

/** 2,000 writes a second for five seconds, with 100 lists and 100 finds a second beside them. */
async function benchPaced(folder: string): Promise<void> {
  await using database = await openSqlite({ path: join(folder, 'paced.db') })
  const { calls, callFlows } = openRepositories(database)
  const { call } = newCall()
  await calls.commit({ call })
  for (const [name, write] of [
    ['2,000 call flows/s', () => callFlows.save(newFlow())],
    ['2,000 changes of a call/s', () => calls.commit({ call: { ...call, updatedAt: Date.now() } })],
    ['2,000 new calls/s (6 rows each)', () => calls.commit(newCall())],
  ] as const) {
    const read = async () => {
      await Promise.all([calls.list(ACCOUNT, { page: 1, perPage: 20 }), calls.find(ACCOUNT, call.id)])
    }
    for (let warm = 0; warm < 200; warm++) await write()
    await pace(name, write, read)
  }
}

async function pace(name: string, write: () => Promise<unknown>, read: () => Promise<void>): Promise<void> {
  const [writes, reads]: [number[], number[]] = [[], []]
  const pending: Promise<void>[] = []
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const startedAt = performance.now()
  for (let sent = 0; sent < 10_000; await delay(1)) {
    for (const due = (performance.now() - startedAt) * 2; sent < due; sent++) {
      pending.push(timed(writes, write))
      if (sent % 20 === 0) pending.push(timed(reads, read))
    }
  }
  await Promise.all(pending)
  loop.disable()
  print(`${name}: commit`, percentiles(writes))
  print(`${name}: list and find beside it`, percentiles(reads))
  const ms = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(2)
  print(
    `${name}: event loop delay (timer of 1 ms)`,
    `p50 ${ms(loop.percentile(50))}  p99 ${ms(loop.percentile(99))}  max ${ms(loop.max)} ms`,
  )
}

async function timed(into: number[], operate: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now()
  await operate()
  into.push(performance.now() - startedAt)
}

async function benchLists(folder: string): Promise<void> {
  for (const rows of [1000, 100_000, 1_000_000]) {
    const path = join(folder, `lists-${rows}.db`)
    await (await openSqlite({ path }))[Symbol.asyncDispose]()
    fill(path, rows)
    await using database = await openSqlite({ path })
    const repositories = openRepositories(database)
    const lastPage = rows / 100
    for (const page of new Set([1, Math.ceil(lastPage / 2), lastPage])) {
      await printList(`${rows} calls, page ${page} of 100`, () =>
        repositories.calls.list(ACCOUNT, { page, perPage: 100 }),
      )
      await printList(`${rows} flows, page ${page} of 100`, () =>
        repositories.callFlows.list(ACCOUNT, { page, perPage: 100 }),
      )
    }
    await printList(`${rows} calls, those alive`, () => repositories.calls.listLive())
  }
}

async function printList(name: string, list: () => Promise<unknown>): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < 3; round++) await list()
  for (let round = 0; round < 30; round++) await timed(times, list)
  print(name, percentiles(times))
}

/** Calls and flows, one a second, straight into the file: quicker than a million commits. */
function fill(path: string, rows: number): void {
  const connection = new SqliteConnection(path)
  connection.pragma('synchronous = off')
  connection.pragma('cache_size = -400000')
  const [now, flow] = [Date.now(), JSON.stringify(FLOW)]
  const series = `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${rows})`
  const id = 'lower(hex(randomblob(18)))' // as long as a UUID
  connection.exec(`
    begin;
    ${series} insert into calls (id, account_id, account_sequence, status, live, direction, source, destination, call_flow, test, created_at, updated_at)
      select ${id}, '${ACCOUNT}', i, 'ended', 0, 'outgoing', '31612345678', '31687654321', '${flow}', 0, ${now} + 1000 * i, ${now} from n;
    ${series} insert into call_flows select ${id}, '${ACCOUNT}', i, 0, '${flow}', ${now} + 1000 * i, ${now} from n;
    insert into call_counts values ('${ACCOUNT}', ${rows});
    insert into call_flow_blocks select account_id, account_sequence / 4096, count(*) from call_flows group by 1, 2;
    commit`)
  connection.close()
}

function percentiles(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(2)
  return `p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)} ms`
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

function print(name: string, figure: string): void {
  console.log(`${name.padEnd(64)} ${figure}`)
}

const folder = mkdtempSync(join(tmpdir(), 'linnet-bench-'))
try {
  const wanted = process.argv.slice(2)
  for (const name of wanted.length > 0 ? wanted : Object.keys(benches)) await benches[name]?.(folder)
} finally {
  rmSync(folder, { recursive: true })
}
