// Measures how long a prompt takes and what speech costs in memory: `node bench/speech.ts [rounds]`.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serializeWav } from '../src/audio/wav.ts'
import { systemClock as clock } from '../src/runtime/clock.ts'
import { silentLogger as logger } from '../src/runtime/logger.ts'
import type { SpeechEngine } from '../src/speech/engine.ts'
import { openEngines } from '../src/speech/open-engines.ts'
import { openPrompts } from '../src/speech/prompts.ts'

const rounds = Math.min(Number(process.argv[2] ?? 40), 500)
const never = new AbortController().signal
const httpClient = { send: () => Promise.reject(new Error('nothing is fetched here')) }
const dataDir = await mkdtemp(join(tmpdir(), 'linnet-bench-'))

/** Resident memory of a process in MB. */
function residentMb(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

async function timesOf(count: number, run: (round: number) => Promise<unknown>): Promise<string> {
  const times: number[] = []
  for (let round = 0; round < count; round += 1) {
    const start = performance.now()
    await run(round)
    times.push(performance.now() - start)
  }
  const first = times[0] ?? 0
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(1)
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, first ${first.toFixed(1)} ms`
}

const open = (engines: readonly SpeechEngine[]) =>
  openPrompts({
    dataDir,
    engines,
    workerUrl: new URL('../src/prompt-worker.ts', import.meta.url),
    httpClient,
    clock,
    logger,
    maxSyntheses: 1,
  })

const engineOptions = {
  dataDir,
  espeakProcessUrl: new URL('../src/espeak-process.ts', import.meta.url),
  fliteProcessUrl: new URL('../src/flite-process.ts', import.meta.url),
  clock,
  logger,
  idleMs: 5000,
}

/** Ten words, different each time. */
const sentence = (round: number) => `Your order number ${round} will be delivered on Monday at nine`

async function measure(engine: SpeechEngine): Promise<void> {
  const say = (prompts: Awaited<ReturnType<typeof open>>, round: number) =>
    prompts.say({ text: sentence(round), language: 'en-us', voice: 'male' }, never)
  {
    await using prompts = await open([engine])
    await sleep(500)
    console.log(`${engine.id}, not cached: ${await timesOf(rounds, (round) => say(prompts, round))}`)
    console.log(`${engine.id}, in memory: ${await timesOf(rounds, (round) => say(prompts, round))}`)
    const helpers = childrenOf(process.pid).map((pid) => `${residentMb(pid)} MB`)
    console.log(`${engine.id}, processes kept warm: ${helpers.join(', ') || 'none'}`)
  }
  await using prompts = await open([engine])
  await sleep(500)
  console.log(`${engine.id}, on disk: ${await timesOf(rounds, (round) => say(prompts, round))}`)
}

console.log(`main thread with speech loaded: ${residentMb(process.pid)} MB`)
{
  const clicker = {
    id: 'none',
    speaks: () => true,
    synthesise: async () => serializeWav(new Int16Array(160), 8000),
  }
  await using prompts = await open([{ ...clicker, [Symbol.asyncDispose]: async () => {} }])
  await prompts.say({ text: 'a', language: 'en-us', voice: 'male' }, never)
  await sleep(1000)
  console.log(`with its prompt thread warm: ${residentMb(process.pid)} MB`)
}
await sleep(1000)
console.log(`after it has ended: ${residentMb(process.pid)} MB`)
for (const programFolders of [['/usr/local/bin', '/usr/bin'], []]) {
  for (const engine of await openEngines({ ...engineOptions, programFolders })) await measure(engine)
}
await rm(dataDir, { recursive: true })
