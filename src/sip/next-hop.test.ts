import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../runtime/logger.ts'
import { isPrivateAddress, nextHopOf, resolveTargets } from './next-hop.ts'
import type { SipTarget, SipTransports } from './transport.ts'
import { parseSipUri } from './uri.ts'

function uri(text: string) {
  const parsed = parseSipUri(text)
  assert.ok(parsed)
  return parsed
}

const transports: SipTransports = {
  send: () => {},
  resolve: (address, port = 5060, transport) =>
    address === 'broken.example'
      ? Promise.reject(new Error('no resolver'))
      : Promise.resolve([{ transport, address, port }]),
  localAddressFor: () => undefined,
}

const resolve = (text: string, flow?: SipTarget) =>
  resolveTargets({ transports, logger: silentLogger }, uri(text), flow)

const cases = [
  ['sip:a@b.example', { host: 'b.example', port: undefined, transport: 'udp' }],
  ['sip:a@b.example:5070;transport=TCP', { host: 'b.example', port: 5070, transport: 'tcp' }],
  ['sip:a@b.example;transport=wss', { host: 'b.example', port: undefined, transport: 'wss' }],
  ['sips:a@b.example', { host: 'b.example', port: undefined, transport: 'tls' }],
  ['sips:a@b.example;transport=tcp', { host: 'b.example', port: undefined, transport: 'tls' }],
  ['sips:a@b.example;transport=ws', { host: 'b.example', port: undefined, transport: 'wss' }],
  ['sips:a@b.example;transport=udp', undefined],
  ['sip:a@b.example;transport=sctp', undefined],
  ['sip:a@b.example;maddr=192.0.2.1', { host: '192.0.2.1', port: undefined, transport: 'udp' }],
  ['tel:+31201234567', undefined],
] as const

for (const [text, hop] of cases) {
  test(`${text} leads to ${hop ? `${hop.transport} ${hop.host}` : 'nowhere'}`, () => {
    assert.deepEqual(nextHopOf(uri(text)), hop)
  })
}

test('a public Contact is asked for, and its own connection is used again', async () => {
  const flow = { transport: 'tcp', address: '192.0.2.7', port: 40_000, connectionId: 4 } as const

  assert.deepEqual(await resolve('sip:a@192.0.2.7:5062;transport=tcp', flow), [
    { transport: 'tcp', address: '192.0.2.7', port: 5062, connectionId: 4 },
  ])
  assert.deepEqual(await resolve('sip:a@192.0.2.8;transport=tcp', flow), [
    { transport: 'tcp', address: '192.0.2.8', port: 5060 },
  ])
})

test('a private or invalid Contact behind a public address gives way to the flow', async () => {
  const flow = { transport: 'udp', address: '192.0.2.7', port: 40_000 } as const

  assert.deepEqual(await resolve('sip:a@10.0.0.1', flow), [flow])
  assert.deepEqual(await resolve('sip:a@xyz.invalid;transport=ws', flow), [flow])
  assert.deepEqual(await resolve('sip:a@10.0.0.1', { ...flow, address: '10.0.0.9' }), [
    { transport: 'udp', address: '10.0.0.1', port: 5060 },
  ])
})

test('a resolver that fails means no address', async () => {
  assert.deepEqual(await resolve('sip:a@broken.example'), [])
})

test('private addresses are told from public ones', () => {
  for (const address of [
    '10.1.2.3',
    '127.0.0.1',
    '172.16.0.1',
    '172.31.9.9',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.1.1',
    '::1',
    'fd00::1',
    'fe80::1',
  ]) {
    assert.ok(isPrivateAddress(address), address)
  }
  for (const address of [
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '192.169.0.1',
    '2001:db8::1',
    'example.com',
    'a.b.c.d',
  ]) {
    assert.ok(!isPrivateAddress(address), address)
  }
})
