import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConditionOperator } from '../domain/call-flow.ts'
import { conditionsHold } from './conditions.ts'
import { Variables } from './variables.ts'

const holds = (actual: string | undefined, operator: ConditionOperator, value: string) => {
  const variables = new Variables()
  if (actual !== undefined) variables.gathered(actual, 'code')
  return conditionsHold([{ variable: 'code', operator, value }], variables)
}

for (const [actual, operator, value, expected] of [
  ['1', 'eq', '1', true],
  ['1', 'eq', '01', false],
  ['1', 'neq', '2', true],
  ['1', 'neq', '1', false],
  [undefined, 'eq', '', true],
  [undefined, 'neq', '1', true],
  ['10', 'gt', '9', true],
  ['9', 'gt', '10', false],
  ['9', 'gte', '9.0', true],
  ['-1', 'lt', '0', true],
  ['5', 'lte', '5', true],
  ['5', 'lt', '5', false],
  ['12#', 'gt', '1', false],
  ['12#', 'lte', '99', false],
  [undefined, 'lt', '1', false],
  ['1', 'lt', '', false],
  ['0x10', 'gt', '1', false],
] as const) {
  test(`${actual ?? 'an unset variable'} ${operator} "${value}" is ${expected}`, () => {
    assert.equal(holds(actual, operator, value), expected)
  })
}

test('all conditions must hold, and none is no condition', () => {
  const variables = new Variables()
  variables.gathered('5', 'a')
  const above = (value: string) => ({ variable: 'a', operator: 'gt', value }) as const
  assert.equal(conditionsHold([above('3'), above('4')], variables), true)
  assert.equal(conditionsHold([above('3'), above('5')], variables), false)
  assert.equal(conditionsHold([], variables), true)
  assert.equal(conditionsHold(undefined, variables), true)
})

test('the variable `keys` is what was gathered last, unless one has that name', () => {
  const variables = new Variables()
  assert.equal(variables.get('keys'), '')
  variables.gathered('1')
  variables.gathered('2', 'code')
  assert.equal(variables.get('keys'), '2')
  variables.gathered('3', 'keys')
  variables.gathered('4')
  assert.equal(variables.get('keys'), '3')
})

test('the JSON has what was set by name, and no name reaches a prototype', () => {
  const variables = new Variables()
  assert.equal(variables.toJson(), '{}')
  variables.gathered('1')
  assert.equal(variables.toJson(), '{}')
  variables.gathered('1234', 'code')
  variables.gathered('', '__proto__')
  assert.equal(variables.toJson(), '{"code":"1234","__proto__":""}')
  assert.equal(variables.get('constructor'), '')
})
