import type { SayOptions, Step } from '../domain/call-flow.ts'

/** A prompt that may be wanted soon. */
export type PromptHint = { readonly say: SayOptions } | { readonly play: string }

/** Of steps in a row that may all be skipped, the first few are looked at. */
const MAX_STEPS_AHEAD = 4

/**
 * The prompts of a step that is about to run, then those that may follow it: of the next step, of the ones after it as long as those
 * before may be skipped by their conditions, and of the step that a key jumps to. In the order in which they are likely to be wanted.
 */
export function promptsAhead(steps: readonly Step[], index: number): readonly PromptHint[] {
  const current = steps[index]
  if (!current) return []
  const target = steps.findIndex(({ id }) => id === current.onKeypressGoto)
  return [
    ...promptsOf(current),
    ...promptsFrom(steps, index + 1),
    ...(target === -1 ? [] : promptsFrom(steps, target)),
  ]
}

function promptsFrom(steps: readonly Step[], index: number): readonly PromptHint[] {
  const ahead = steps.slice(index, index + MAX_STEPS_AHEAD)
  const certain = ahead.findIndex(({ conditions = [] }) => conditions.length === 0)
  return ahead.slice(0, certain === -1 ? MAX_STEPS_AHEAD : certain + 1).flatMap(promptsOf)
}

function promptsOf(step: Step): readonly PromptHint[] {
  if (step.action === 'say') return [{ say: step.options }]
  if (step.action !== 'play') return []
  const { media } = step.options
  return (typeof media === 'string' ? [media] : media).map((play) => ({ play }))
}
