import type { Step } from '../domain/call-flow.ts'
import { neverHold } from './check-conditions.ts'
import { gatherRules } from './gather.ts'

/** Whether a step takes keys: `say`, `play` and `pause` with `onKeypressVar` or `onKeypressGoto`. */
export function takesKeys(step: Step): boolean {
  const canWait = step.action === 'say' || step.action === 'play' || step.action === 'pause'
  return canWait && gatherRules(step) !== undefined
}

/** Where a run may go from each step: positions of steps. All ways that exist, and perhaps some that don't. */
export class Paths {
  readonly #after: readonly (readonly number[])[]
  readonly #afterKeys: readonly (number | undefined)[]
  readonly #from = new Map<number, ReadonlySet<number>>()

  constructor(steps: readonly Step[]) {
    const positions = new Map(steps.map(({ id }, index) => [id, index]))
    this.#afterKeys = steps.map((step, index) => {
      if (!takesKeys(step) || neverHold(step.conditions)) return undefined
      return step.onKeypressGoto === undefined ? index + 1 : positions.get(step.onKeypressGoto)
    })
    this.#after = steps.map((step, index) => {
      const keys = this.#afterKeys[index]
      return [...(goesOn(step) ? [index + 1] : []), ...(keys === undefined ? [] : [keys])]
    })
  }

  isReachable(index: number): boolean {
    return this.from(0).has(index)
  }

  /** Where a run goes when step `index` has taken keys; undefined if it never takes any. */
  afterKeys(index: number): number | undefined {
    return this.#afterKeys[index]
  }

  /** All steps that a run may come to from `start`, itself included. */
  from(start: number): ReadonlySet<number> {
    const known = this.#from.get(start)
    if (known) return known
    const found = new Set<number>()
    const waiting = [start]
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      const after = this.#after[index]
      if (!after || found.has(index)) continue
      found.add(index)
      waiting.push(...after)
    }
    this.#from.set(start, found)
    return found
  }
}

/** Whether the next step may follow. A `record` with `onFinish` goes on where a leg can't record. */
export function goesOn({ action, conditions }: Step): boolean {
  return (action !== 'hangup' && action !== 'fetchCallFlow') || conditions !== undefined
}
