/**
 * Speed of the call-flow language: `node bench/flow.ts`. Prints the processor time of parsing one flow, garbage
 * collection included, and of simulated calls in virtual time.
 */
import { createFlowFetcher } from '../src/flow/fetch-flow.ts'
import { parseCallFlow } from '../src/flow/parse-call-flow.ts'
import { parseCallFlowXml } from '../src/flow/parse-xml.ts'
import { runFlow } from '../src/flow/run-flow.ts'
import { callFlowToJson } from '../src/flow/serialize.ts'
import { SimulatedLeg } from '../src/flow/simulate.ts'
import { systemIds } from '../src/runtime/ids.ts'
import { VirtualClock } from '../src/runtime/virtual-clock.ts'

const ROUNDS = 7
const RUNS = 2_000
const CALLS = 1_000

const options = { newId: () => systemIds.uuid() }

function flowOf(steps: number, withId: boolean) {
  const kinds = [
    {
      action: 'say',
      options: { payload: 'Press one for sales, two for support.', language: 'en-GB', voice: 'female' },
      onKeypressVar: 'menu',
      endKey: '#',
      maxNumKeys: 4,
    },
    { action: 'pause', options: { length: 2 }, onKeypressVar: 'menu' },
    {
      action: 'transfer',
      options: { destination: '31612345678', record: 'both' },
      conditions: [{ variable: 'menu', operator: 'eq', value: '1' }],
    },
    { action: 'play', options: { media: 'https://example.com/sounds/goodbye.wav' } },
  ]
  return {
    title: 'Bench',
    record: true,
    steps: Array.from({ length: steps }, (_, index) => ({
      ...kinds[index % kinds.length],
      ...(withId && { id: `step-${index}` }),
    })),
  }
}

/** Microseconds of processor time of all threads: other work on the machine doesn't count. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** The median over several rounds of one run's time, in microseconds. */
function microseconds(work: () => unknown): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startedAt = processorTime()
    for (let run = 0; run < RUNS; run++) work()
    return (processorTime() - startedAt) / RUNS
  })
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN
}

function parsed(raw: unknown) {
  const result = parseCallFlow(raw, options)
  if ('faults' in result) throw new Error(result.faults[0].message)
  return result.flow
}

const xml = `<CallFlow>${'<Say language="en-GB" voice="female" onKeypressVar="v">Hello there</Say><Pause length="2"/>'.repeat(10)}</CallFlow>`
const withIds = flowOf(20, true)
const withoutIds = flowOf(20, false)
const flow = parsed(withIds)

const report = (what: string, value: number, unit: string) =>
  console.log(`${what.padEnd(44)} ${value.toFixed(1).padStart(8)} ${unit}`)

report(
  'parse and validate, 20 steps',
  microseconds(() => parseCallFlow(withIds, options)),
  'µs',
)
report(
  'parse and validate, 20 steps, ids made',
  microseconds(() => parseCallFlow(withoutIds, options)),
  'µs',
)
report(
  'serialize, 20 steps',
  microseconds(() => callFlowToJson(flow)),
  'µs',
)
report(
  'parse XML and validate, 20 steps',
  microseconds(() => parseCallFlowXml(xml, options)),
  'µs',
)

async function simulatedCalls(): Promise<void> {
  const clock = new VirtualClock()
  const tenSteps = parsed(flowOf(10, true))
  const http = { send: () => Promise.reject(new Error('this flow fetches nothing')) }
  const call = { callId: 'call', legId: 'leg' }
  const fetchFlow = createFlowFetcher({ http, clock, parse: options, call })
  const runs = Array.from({ length: CALLS }, async (_, index) => {
    const acts = [
      { atMs: 500 + index, press: '1' },
      { atMs: 700 + index, press: '#' },
    ]
    using leg = new SimulatedLeg({ clock, acts })
    await runFlow(tenSteps, { leg, clock, fetchFlow, signal: leg.signal, report: () => undefined })
  })
  await clock.runUntil(Promise.all(runs))
}

await simulatedCalls()
const startedAt = processorTime()
await simulatedCalls()
report(`${CALLS} simulated calls of 10 steps`, (processorTime() - startedAt) / 1_000, 'ms')
