import { addAbortListener } from 'node:events'
import type { CallFlow, Step } from '../domain/call-flow.ts'
import { sleep } from '../runtime/clock.ts'
import { conditionsHold } from './conditions.ts'
import { promptsAhead } from './prompts-ahead.ts'
import { type FlowEvent, type Next, runStep, type StepContext, type StepResult } from './run-step.ts'
import { Variables } from './variables.ts'

/** Why a flow came to its end while the leg was still there. `calls/` then hangs up. */
export interface FlowEnd {
  readonly cause: 'flowEnded' | 'hangupStep' | 'budget' | 'fetchFailed'
  readonly detail?: string
}

/** What a flow may use up, so that a runaway one ends. */
export interface FlowBudgets {
  /** Steps of one run, skipped ones and those of fetched flows included. */
  readonly maxSteps: number
  /** Flows fetched in a row without a step between them that takes time: a prompt, a pause, a recording, a transfer. */
  readonly maxFetchesInARow: number
}

export const DEFAULT_BUDGETS: FlowBudgets = { maxSteps: 10_000, maxFetchesInARow: 100 }

export interface FlowContext extends Omit<StepContext, 'variables' | 'reportAfterEnd'> {
  readonly budgets?: FlowBudgets
}

/** A flow that never waits lets other work run after this many steps. */
const STEPS_WITHOUT_YIELD = 100

/**
 * Runs a call flow, and those that it fetches, until there is nothing left to do; does not hang up. Reports every step
 * before and after; `flowStarted` only of fetched flows, as only the caller knows where the first is from.
 * Rejects with `signal.reason` when the leg has ended: a step under way is then reported as interrupted, at once, and
 * nothing after that but what a step still owes to an application (the onFinish of a message left by hanging up).
 */
export async function runFlow(flow: CallFlow, context: FlowContext): Promise<FlowEnd> {
  context.signal.throwIfAborted()
  return await new FlowRun(context).run(flow)
}

/** One run: its position, variables and budgets. */
class FlowRun {
  readonly #context: StepContext
  readonly #budgets: FlowBudgets
  readonly #reportAlways: (event: FlowEvent) => void
  #current: Step | undefined
  #stepsRun = 0
  #fetchesInARow = 0

  constructor(context: FlowContext) {
    const { signal, report } = context
    this.#reportAlways = report
    this.#context = {
      ...context,
      variables: new Variables(),
      report: (event) => {
        if (!signal.aborted) report(event)
      },
      reportAfterEnd: report,
    }
    this.#budgets = context.budgets ?? DEFAULT_BUDGETS
  }

  async run(flow: CallFlow): Promise<FlowEnd> {
    const { signal, report } = this.#context
    using _abort = addAbortListener(signal, () => this.#interrupted())
    const end = await this.#runSteps(flow)
    signal.throwIfAborted()
    report({ type: 'flowEnded', ...(end.detail !== undefined && { detail: end.detail }) })
    return end
  }

  /** A loop, not recursion: a flow that fetches its successor for hours must not grow a chain of promises. */
  async #runSteps(first: CallFlow): Promise<FlowEnd> {
    let { steps } = first
    let index = 0
    for (let step = steps[index]; step; step = steps[index]) {
      const exceeded = this.#spend()
      if (exceeded) return { cause: 'budget', detail: exceeded }
      if (this.#stepsRun % STEPS_WITHOUT_YIELD === 0)
        await sleep(this.#context.clock, 0, this.#context.signal)

      const next = await this.#runStep(step, steps, index)
      switch (next.to) {
        case 'nextStep':
          index += 1
          break
        case 'step':
          index = steps.findIndex(({ id }) => id === next.id)
          if (index === -1) throw new Error(`the call flow has no step with id ${next.id}`) // validated: a defect
          break
        case 'flow':
          steps = next.flow.steps
          index = 0
          this.#context.report({ type: 'flowStarted', steps: steps.length, from: next.from })
          break
        case 'end':
          return { cause: next.cause, ...(next.detail !== undefined && { detail: next.detail }) }
      }
    }
    return { cause: 'flowEnded' }
  }

  async #runStep(step: Step, steps: readonly Step[], index: number): Promise<Next> {
    this.#context.report({ type: 'stepStarted', stepId: step.id, action: step.action })
    this.#current = step
    const runs = conditionsHold(step.conditions, this.#context.variables)
    if (runs) this.#context.leg.prefetch?.(promptsAhead(steps, index), this.#context.signal)
    const { next, outcome, detail } = runs ? await runStep(step, this.#context) : SKIPPED
    this.#current = undefined
    this.#context.report({
      type: 'stepEnded',
      stepId: step.id,
      outcome,
      ...(detail !== undefined && { detail }),
    })
    if (next.to === 'flow') this.#fetchesInARow += 1
    else if (TAKES_TIME.has(step.action) && (outcome === 'completed' || outcome === 'interrupted')) {
      this.#fetchesInARow = 0
    }
    return next
  }

  /** Counts one more step. What was exceeded, if anything was. */
  #spend(): string | undefined {
    this.#stepsRun += 1
    const { maxSteps, maxFetchesInARow } = this.#budgets
    if (this.#stepsRun > maxSteps) return `the flow ran more than ${maxSteps} steps`
    if (this.#fetchesInARow > maxFetchesInARow) {
      return `the flow fetched more than ${maxFetchesInARow} flows in a row`
    }
    return undefined
  }

  /** Runs while the signal aborts, before the wait of the step rejects: so these events precede the leg's own end. */
  #interrupted(): void {
    const reason: unknown = this.#context.signal.reason
    const detail = reason instanceof Error ? reason.message : 'the leg has ended'
    const report = this.#reportAlways
    if (this.#current) report({ type: 'stepEnded', stepId: this.#current.id, outcome: 'interrupted', detail })
    report({ type: 'flowEnded', detail })
  }
}

const TAKES_TIME: ReadonlySet<Step['action']> = new Set([
  'say',
  'play',
  'pause',
  'record',
  'transfer',
  'sendKeys',
])

const SKIPPED: StepResult = { outcome: 'skipped', next: { to: 'nextStep' } }
