import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AddressClass, classifyAddress, createAddressFilter } from './address-filter.ts'

const table: Readonly<Record<AddressClass, readonly string[]>> = {
  public: [
    '8.8.8.8',
    '134744072',
    '0x08.8.8.8',
    '1.1',
    '::ffff:8.8.8.8',
    '2606:4700:4700::1111',
    '[2a00:1450:4001::200e]',
  ],
  loopback: [
    '127.0.0.1',
    '127.1',
    '127.255.255.254',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '0177.0.0.1',
    '017700000001',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '[::ffff:127.0.0.1]',
  ],
  forbidden: [
    '0.0.0.0',
    '0',
    '0.1.2.3',
    '10.0.0.1',
    '10.1',
    '100.64.0.1',
    '100.127.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '3232235777',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::127.0.0.1',
    '::ffff:0.0.0.0',
    '::ffff:10.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '4000::1',
  ],
}

for (const [addressClass, addresses] of Object.entries(table)) {
  for (const address of addresses) {
    test(`${address} is ${addressClass}`, () => assert.equal(classifyAddress(address), addressClass))
  }
}

test('a name is no address', () => {
  for (const name of ['example.org', 'localhost', '', '127.0.0.1.example.org', '1.2.3.4.5', '256.1.1.1']) {
    assert.equal(classifyAddress(name), undefined)
  }
})

test('only public addresses pass by default', () => {
  const passes = createAddressFilter({})

  assert.ok(table.public.every(passes))
  assert.deepEqual([...table.loopback, ...table.forbidden, 'example.org'].filter(passes), [])
})

test('loopback passes in local mode, and nothing else with it', () => {
  const passes = createAddressFilter({ allowLoopback: true })

  assert.ok(table.loopback.every(passes))
  assert.deepEqual(table.forbidden.filter(passes), [])
})

test('allowed networks and addresses pass in both families', () => {
  const passes = createAddressFilter({ allowedAddresses: ['10.20.0.0/16', '192.168.1.1', 'fd00:1::/32'] })

  assert.deepEqual(
    [
      '10.20.3.4',
      '::ffff:10.20.3.4',
      '10.21.0.1',
      '192.168.1.1',
      '192.168.1.2',
      'fd00:1::5',
      'fd00:2::5',
      '127.0.0.1',
    ].map(passes),
    [true, true, false, true, false, true, false, false],
  )
})

test('a network that cannot be read is refused when the filter is made', () => {
  assert.throws(
    () => createAddressFilter({ allowedAddresses: ['10.0.0.0/99'] }),
    /neither an address nor a CIDR/,
  )
  assert.throws(() => createAddressFilter({ allowedAddresses: ['intranet'] }), RangeError)
})
