import type { CallFlow } from '../domain/call-flow.ts'
import { placeIds } from '../flow/check-text.ts'
import { createFlowFetcher } from '../flow/fetch-flow.ts'
import type { FlowLeg, PromptEnd } from '../flow/leg.ts'
import { runFlow } from '../flow/run-flow.ts'
import { SimulatedLeg } from '../flow/simulate.ts'
import type { VirtualClock } from '../runtime/virtual-clock.ts'
import { milliseconds, parsePresses, singleKeys } from './durations.ts'
import { baseOf, openLocalFlows } from './local-flows.ts'
import type { SimulateOptions, SimulationResult } from './simulate.ts'
import { CALL_ID, LEG_ID, SimulationRecord } from './simulation-record.ts'

/** The server's own longest call. */
const MAX_CALL_SECONDS = 28_800

/** Runs one call on a clock of its own, and leaves no timer on it. Rejects as `simulate` does. */
export async function runSimulatedCall(
  flow: CallFlow,
  options: SimulateOptions,
  clock: VirtualClock,
): Promise<SimulationResult> {
  const { fetch = {}, source, destination, direction = 'incoming', speakingMs } = options
  const script = readScript(flow, options)
  const http = openLocalFlows(fetch, clock)
  const numbers = {
    ...(source !== undefined && { source }),
    ...(destination !== undefined && { destination }),
  }

  const record = new SimulationRecord(flow, clock)
  using timers = new DisposableStack()
  const leg = timers.use(
    new SimulatedLeg({ clock, direction, ...(speakingMs && { durationMs: speakingMs }) }),
  )
  const overdue = new AbortController()
  const signal = AbortSignal.any([leg.signal, overdue.signal])
  for (const { atMs, key } of script.keys) {
    const press = () => {
      if (signal.aborted) return
      record.report({ type: 'key', legId: LEG_ID, key })
      leg.press(key)
    }
    timers.use(clock.after(atMs, press))
  }
  const { hangUpMs, maxMs } = script
  if (hangUpMs !== undefined) timers.use(clock.after(hangUpMs, () => leg.hangUp()))
  timers.use(clock.after(maxMs, () => overdue.abort(new Error(`the call reached its ${maxMs / 1000} s`))))

  record.begin(direction, numbers)
  const call = { callId: CALL_ID, legId: LEG_ID, ...numbers }
  const steps = placeIds()
  const fetchFlow = createFlowFetcher({ http, clock, parse: steps, call })
  const run = runFlow(flow, {
    leg: heardBy(leg, record),
    clock,
    signal,
    fetchFlow: async (request, signal) => {
      const fetched = await fetchFlow(request, signal)
      if ('error' in fetched.result) return fetched
      const flow = { ...fetched.result.flow, steps: steps.named(fetched.result.flow.steps) }
      record.follows(flow, baseOf(request.url))
      return { ...fetched, result: { flow } }
    },
    report: (event) => record.flowEvent(event),
  })
  return await clock.runUntil(
    run.then(
      (end) => record.finish({ by: 'flow', ...end }, end),
      (error: unknown) => {
        if (!signal.aborted || error !== signal.reason) throw error
        if (leg.signal.aborted) return record.finish({ by: 'remote', cause: 'hangup' }, { cause: 'hangup' })
        const end = { cause: 'maxDuration', detail: (error as Error).message } as const // made above
        return record.finish({ by: 'linnet', ...end }, end)
      },
    ),
  )
}

/** All that will happen by itself, in ms after the answer. Throws RangeError. */
function readScript(flow: CallFlow, { press = [], hangUpAt, maxDuration }: SimulateOptions) {
  return {
    keys: singleKeys(typeof press === 'string' ? parsePresses(press) : press),
    hangUpMs: hangUpAt === undefined ? undefined : milliseconds(hangUpAt),
    maxMs: milliseconds(maxDuration ?? `${flow.maxDuration ?? MAX_CALL_SECONDS}s`),
  }
}

/** The leg, with what is heard on it recorded. Prompts never overlap, so the leg's next entry of a prompt is this one's. */
function heardBy(leg: SimulatedLeg, record: SimulationRecord): FlowLeg {
  const listen = async (prompt: () => Promise<PromptEnd>): Promise<PromptEnd> => {
    const [before, atMs] = [leg.log.length, record.now()]
    try {
      return await prompt()
    } finally {
      const entry = leg.log.slice(before).find((event) => event.type === 'heard')
      if (entry) {
        const { prompt, end } = entry
        record.heard.push({ atMs, untilMs: record.now(), prompt, endedBy: end })
      }
    }
  }
  const { record: recordCaller, transfer, sendKeys }: FlowLeg = leg // what simulated legs can't do is absent
  return {
    direction: leg.direction,
    keys: leg.keys,
    say: (options, playback, signal) => listen(() => leg.say(options, playback, signal)),
    play: (url, playback, signal) => listen(() => leg.play(url, playback, signal)),
    ...(recordCaller && { record: recordCaller.bind(leg) }),
    ...(transfer && { transfer: transfer.bind(leg) }),
    ...(sendKeys && { sendKeys: sendKeys.bind(leg) }),
  }
}
