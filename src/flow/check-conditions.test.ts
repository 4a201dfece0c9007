import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Condition, ConditionOperator } from '../domain/call-flow.ts'
import { canGather, neverHold } from './check-conditions.ts'
import { conditionsHold } from './conditions.ts'
import { Variables } from './variables.ts'

/** `a eq 1, b lt 5` as conditions; a value may be empty. */
const parsed = (text: string): Condition[] =>
  text.split(', ').map((condition) => {
    const [variable = '', operator, value = ''] = condition.split(' ')
    return { variable, operator: operator as ConditionOperator, value } // of the tables below
  })

for (const text of [
  'a eq 1, a eq 2',
  'a eq 1, a neq 1',
  'a eq 1, b eq 1, a eq 3',
  'a eq x, a gt 1',
  'a eq 5, a lt 5',
  'a gt x',
  'a lte',
  'a lt 1, a gt 1',
  'a lte 1, a gt 1',
  'a gte 2, a lt 2',
  'a gt 9, a lt 10, a gt 10',
  'a lt 3, a gt 10',
  'a gte -1, a lt -1.5',
]) {
  test(`${text} can never hold`, () => assert.equal(neverHold(parsed(text)), true))
}

for (const text of [
  'a eq 1',
  'a eq 1, b eq 2',
  'a eq 1, a eq 1',
  'a eq',
  'a neq 1, a neq 2',
  'a eq 5, a lte 5, a gte 5, a neq 05',
  'a lte 1, a gte 1',
  'a gt 1, a lt 1.5',
  'a gt 1, a neq 2',
  'a lt 1, b gt 1',
]) {
  test(`${text} may hold`, () => assert.equal(neverHold(parsed(text)), false))
}

test('a step without conditions always runs', () => assert.equal(neverHold(undefined), false))

test('conditions that are said to never hold do not hold for any values', () => {
  const value = fc.oneof(
    fc.constantFrom('', '1', '2', '02', '2.5', '-1', '10', 'x'),
    fc.stringMatching(/^[0-9*#]{0,3}$/),
  )
  const name = fc.constantFrom('a', 'b')
  const operator = fc.constantFrom<ConditionOperator[]>('eq', 'neq', 'lt', 'lte', 'gt', 'gte')
  const conditions = fc.array(fc.record({ variable: name, operator, value }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(conditions, fc.array(fc.tuple(name, value), { maxLength: 3 }), (all, assigned) => {
      const variables = new Variables()
      for (const [variable, keys] of assigned) variables.gathered(keys, variable)
      assert.ok(!(neverHold(all) && conditionsHold(all, variables)))
    }),
    { numRuns: 2_000 },
  )
})

test('keys can be gathered if they are keys, not too many, and do not hold the end key', () => {
  const rules = { maxNumKeys: 2, endKey: '#', interDigitMs: 5_000 }
  const can = ['', '1', '*A', '123', '1#', 'a', 'yes', '1 '].filter((keys) => canGather(rules, keys))
  assert.deepEqual(can, ['', '1', '*A'])
})
