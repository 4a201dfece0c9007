import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCSeq, serializeCSeq } from './cseq.ts'
import { parseVia, serializeVia } from './via.ts'

test('a Via is read, and written as it was', () => {
  const text = 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK74b43;rport=1024;received=198.51.100.7'
  const via = parseVia(text)
  assert.ok(via)
  assert.deepEqual([via.transport, via.host, via.port], ['udp', '192.0.2.1', 5060])
  assert.equal(via.parameters.get('branch'), 'z9hG4bK74b43')
  assert.equal(serializeVia(via), text)
})

test('an rport that is asked for has no value', () => {
  const via = parseVia('SIP/2.0/TCP pc33.atlanta.com;rport;branch=z9hG4bK1')
  assert.ok(via)
  assert.equal(via.parameters.get('rport'), '')
  assert.equal(via.port, undefined)
  assert.equal(serializeVia(via), 'SIP/2.0/TCP pc33.atlanta.com;rport;branch=z9hG4bK1')
})

test('white space and IPv6 addresses stand where the grammar lets them (RFC 4475 §3.1.1.1, RFC 5118 §4)', () => {
  const spaced = parseVia(
    'SIP  / 2.0\t/UDP   first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa.1',
  )
  assert.ok(spaced)
  assert.deepEqual(
    [spaced.host, spaced.port, spaced.parameters.get('ttl')],
    ['first.example.com', 4000, '16'],
  )

  const ipv6 = parseVia('SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111')
  assert.ok(ipv6)
  assert.equal(ipv6.host, '2001:db8::9:1')
  assert.equal(ipv6.parameters.get('received'), '[2001:db8::9:255]')
  assert.match(serializeVia(ipv6), /^SIP\/2\.0\/UDP \[2001:db8::9:1\];/)
})

test('a Via that can’t say where to answer is refused', () => {
  const refused = [
    '',
    'SIP/2.0/UDP',
    'SIP/3.0/UDP a',
    'SIP/2.0/UDP a:0',
    'SIP/2.0/UDP a:99999',
    'SIP/2.0/UDP a b',
    'SIP/2.0/UDP 192.0.2.15;;',
    'SIP/2.0/UDP 192.0.2.15;branch=a;branch=b',
    'SIP/2.0/UDP 2001:db8::1;branch=z9hG4bK1',
    'SIP/2.0/U DP a;branch=z9hG4bK1',
  ]
  for (const text of refused) assert.equal(parseVia(text), undefined, text)
})

test('CSeq is a number below 2^31 and a method', () => {
  assert.deepEqual(parseCSeq('0009  INVITE'), { number: 9, method: 'INVITE' })
  assert.deepEqual(parseCSeq('2147483647 BYE'), { number: 2_147_483_647, method: 'BYE' })
  assert.equal(serializeCSeq({ number: 7, method: 'ACK' }), '7 ACK')
  for (const text of [
    '',
    '1',
    'INVITE',
    '-1 INVITE',
    '2147483648 BYE',
    '1e3 BYE',
    '1.5 BYE',
    '36893488147419103232 BYE',
    '1 BYE x',
  ]) {
    assert.equal(parseCSeq(text), undefined, text)
  }
})
