import { MAX_DEPTH, MAX_FLOW_BYTES } from './limits.ts'

/** Why a value can't be a call flow, before its fields are looked at. */
export type Excess = 'tooLarge' | 'tooDeep' | 'notJson'

/**
 * Checks a JSON value against MAX_FLOW_BYTES (UTF-8, without white space and escapes) and MAX_DEPTH, in time bounded
 * by them. Undefined: it fits.
 */
export function findExcess(value: unknown): Excess | undefined {
  const size = measure(value, 0, MAX_FLOW_BYTES)
  return typeof size === 'string' ? size : undefined
}

/** Bytes left of `budget` after `value`. */
function measure(value: unknown, depth: number, budget: number): number | Excess {
  if (budget < 0) return 'tooLarge'
  switch (typeof value) {
    case 'string':
      return spend(budget, value.length > budget ? Number.POSITIVE_INFINITY : Buffer.byteLength(value) + 2)
    case 'number':
      return spend(budget, String(value).length)
    case 'boolean':
      return spend(budget, value ? 4 : 5)
    case 'undefined':
      return budget
    case 'object':
      return value === null ? spend(budget, 4) : measureMembers(value, depth + 1, budget)
    case 'bigint':
    case 'function':
    case 'symbol':
      return 'notJson'
  }
}

function measureMembers(container: object, depth: number, budget: number): number | Excess {
  if (depth > MAX_DEPTH) return 'tooDeep'
  const isArray = Array.isArray(container)
  let left: number | Excess = budget - 2
  for (const name of Object.keys(container)) {
    const overhead = isArray ? 1 : Buffer.byteLength(name) + 4
    left = measure(Reflect.get(container, name), depth, left - overhead)
    if (typeof left === 'string') return left
  }
  return left
}

function spend(budget: number, bytes: number): number | Excess {
  return bytes > budget ? 'tooLarge' : budget - bytes
}
