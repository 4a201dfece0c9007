import { MAX_DEPTH, MAX_FLOW_BYTES } from './limits.ts'

/** Why a value can't be a call flow, before its fields are looked at. */
export type Excess = 'tooLarge' | 'tooDeep' | 'notJson'

/**
 * Checks a JSON value against MAX_FLOW_BYTES (UTF-8, without white space and escapes) and MAX_DEPTH, in time bounded
 * by them. Undefined: it fits.
 */
export function findExcess(value: unknown): Excess | undefined {
  const bound = measure(value, 0, MAX_FLOW_BYTES, upperBound)
  if (typeof bound === 'number') return undefined // nearly all flows: their strings need no look
  const size = measure(value, 0, MAX_FLOW_BYTES, (text) => Buffer.byteLength(text))
  return typeof size === 'string' ? size : undefined
}

/** UTF-8 takes at most 3 bytes for each UTF-16 unit. */
const upperBound = (text: string): number => 3 * text.length

type BytesOf = (text: string) => number

/** Bytes left of `budget` after `value`. */
function measure(value: unknown, depth: number, budget: number, bytesOf: BytesOf): number | Excess {
  if (budget < 0) return 'tooLarge'
  switch (typeof value) {
    case 'string':
      return spend(budget, value.length > budget ? Number.POSITIVE_INFINITY : bytesOf(value) + 2)
    case 'number':
      return spend(budget, String(value).length)
    case 'boolean':
      return spend(budget, value ? 4 : 5)
    case 'undefined':
      return budget
    case 'object':
      return value === null ? spend(budget, 4) : measureMembers(value, depth + 1, budget, bytesOf)
    case 'bigint':
    case 'function':
    case 'symbol':
      return 'notJson'
  }
}

function measureMembers(container: object, depth: number, budget: number, bytesOf: BytesOf): number | Excess {
  if (depth > MAX_DEPTH) return 'tooDeep'
  const isArray = Array.isArray(container)
  let left: number | Excess = budget - 2
  for (const name of Object.keys(container)) {
    const overhead = isArray ? 1 : bytesOf(name) + 4
    left = measure((container as Record<string, unknown>)[name], depth, left - overhead, bytesOf)
    if (typeof left === 'string') return left
  }
  return left
}

function spend(budget: number, bytes: number): number | Excess {
  return bytes > budget ? 'tooLarge' : budget - bytes
}
