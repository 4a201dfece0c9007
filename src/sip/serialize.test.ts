import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHeaders, InvalidHeaderError } from './headers.ts'
import type { SipRequest, SipResponse } from './message.ts'
import { parseSipMessage } from './parse.ts'
import { serializeSipMessage } from './serialize.ts'

const headers = createHeaders([
  ['Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1'],
  ['Content-Length', '999'],
  ['From', '"Zoë" <sip:z@example.com>;tag=1'],
  ['To', '<sip:b@example.com>'],
  ['Call-ID', 'x'],
  ['CSeq', '1 OPTIONS'],
])
const request: SipRequest = {
  kind: 'request',
  method: 'OPTIONS',
  uri: 'sip:b@example.com',
  headers,
  body: Buffer.from('añb'),
}
const response: SipResponse = { kind: 'response', status: 200, reason: 'OK', headers, body: Buffer.alloc(0) }

test('Content-Length counts the bytes of the body, whatever the headers said', () => {
  assert.equal(
    serializeSipMessage(request).toString(),
    [
      'OPTIONS sip:b@example.com SIP/2.0',
      'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
      'From: "Zoë" <sip:z@example.com>;tag=1',
      'To: <sip:b@example.com>',
      'Call-ID: x',
      'CSeq: 1 OPTIONS',
      'Content-Length: 4',
      '',
      'añb',
    ].join('\r\n'),
  )
  assert.match(
    serializeSipMessage(response).toString(),
    /^SIP\/2\.0 200 OK\r\n[\s\S]*\r\nContent-Length: 0\r\n\r\n$/,
  )
})

test('what is written is read back as the same message', () => {
  for (const message of [request, response]) {
    const again = parseSipMessage(serializeSipMessage(message))
    if (again.kind === 'failure') assert.fail(again.reason)
    assert.equal(again.kind, message.kind)
    assert.deepEqual(again.body, message.body)
    assert.equal(again.headers.get('From'), '"Zoë" <sip:z@example.com>;tag=1')
  }
})

test('a start line that would break is refused', () => {
  const broken = [
    { ...request, uri: 'sip:b@example.com SIP/2.0\r\nEvil: 1' },
    { ...request, uri: 'sip:b@exam ple.com' },
    { ...request, method: 'OPT IONS' },
    { ...response, reason: 'OK\r\nEvil: 1' },
  ]
  for (const message of broken) assert.throws(() => serializeSipMessage(message), InvalidHeaderError)
})
