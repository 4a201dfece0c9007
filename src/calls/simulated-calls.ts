import { SimulatedLeg } from '../flow/simulate.ts'
import type { Clock } from '../runtime/clock.ts'
import type { LiveCall, LiveLeg } from './live-call.ts'

const RING_AFTER_MS = 200
const ANSWER_AFTER_MS = 1_000

/**
 * The phone of a `test_` key's call: rings, answers after a second, says nothing, presses nothing, and stays until the flow's end.
 * The flow really runs, with the same journal, webhooks and fetches; only sound and SIP are missing. No trunk is ever reached.
 */
export function callSimulatedPhone(call: LiveCall, legId: string, clock: Clock): void {
  const steps = new SimulatedLeg({ clock, direction: 'outgoing' })
  const timers: Disposable[] = []
  const leg: LiveLeg = {
    id: legId,
    steps,
    hangUp: () => {},
    close: async () => {
      for (const timer of timers) timer[Symbol.dispose]()
      steps[Symbol.dispose]()
      return undefined
    },
  }
  const ring = () => call.record.report({ type: 'legStatus', legId, status: 'ringing' })
  timers.push(
    clock.after(RING_AFTER_MS, ring),
    clock.after(ANSWER_AFTER_MS, () => call.answered(leg)),
  )
  call.add(leg)
}
