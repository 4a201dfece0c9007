import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const MS_PER_TICK = 10 // USER_HZ is 100 on Linux

/** CPU time since a thread or process began, in milliseconds. */
export interface CpuTimes {
  readonly atMs: number
  /** Of the whole process, with threads that have ended. */
  readonly processMs: number
  readonly threads: ReadonlyMap<string, ThreadTimes>
}

interface ThreadTimes {
  readonly name: string
  readonly cpuMs: number
  /** How long it was ready to run and the core was given to something else. */
  readonly waitedMs: number
}

export function cpuTimes(pid: number): CpuTimes {
  const threads = new Map<string, ThreadTimes>()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [, waitedNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    threads.set(thread, { ...readStat(`/proc/${pid}/task/${thread}/stat`), waitedMs: Number(waitedNs) / 1e6 })
  }
  return { atMs: performance.now(), processMs: readStat(`/proc/${pid}/stat`).cpuMs, threads }
}

/** Name in parentheses, then fields from the third on: utime is field 14, stime 15 (proc(5)). */
function readStat(path: string): { name: string; cpuMs: number } {
  const text = readFileSync(path, 'utf8')
  const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'))
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { name, cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK }
}

export interface Shares {
  /** Of the process, with threads that have ended: percent of one core. */
  readonly all: number
  /** Of each thread that ran: percent of one core used, and percent of the time spent waiting for the core. */
  readonly byThread: ReadonlyMap<string, { readonly used: number; readonly waited: number }>
}

export function cpuShares(before: CpuTimes, after: CpuTimes): Shares {
  const elapsed = after.atMs - before.atMs
  const percent = (ms: number) => (100 * ms) / elapsed
  const byThread = new Map<string, { used: number; waited: number }>()
  for (const [thread, { name, cpuMs, waitedMs }] of after.threads) {
    const earlier = before.threads.get(thread)
    const used = percent(cpuMs - (earlier?.cpuMs ?? 0))
    if (used > 0)
      byThread.set(`${name} ${thread}`, { used, waited: percent(waitedMs - (earlier?.waitedMs ?? 0)) })
  }
  return { all: percent(after.processMs - before.processMs), byThread }
}

/** Resident memory in KiB. */
export function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** Puts one thread, or with `all` a process with all its threads, on one core. */
export function pinTo(core: number, id: number, all = false): void {
  const { status, stderr } = spawnSync('taskset', [all ? '-acp' : '-cp', String(core), String(id)])
  if (status !== 0) throw new Error(`taskset: ${stderr}`)
}
