import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestError } from '../domain/errors.ts'
import { parseJson, unwrapJson } from './json.ts'

test('any JSON of ordinary size comes out as JSON.parse gives it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 20 }), fc.boolean(), (value, padded) => {
      const text = JSON.stringify(value) + (padded ? ' '.repeat(10_000) : '')
      assert.deepEqual(parseJson(text), JSON.parse(text))
    }),
  )
})

test('brackets, commas and quotes inside of strings do not count', () => {
  const value = { text: '[{",\\'.repeat(20_000), after: ['"', '\\', '\\"'] }
  assert.deepEqual(parseJson(JSON.stringify(value)), value)
})

for (const [what, text] of [
  ['a megabyte of brackets', '['.repeat(1_000_000)],
  ['150,000 objects inside each other', `${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`],
  ['80,000 names', `{${Array.from({ length: 80_000 }, (_, index) => `"k${index}":1`).join(',')}}`],
  ['a string that never ends', `"${'x'.repeat(1_000_000)}`],
  ['a string that ends in a backslash', `"${'x'.repeat(10_000)}\\`],
  ['a megabyte of white space and then nonsense', `${' '.repeat(1_000_000)}x`],
] as const) {
  test(`${what} is refused as unparsable`, () => {
    assert.throws(
      () => parseJson(text),
      (error) => error instanceof RequestError && error.faults[0].kind === 'unparsable',
    )
  })
}

test('unwrapping opens objects and arrays only, and leaves everything else as it is', () => {
  assert.deepEqual(unwrapJson(' {"a":1}'), { a: 1 })
  assert.deepEqual(unwrapJson('[1]'), [1])
  for (const value of ['"x"', '7', 'null', '{', '', 7, null, undefined])
    assert.equal(unwrapJson(value), value)
})
