import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressTypeOf, classifyMediaAddress } from './media-address.ts'

test('addresses of one host can be sent to', () => {
  for (const address of [
    '192.0.2.1',
    '127.0.0.1',
    '10.0.0.255',
    '223.255.255.255',
    '2001:db8::1',
    '::1',
    'fe80::1',
  ]) {
    assert.equal(classifyMediaAddress(address), 'host', address)
  }
})

test('addresses of nobody, of many, and IPv4 in IPv6 clothes are never sent to', () => {
  const nobody = ['0.0.0.0', '0.1.2.3', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255']
  const inIpv6 = [
    '::',
    '0:0:0:0:0:0:0:0',
    'ff02::1',
    'FF0E::1',
    '::ffff:0.0.0.0',
    '::ffff:224.0.0.1',
    '::127.0.0.1',
    '::2',
  ]
  for (const address of [...nobody, ...inIpv6]) assert.equal(classifyMediaAddress(address), 'nobody', address)
})

test('everything else is a name, odd spellings of addresses included', () => {
  for (const address of [
    '',
    'media.example.com',
    '1.2.3',
    '1.2.3.4.',
    '01.2.3.4',
    '0x7f.0.0.1',
    '256.1.1.1',
    '2130706433',
    '1::2::3',
    ':',
    '[::1]',
    '::1%lo',
  ]) {
    assert.equal(classifyMediaAddress(address), 'name', address)
  }
})

test('the address type follows from the address', () => {
  assert.equal(addressTypeOf('192.0.2.1'), 'IP4')
  assert.equal(addressTypeOf('::1'), 'IP6')
})
