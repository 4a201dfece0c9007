import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHeaders } from '../headers.ts'
import type { SipRequest } from '../message.ts'
import type { SipSource } from '../transport.ts'
import { type IncomingRequest, readIncomingRequest } from './incoming-request.ts'

const udp: SipSource = {
  transport: 'udp',
  address: '192.0.2.7',
  port: 40_000,
  localAddress: '192.0.2.1',
  localPort: 5060,
}

function requestWith(
  method: string,
  via: string,
  more: readonly (readonly [string, string])[] = [],
): SipRequest {
  const headers = createHeaders([
    ['Via', via],
    ['From', '<sip:a@b>;tag=one'],
    ['To', '<sip:c@d>'],
    ['Call-ID', 'call'],
    ['CSeq', `1 ${method}`],
    ...more,
  ])
  return { kind: 'request', method, uri: 'sip:c@d', headers, body: Buffer.alloc(0) }
}

function read(method: string, via: string, source = udp): IncomingRequest {
  const incoming = readIncomingRequest(requestWith(method, via), source)
  assert.ok(incoming)
  return incoming
}

test('an ACK has the key of its INVITE, a CANCEL has its own and knows that of the INVITE', () => {
  const via = 'SIP/2.0/UDP phone.example:5070;branch=z9hG4bKx'
  const invite = read('INVITE', via)

  assert.equal(read('ACK', via).key, invite.key)
  assert.notEqual(read('CANCEL', via).key, invite.key)
  assert.equal(read('CANCEL', via).inviteKey, invite.key)
})

test('branch, sent-by and method tell transactions apart (RFC 3261 §17.2.3)', () => {
  const keys = [
    read('INVITE', 'SIP/2.0/UDP phone.example;branch=z9hG4bKx').key,
    read('INVITE', 'SIP/2.0/UDP phone.example;branch=z9hG4bKy').key,
    read('INVITE', 'SIP/2.0/UDP phone.example:5070;branch=z9hG4bKx').key,
    read('INVITE', 'SIP/2.0/UDP other.example;branch=z9hG4bKx').key,
    read('OPTIONS', 'SIP/2.0/UDP phone.example;branch=z9hG4bKx').key,
  ]

  assert.equal(new Set(keys).size, keys.length)
  assert.equal(read('INVITE', 'SIP/2.0/UDP PHONE.example;branch=z9hG4bKx').key, keys[0])
})

test('without the magic cookie the whole request is the key', () => {
  const via = 'SIP/2.0/UDP phone.example;branch=1'

  assert.equal(read('ACK', via).key, read('INVITE', via).key)
  const other = readIncomingRequest({ ...requestWith('INVITE', via), uri: 'sip:other@d' }, udp)
  assert.notEqual(other?.key, read('INVITE', via).key)
})

test('without rport a response goes to the port of the Via, or to 5060 (RFC 3261 §18.2.2)', () => {
  assert.deepEqual(read('INVITE', 'SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKx').replyTo, {
    transport: 'udp',
    address: '192.0.2.7',
    port: 5070,
  })
  assert.equal(read('INVITE', 'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx').replyTo.port, 5060)
})

test('with rport it goes back to where the request came from (RFC 3581)', () => {
  const incoming = read('INVITE', 'SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bKx')

  assert.equal(incoming.replyTo.port, 40_000)
  assert.deepEqual(incoming.vias, [
    'SIP/2.0/UDP 10.0.0.1:5070;rport=40000;branch=z9hG4bKx;received=192.0.2.7',
  ])
})

test('a forged received or maddr aims no response at a stranger', () => {
  const incoming = read(
    'INVITE',
    'SIP/2.0/UDP 192.0.2.7;received=198.51.100.9;maddr=198.51.100.9;branch=z9hG4bKx',
  )

  assert.equal(incoming.replyTo.address, '192.0.2.7')
  assert.match(incoming.vias[0] ?? '', /received=192\.0\.2\.7/)
})

test('over a stream a response goes by the connection of its request', () => {
  const source: SipSource = { ...udp, transport: 'tcp', connectionId: 9 }
  assert.deepEqual(read('INVITE', 'SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKx', source).replyTo, {
    transport: 'tcp',
    address: '192.0.2.7',
    port: 40_000,
    connectionId: 9,
  })
})

test('further Via values stay as they are', () => {
  const request = requestWith(
    'INVITE',
    'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx, SIP/2.0/TCP far;branch=z9hG4bKy',
    [['Via', 'SIP/2.0/TLS farther;branch=z9hG4bKz']],
  )

  assert.deepEqual(readIncomingRequest(request, udp)?.vias.slice(1), [
    'SIP/2.0/TCP far;branch=z9hG4bKy',
    'SIP/2.0/TLS farther;branch=z9hG4bKz',
  ])
})

test('a request whose CSeq names another method is no request', () => {
  const { headers } = requestWith('INVITE', 'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx')
  const request: SipRequest = {
    kind: 'request',
    method: 'BYE',
    uri: 'sip:c@d',
    headers,
    body: Buffer.alloc(0),
  }
  assert.equal(readIncomingRequest(request, udp), undefined)
})
