import type { Step } from '../domain/call-flow.ts'
import type { Clock } from '../runtime/clock.ts'
import type { KeyBuffer } from './key-buffer.ts'
import { MAX_KEYS } from './limits.ts'

/** When the gathering of a step is complete. */
export interface GatherRules {
  readonly maxNumKeys: number
  /** Ends the gathering and is not part of the keys. */
  readonly endKey?: string
  /** The longest wait for the next key. */
  readonly interDigitMs: number
}

export interface Gathered {
  readonly keys: string
  /** `stepEnded`: no key came while the step ran. */
  readonly endedBy: 'maxNumKeys' | 'endKey' | 'timeout' | 'stepEnded'
}

const DEFAULT_INTER_DIGIT_SECONDS = 5

/** The rules of a step that gathers keys: one with `onKeypressVar` or `onKeypressGoto`. Undefined for all others. */
export function gatherRules(step: Step): GatherRules | undefined {
  const { onKeypressGoto, onKeypressVar, endKey, timeout = DEFAULT_INTER_DIGIT_SECONDS } = step
  if (onKeypressGoto === undefined && onKeypressVar === undefined) return undefined
  return {
    maxNumKeys: step.maxNumKeys ?? (endKey === undefined ? 1 : MAX_KEYS),
    ...(endKey !== undefined && { endKey }),
    interDigitMs: timeout * 1000,
  }
}

/**
 * Takes keys until the rules are met. Waits up to `firstKeyMs` for the first (0: only keys that already wait count)
 * and `interDigitMs` for each other. Rejects with `signal.reason`.
 */
export async function gatherKeys(
  buffer: KeyBuffer,
  rules: GatherRules,
  firstKeyMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Gathered> {
  let keys = ''
  for (let waitMs = firstKeyMs; keys.length < rules.maxNumKeys; waitMs = rules.interDigitMs) {
    const key = await buffer.takeWithin(waitMs, clock, signal)
    if (key === undefined) return { keys, endedBy: keys === '' ? 'stepEnded' : 'timeout' }
    if (key === rules.endKey) return { keys, endedBy: 'endKey' }
    keys += key
  }
  return { keys, endedBy: 'maxNumKeys' }
}
