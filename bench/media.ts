/**
 * What one media thread can carry: legs that play a prompt and hear 50 packets a second each, as in an IVR. Prints the
 * thread's CPU per 1,000 legs, how late packets leave, how evenly they arrive, and memory per leg.
 * Run: node bench/media.ts [legs=500,1000] [seconds=10]      (the far end is a second process: leave it a core)
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createMediaEngine } from '../src/media/media-engine.ts'
import type { MediaLeg, MediaThreadStatistics } from '../src/media/port.ts'
import { silentLogger } from '../src/runtime/logger.ts'
import type { PeerCommand, PeerReport } from './media-peer.ts'

const TARGET = { lateP99Ms: 5, bytesPerLeg: 60_000 }
const HOST = '127.0.0.1'
const WARM_UP_MS = 3_000
const counts = (process.argv[2] ?? '500,1000').split(',').map(Number)
const seconds = Number(process.argv[3] ?? 10)

/** Ten minutes of G.711, played by all: longer than any run. */
const prompt = new SharedArrayBuffer(8_000 * 600)
new Uint8Array(prompt).fill(0x55)

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function run(legCount: number): Promise<void> {
  await using engine = await createMediaEngine({
    workerUrl: new URL('../src/media-worker.ts', import.meta.url),
    workers: 1,
    rtpPorts: { first: 20_000, last: 29_999 },
    address: HOST,
    logger: silentLogger,
    maxLatenessMs: Number.POSITIVE_INFINITY,
  })
  using stack = new DisposableStack()
  const peer = fork(new URL('./media-peer.ts', import.meta.url))
  stack.defer(() => void peer.kill())
  const [{ ports }] = (await once(peer, 'message')) as [{ ports: readonly number[] }]

  await sleep(500)
  const rssBefore = process.memoryUsage().rss
  const legs: MediaLeg[] = []
  for (let i = 0; i < legCount; i++) {
    const leg = await engine.open({ group: `${i}`, onEvent: () => {} })
    const port = ports[i % ports.length] ?? 0
    leg.connect({ address: HOST, port, codec: 'PCMU', payloadType: 0, sending: true })
    leg.play(i, prompt, { stopOnKey: false })
    legs.push(leg)
  }
  tell(peer, { type: 'send', to: legs.map((leg, i) => ({ port: leg.port, from: i % ports.length })) })
  await sleep(WARM_UP_MS)

  await engine.statistics()
  tell(peer, { type: 'measure' })
  const cpuBefore = process.cpuUsage()
  await sleep(seconds * 1_000)
  const [thread] = await engine.statistics()
  const cpu = process.cpuUsage(cpuBefore)
  tell(peer, { type: 'report' })
  const [report] = (await once(peer, 'message')) as [PeerReport]
  const rss = process.memoryUsage().rss
  const closed = await Promise.all(legs.map((leg) => leg.close()))

  if (!thread) throw new Error('the media thread died')
  print(thread, (cpu.user + cpu.system) / 1000, report, (rss - rssBefore) / legCount)
  const lost = closed.reduce((sum, { packetsLost }) => sum + packetsLost, 0)
  const received = closed.reduce((sum, { packetsReceived }) => sum + packetsReceived, 0)
  console.log(`  received ${received} packets, lost ${lost}`)
}

function tell(peer: ReturnType<typeof fork>, command: PeerCommand): void {
  peer.send(command)
}

function print(thread: MediaThreadStatistics, processCpuMs: number, peer: PeerReport, bytesPerLeg: number) {
  const { legs, cpuMs, elapsedMs, lateness, utilization } = thread
  const percent = (ms: number) => `${((100 * ms) / elapsedMs).toFixed(1)} %`
  console.log(`${legs} legs, ${(elapsedMs / 1000).toFixed(1)} s`)
  console.log(
    `  thread ${percent(cpuMs)} of a core (${percent((cpuMs * 1000) / legs)} per 1,000 legs), ` +
      `process ${percent(processCpuMs)}, event loop busy ${(utilization * 100).toFixed(1)} %`,
  )
  const distribution = (d: typeof lateness) =>
    `p50 ${d.p50Ms.toFixed(1)}, p99 ${d.p99Ms.toFixed(1)}, p99.9 ${d.p999Ms.toFixed(1)}, max ${d.maxMs.toFixed(1)} ms`
  console.log(`  left late by         ${distribution(lateness)}; ${lateness.skippedTurns} turns skipped`)
  console.log(
    `  arrived off 20 ms by ${distribution(peer.jitter)} (read every 2 ms); ${peer.missing} missing`,
  )
  console.log(`  ${(bytesPerLeg / 1000).toFixed(1)} KB of memory per leg`)
  if (lateness.p99Ms > TARGET.lateP99Ms) console.log(`  MISSED: p99 above ${TARGET.lateP99Ms} ms`)
  if (bytesPerLeg > TARGET.bytesPerLeg) console.log(`  MISSED: above ${TARGET.bytesPerLeg / 1000} KB per leg`)
}

for (const count of counts) await run(count)
