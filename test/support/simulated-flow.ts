import assert from 'node:assert/strict'
import { createFlowFetcher } from '../../src/flow/fetch-flow.ts'
import { parseCallFlow } from '../../src/flow/parse-call-flow.ts'
import { type FlowBudgets, type FlowEnd, runFlow } from '../../src/flow/run-flow.ts'
import type { FlowEvent } from '../../src/flow/run-step.ts'
import { type SimulatedAct, SimulatedLeg, type SimulatedLegOptions } from '../../src/flow/simulate.ts'
import { VirtualClock } from '../../src/runtime/virtual-clock.ts'
import { type ScriptedAnswer, ScriptedHttp } from './scripted-http.ts'

export interface Simulation extends Pick<SimulatedLegOptions, 'direction' | 'durationMs'> {
  readonly acts?: readonly SimulatedAct[]
  readonly answer?: (url: URL, count: number) => ScriptedAnswer
  readonly budgets?: FlowBudgets
  /** Gives the leg what simulated legs lack. */
  readonly extend?: (leg: SimulatedLeg) => object
}

/** Runs a raw call flow on a simulated leg in virtual time. Fails if timers or key listeners are left. */
export async function simulate(input: unknown, simulation: Simulation = {}) {
  const clock = new VirtualClock()
  let ids = 0
  const parse = { newId: () => `step-${++ids}` }
  const parsed = parseCallFlow(Array.isArray(input) ? { steps: input } : input, parse)
  if ('faults' in parsed) assert.fail(JSON.stringify(parsed.faults))
  using leg = new SimulatedLeg({ clock, ...simulation })
  if (simulation.extend) Object.assign(leg, simulation.extend(leg))
  const http = new ScriptedHttp(clock, ({ url }, count) => {
    if (!simulation.answer) assert.fail(`this flow fetches nothing, but ${url} was asked for`)
    return simulation.answer(new URL(url), count)
  })
  const call = { callId: 'the-call', legId: 'the-leg', source: '31644556677', destination: '31612345678' }
  const events: FlowEvent[] = []
  const run = runFlow(parsed.flow, {
    leg,
    clock,
    signal: leg.signal,
    fetchFlow: createFlowFetcher({ http, clock, parse, call }),
    report: (event) => events.push(event),
    ...(simulation.budgets && { budgets: simulation.budgets }),
  })
  const end: FlowEnd | { cause: 'hungUp' } = await clock.runUntil(run).catch((error: unknown) => {
    if (leg.signal.aborted && error === leg.signal.reason) return { cause: 'hungUp' as const }
    throw error
  })
  const endedAtMs = clock.now()
  leg[Symbol.dispose]()
  assert.equal(clock.pendingTimers, 0, 'a timer is left')
  return {
    end,
    events,
    endedAtMs,
    requests: http.requests,
    keysLeft: leg.keys.size,
    /** Such as `0–600 Hello` or `0–300 Hello (key)`. */
    heard: leg.log.flatMap((e) =>
      e.type === 'heard' ? [`${e.prompt}${e.end === 'finished' ? '' : ` (${e.end})`} until ${e.atMs}`] : [],
    ),
    /** Such as `ask completed`. */
    steps: events.flatMap((e) => (e.type === 'stepEnded' ? [`${e.stepId} ${e.outcome}`] : [])),
    /** Such as `ask 12`. */
    gathered: events.flatMap((e) => (e.type === 'keysGathered' ? [`${e.stepId} ${e.keys}`] : [])),
  }
}
