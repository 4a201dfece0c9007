import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SIP_LIMITS } from './parse.ts'
import { StreamFramer } from './stream-framer.ts'

const message = (body: string, name = 'Content-Length') =>
  `OPTIONS sip:a@b SIP/2.0\r\nSubject: x\r\n${name}: ${Buffer.byteLength(body)}\r\n\r\n${body}`

const textOf = (messages: readonly Buffer[]) => messages.map((one) => one.toString())

test('messages come out whole, however the stream is cut', () => {
  const stream = Buffer.from(
    `${message('')}\r\n\r\n${message('hällo')}\r\n${message('\r\n\r\n', 'l')}\r\n\r\n\r\n\r\n${message('x', 'CONTENT-LENGTH ')}`,
  )
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const framer = new StreamFramer()
      const ends = [...cuts.sort((a, b) => a - b), stream.length]
      const seen = ends.map((end, index) => framer.push(stream.subarray(ends[index - 1] ?? 0, end)))

      assert.deepEqual(
        seen.flatMap(({ messages }) => textOf(messages)),
        [message(''), message('hällo'), message('\r\n\r\n', 'l'), message('x', 'CONTENT-LENGTH ')],
      )
      assert.equal(
        seen.reduce((sum, { pings }) => sum + pings, 0),
        3,
      )
      assert.equal(framer.heldBytes, 0)
    }),
  )
})

test('a pong is no ping', () => {
  const framer = new StreamFramer()
  assert.deepEqual(framer.push(Buffer.from('\r\n')), { messages: [], pings: 0 })
  assert.equal(framer.push(Buffer.from(message(''))).messages.length, 1)
})

test('a folded Content-Length counts; a continuation line that looks like one does not', () => {
  const folded = 'OPTIONS sip:a@b SIP/2.0\r\nContent-Length:\r\n 2\r\n\r\nab'
  assert.deepEqual(textOf(new StreamFramer().push(Buffer.from(folded)).messages), [folded])
  const decoy = 'OPTIONS sip:a@b SIP/2.0\r\nSubject: x\r\n Content-Length: 9\r\nl: 2\r\n\r\nab'
  assert.deepEqual(textOf(new StreamFramer().push(Buffer.from(decoy)).messages), [decoy])
})

test('a stream that can’t be cut is given up, and stays so', () => {
  const head = 'OPTIONS sip:a@b SIP/2.0\r\n'
  const broken = [
    `${head}\r\n`,
    `${head}Content-Length: -1\r\n\r\n`,
    `${head}Content-Length: 2x\r\n\r\n`,
    `${head}Content-Length: 1\r\nl: 1\r\n\r\na`,
    `${head}Content-Length: 1\r\nl: x\r\n\r\na`,
    `${head}Content-Length: 99999999999\r\n\r\n`,
    `${head}Content-Length: ${SIP_LIMITS.messageBytes}\r\n\r\n`,
    `${head}Subject: ${'x'.repeat(SIP_LIMITS.headerBlockBytes)}`,
  ]
  for (const text of broken) {
    const framer = new StreamFramer()
    assert.ok(framer.push(Buffer.from(text)).fault, text.slice(0, 60))
    const after = framer.push(Buffer.from(message('')))
    assert.ok(after.fault)
    assert.equal(after.messages.length, 0)
    assert.equal(framer.heldBytes, 0)
  }
})

test('no bytes make it throw, and it never holds more than one message', () => {
  const piece = fc.oneof(
    fc.constantFrom(message('ab'), '\r\n', '\r', '\n', 'l: 3\r\n', '\r\n\r\n', 'A: b'),
    fc.string({ maxLength: 8 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const framer = new StreamFramer()
      for (const some of pieces) framer.push(Buffer.from(some))
      assert.ok(framer.heldBytes <= SIP_LIMITS.messageBytes)
    }),
  )
})
