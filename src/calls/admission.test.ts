import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SipSource } from '../sip/transport.ts'
import { type AdmissionState, refuseInvite } from './admission.ts'

const from = (address: string): SipSource => ({
  transport: 'udp',
  address,
  port: 5060,
  localAddress: '127.0.0.1',
  localPort: 5060,
})
const open: AdmissionState = {
  accepting: true,
  liveCalls: 0,
  maxCalls: 10,
  local: true,
  trunkAddresses: new Set(['203.0.113.9']),
}

test('in local mode this machine may call, and a trunk may always', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '203.0.113.9'])
    assert.equal(refuseInvite(from(address), open), undefined)
  assert.equal(refuseInvite(from('203.0.113.9'), { ...open, local: false }), undefined)
})

test('strangers are refused, and loopback too once the server is public', () => {
  assert.equal(refuseInvite(from('198.51.100.1'), open)?.status, 403)
  assert.equal(refuseInvite(from('::ffff:198.51.100.1'), open)?.status, 403)
  assert.equal(refuseInvite(from('127.0.0.1'), { ...open, local: false })?.status, 403)
})

test('a stranger learns nothing of load: 403 comes before 503', () => {
  assert.equal(refuseInvite(from('198.51.100.1'), { ...open, accepting: false })?.status, 403)
})

test('a full or draining server says when to come back', () => {
  const full = refuseInvite(from('127.0.0.1'), { ...open, liveCalls: 10 })
  const draining = refuseInvite(from('127.0.0.1'), { ...open, accepting: false })
  assert.deepEqual([full?.status, full?.headers], [503, [['Retry-After', '5']]])
  assert.deepEqual([draining?.status, draining?.headers], [503, [['Retry-After', '30']]])
})
