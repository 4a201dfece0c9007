import type { Condition } from '../domain/call-flow.ts'
import type { Variables } from './variables.ts'

/** Whether all conditions hold; with none, they do. */
export function conditionsHold(conditions: readonly Condition[] | undefined, variables: Variables): boolean {
  return (conditions ?? []).every(({ variable, operator, value }) =>
    compare(variables.get(variable), operator, value),
  )
}

/** `eq` and `neq` compare texts. The others compare numbers, and are false if either side is no decimal number. */
function compare(actual: string, operator: Condition['operator'], expected: string): boolean {
  if (operator === 'eq') return actual === expected
  if (operator === 'neq') return actual !== expected
  const [left, right] = [numberOf(actual), numberOf(expected)]
  switch (operator) {
    case 'lt':
      return left < right
    case 'lte':
      return left <= right
    case 'gt':
      return left > right
    case 'gte':
      return left >= right
  }
}

/** NaN, which no comparison holds for, if the text is no decimal number. */
function numberOf(value: string): number {
  return /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : Number.NaN
}
