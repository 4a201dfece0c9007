import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createHeaders, InvalidHeaderError, splitList, withHeaders } from './headers.ts'

test('headers are written under their canonical names, in order', () => {
  const headers = createHeaders([['v', 'SIP/2.0/UDP a'], { name: 'call-id', value: ' x ' }, ['x-note', 'y']])
  assert.deepEqual(headers.entries, [
    { name: 'Via', value: 'SIP/2.0/UDP a' },
    { name: 'Call-ID', value: 'x' },
    { name: 'X-Note', value: 'y' },
  ])
})

test('a line end in a value is refused, so nobody can add headers of their own', () => {
  for (const value of ['a\r\nRoute: <sip:evil>', 'a\nb', 'a\rb']) {
    assert.throws(() => createHeaders([['Subject', value]]), InvalidHeaderError)
    assert.throws(() => withHeaders(createHeaders([]), [['Subject', value]]), InvalidHeaderError)
  }
  assert.throws(() => createHeaders([['Sub ject', 'a']]), InvalidHeaderError)
  assert.throws(() => createHeaders([['', 'a']]), InvalidHeaderError)
})

test('a replacement takes the place of the first line; without one it comes last; undefined removes', () => {
  const headers = createHeaders([
    ['Via', 'one'],
    ['Subject', 'old'],
    ['Via', 'two'],
    ['To', 'x'],
  ])
  const changed = withHeaders(headers, [
    ['v', ['three', 'four']],
    ['Subject', undefined],
    ['From', 'y'],
  ])
  assert.deepEqual(
    changed.entries.map(({ name, value }) => `${name}: ${value}`),
    ['Via: three', 'Via: four', 'To: x', 'From: y'],
  )
  assert.equal(headers.entries.length, 4)
})

test('a name nobody can have finds nothing', () => {
  const headers = createHeaders([['To', 'x']])
  assert.equal(headers.get('no such\r\n'), undefined)
  assert.deepEqual(headers.all(''), [])
})

test('commas inside quotes and angle brackets do not split', () => {
  assert.deepEqual(splitList('a, "b,\\",c" <sip:d,e>;x="," ,f'), ['a', '"b,\\",c" <sip:d,e>;x=","', 'f'])
  assert.deepEqual(splitList('a,,b'), ['a', '', 'b'])
  assert.deepEqual(splitList('"never closed, b'), ['"never closed, b'])
})

test('splitting loses nothing but blanks around commas', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      const blankless = (some: string) => some.replace(/\s/g, '')
      assert.equal(blankless(splitList(text).join(',')), blankless(text))
    }),
  )
})
