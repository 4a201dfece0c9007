import type { Condition } from '../domain/call-flow.ts'
import { conditionsHold } from './conditions.ts'
import type { GatherRules } from './gather.ts'
import { Variables } from './variables.ts'

/** Whether no values of the variables meet all conditions. May miss some that never hold. */
export function neverHold(conditions: readonly Condition[] | undefined): boolean {
  if (!conditions) return false
  return [...Map.groupBy(conditions, ({ variable }) => variable).values()].some(contradict)
}

/** Whether gathering by these rules can end with just these keys. */
export function canGather({ maxNumKeys, endKey }: GatherRules, keys: string): boolean {
  const fits = keys.length <= maxNumKeys && /^[0-9*#A-D]*$/.test(keys)
  return fits && (endKey === undefined || !keys.includes(endKey))
}

/** Whether conditions on one variable exclude each other. */
function contradict(conditions: readonly Condition[]): boolean {
  const wanted = conditions.find(({ operator }) => operator === 'eq')
  if (wanted) return !holdFor(wanted.value, conditions)
  const ordered = conditions.filter(({ operator }) => operator !== 'neq')
  return !ordered.every(isNumber) || emptyRange(ordered)
}

/** Whether no number is above all lower and below all upper bounds. */
function emptyRange(conditions: readonly Condition[]): boolean {
  const bounds = (...operators: Condition['operator'][]) =>
    conditions.filter(({ operator }) => operators.includes(operator)).map(({ value }) => Number(value))
  const low = Math.max(...bounds('gt', 'gte'))
  const high = Math.min(...bounds('lt', 'lte'))
  return low > high || (low === high && (bounds('gt').includes(low) || bounds('lt').includes(high)))
}

/** Comparisons with what is no decimal number never hold; one that is equals itself. */
function isNumber({ variable, value }: Condition): boolean {
  return holdFor(value, [{ variable, operator: 'lte', value }])
}

function holdFor(value: string, conditions: readonly Condition[]): boolean {
  const variables = new Variables()
  for (const { variable } of conditions) variables.gathered(value, variable)
  return conditionsHold(conditions, variables)
}
