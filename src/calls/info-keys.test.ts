import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseInfoKey } from './info-keys.ts'

const RELAY = 'application/dtmf-relay'
const DTMF = 'application/dtmf'
const keyOf = (contentType: string, body: string) => parseInfoKey(contentType, body)?.key

for (const key of '0123456789*#ABCD') {
  test(`${key} is read from both kinds of body`, () => {
    assert.deepEqual(parseInfoKey(RELAY, `Signal=${key}\r\nDuration=160\r\n`), { key, heldMs: 160 })
    assert.deepEqual(parseInfoKey(DTMF, key), { key, heldMs: 0 })
  })
}

test('bodies as phones really write them', () => {
  for (const body of [
    'Signal= 5\r\nDuration= 250\r\n',
    'signal=5\nduration=250',
    'SIGNAL = 5\rDURATION=250\r',
    'Duration=250\r\nSignal=5\r\nSignal=6',
  ]) {
    assert.deepEqual(parseInfoKey(RELAY, body), { key: '5', heldMs: 250 }, body)
  }
  assert.deepEqual(parseInfoKey(RELAY, 'Signal=5'), { key: '5', heldMs: 0 })
  assert.equal(keyOf(DTMF, '5\r\n'), '5')
  assert.deepEqual(parseInfoKey(DTMF, 'Signal=5\r\nDuration=90'), { key: '5', heldMs: 90 })
  assert.equal(keyOf(RELAY, 'Signal=c\r\n'), 'C')
})

test('event codes stand for the keys that are no digits', () => {
  const keys = ['10', '11', '12', '13', '14', '15'].map((code) => keyOf(RELAY, `Signal=${code}`))
  assert.deepEqual(keys, ['*', '#', 'A', 'B', 'C', 'D'])
  assert.equal(keyOf(DTMF, '11'), '#')
})

test('signals that are no key, other types and long bodies are not taken', () => {
  for (const signal of ['', '16', 'hf', '05', '55', '1.', 'E', '!', '٣', '"5"']) {
    assert.equal(parseInfoKey(RELAY, `Signal=${signal}\r\nDuration=160`), undefined, signal)
  }
  assert.equal(parseInfoKey(RELAY, '5'), undefined)
  assert.equal(parseInfoKey(RELAY, ''), undefined)
  assert.equal(parseInfoKey('text/plain', '5'), undefined)
  assert.equal(parseInfoKey('application/media_control+xml', '<media_control/>'), undefined)
  assert.equal(parseInfoKey(DTMF, `5${' '.repeat(300)}`), undefined)
})

test('a duration that is none is no reason to lose the key', () => {
  for (const [duration, heldMs] of [
    ['', 0],
    ['-5', 0],
    ['1e3', 0],
    ['1.5', 0],
    ['99999999', 60_000],
    ['9'.repeat(50), 0],
  ] as const) {
    assert.deepEqual(parseInfoKey(RELAY, `Signal=1\r\nDuration=${duration}`), { key: '1', heldMs })
  }
})

test('no body whatsoever throws, and what is read is a key', () => {
  const piece = fc.constantFrom('Signal', '=', '5', '11', '\r', '\n', ' ', 'Duration', '#', 'é')
  const body = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(fc.constantFrom(RELAY, DTMF, ''), body, (type, text) => {
      const found = parseInfoKey(type, text)
      assert.ok(found === undefined || ('0123456789*#ABCD'.includes(found.key) && found.key.length === 1))
      assert.ok(found === undefined || (found.heldMs >= 0 && found.heldMs <= 60_000))
    }),
  )
})
