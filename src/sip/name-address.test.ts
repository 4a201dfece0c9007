import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseNameAddress, serializeNameAddress, tagOf, withTag } from './name-address.ts'

test('a display name, the URI and the parameters are told apart', () => {
  const value = parseNameAddress('"Doe, \\"J\\"" <sip:j@example.com;lr>;tag=a1;Q=0.5 ; flag; text="a;b"')
  assert.ok(value)
  assert.equal(value.displayName, 'Doe, "J"')
  assert.equal(value.uri.user, 'j')
  assert.deepEqual([...value.uri.parameters.keys()], ['lr'])
  assert.deepEqual(Object.fromEntries(value.parameters), { tag: 'a1', q: '0.5', flag: '', text: 'a;b' })
})

test('without angle brackets the parameters are the header’s, not the URI’s', () => {
  const value = parseNameAddress('sip:j@example.com;tag=a1')
  assert.ok(value)
  assert.equal(tagOf(value), 'a1')
  assert.equal(value.uri.parameters.size, 0)
})

test('what phones really send is taken', () => {
  const names: [string, string | undefined][] = [
    ['caller<sip:c@example.com>;tag=1', 'caller'],
    ['Bell, Alexander <sip:c@example.com>;tag=1', 'Bell, Alexander'],
    ['<sip:c@example.com>;tag=1;', undefined],
    ['"" <sip:c@example.com>;tag=1', undefined],
    ['"山田"<sip:c@example.com>;tag=1', '山田'],
    ['<sip:c@example.com> ; tag = 1', undefined],
    ['"a\\\u0000b\\\u001b[31m" <sip:c@example.com>;tag=1', 'ab[31m'],
  ]
  for (const [text, displayName] of names) {
    const value = parseNameAddress(text)
    assert.ok(value, text)
    assert.equal(value.displayName, displayName)
    assert.equal(tagOf(value), '1')
  }
})

test('what is ambiguous or broken is refused', () => {
  const refused = [
    '',
    '*',
    '"open <sip:c@example.com>',
    '"a" b <sip:c@example.com>',
    '<sip:c@example.com',
    '< sip:c@example.com>',
    '<sip:c@example.com>;tag=1;tag=2',
    '<sip:c@example.com> junk',
    '<sip:c@example.com>, <sip:d@example.com>',
    'sip:c@example.com?subject=x',
    '<mailto:c@example.com>',
  ]
  for (const text of refused) assert.equal(parseNameAddress(text), undefined, text)
})

test('a tag is set on a copy', () => {
  const value = parseNameAddress('<sip:c@example.com>;x=1')
  assert.ok(value)
  assert.equal(serializeNameAddress(withTag(value, 't9')), '<sip:c@example.com>;x=1;tag=t9')
  assert.equal(tagOf(value), undefined)
})

test('every address survives being written and read', () => {
  const name = fc.string({ maxLength: 12, unit: 'grapheme' })
  fc.assert(
    fc.property(name, name, (displayName, parameter) => {
      const text = serializeNameAddress({
        displayName,
        uri: { scheme: 'sip', user: 'a', host: 'example.com', parameters: new Map() },
        parameters: new Map([['x', parameter]]),
      })
      const value = parseNameAddress(text)
      assert.ok(value, text)
      assert.equal(value.displayName ?? '', displayName)
      assert.equal(value.parameters.get('x'), parameter)
    }),
  )
})

test('no text makes the parser throw', () => {
  const piece = fc.constantFrom('"', '<', '>', ';', '=', '\\', 'sip:a@b', 'tag', ' ', 'é', '\0', ',')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => void parseNameAddress(pieces.join(''))),
    { numRuns: 2_000 },
  )
})
