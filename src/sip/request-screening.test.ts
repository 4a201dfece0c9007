import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestScript } from '../../test/support/scripted-sip-peer.ts'
import { UserAgentBench } from '../../test/support/user-agent-bench.ts'

async function answerTo(method: string, script: RequestScript = {}) {
  const bench = new UserAgentBench()
  bench.peer.request(method, script)
  await bench.clock.advance(0)
  const response = bench.peer.heard.at(-1)
  assert.equal(bench.peer.heard.length, 1)
  assert.equal(bench.invites.length, 0)
  assert.ok(response?.kind === 'response')
  assert.match(response.headers.get('To') ?? '', /;tag=/)
  await bench.drain()
  return response
}

test('OPTIONS is answered with what we can do, and without keeping a transaction', async () => {
  const { status, headers } = await answerTo('OPTIONS', { headers: { 'Max-Forwards': '0' } })

  assert.equal(status, 200)
  assert.ok(headers.all('Allow').includes('INVITE'))
  assert.equal(headers.get('Accept'), 'application/sdp')
  assert.equal(headers.get('Supported'), '')
})

test('a repeated stateless answer has the same To tag', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('OPTIONS')
  bench.peer.request('OPTIONS')
  await bench.clock.advance(0)

  const [first, second] = bench.peer.heard
  assert.equal(first?.headers.get('To'), second?.headers.get('To'))
  await bench.drain()
})

for (const method of ['REGISTER', 'SUBSCRIBE', 'MESSAGE', 'PUBLISH', 'REFER']) {
  test(`${method} is refused with 405 and the methods that are allowed`, async () => {
    const { status, headers } = await answerTo(method)
    assert.equal(status, 405)
    assert.ok(headers.all('Allow').includes('BYE'))
  })
}

test('a method that nobody knows gets 501', async () => {
  assert.equal((await answerTo('DANCE')).status, 501)
})

for (const method of ['BYE', 'UPDATE', 'INFO', 'NOTIFY', 'PRACK']) {
  test(`${method} outside a dialog gets 481`, async () => {
    assert.equal((await answerTo(method)).status, 481)
  })
}

for (const method of ['INVITE', 'BYE', 'UPDATE', 'INFO', 'OPTIONS']) {
  test(`${method} in a dialog that does not exist gets 481`, async () => {
    const script = { headers: { To: '<sip:100@127.0.0.1>;tag=stranger' } }
    assert.equal((await answerTo(method, script)).status, 481)
  })
}

test('an INVITE without hops left gets 483', async () => {
  assert.equal((await answerTo('INVITE', { headers: { 'Max-Forwards': '0' } })).status, 483)
})

test('a Request-URI of an unknown scheme gets 416', async () => {
  assert.equal((await answerTo('INVITE', { uri: 'nobodyKnows:bob' })).status, 416)
})

test('a required extension gets 420, and the answer names it', async () => {
  const { status, headers } = await answerTo('INVITE', { headers: { Require: '100rel, nothingSIPWith' } })

  assert.equal(status, 420)
  assert.deepEqual(headers.all('Unsupported'), ['100rel', 'nothingSIPWith'])
})

test('an INVITE whose body is no SDP gets 415, and the answer says what is', async () => {
  const { status, headers } = await answerTo('INVITE', {
    body: 'x',
    headers: { 'Content-Type': 'application/unknown' },
  })

  assert.equal(status, 415)
  assert.equal(headers.get('Accept'), 'application/sdp')
})

test('an encoded body gets 415', async () => {
  const { status } = await answerTo('INVITE', { body: 'x', headers: { 'Content-Encoding': 'gzip' } })
  assert.equal(status, 415)
})

test('an INVITE without a Contact gets 400', async () => {
  assert.equal((await answerTo('INVITE', { headers: { Contact: '' } })).status, 400)
})

test('an INVITE with a Record-Route that leads nowhere gets 400', async () => {
  assert.equal((await answerTo('INVITE', { headers: { 'Record-Route': '<tel:123>' } })).status, 400)
  const many = Array.from({ length: 20 }, (_, index) => `<sip:p${index}.example;lr>`).join(', ')
  assert.equal((await answerTo('INVITE', { headers: { 'Record-Route': many } })).status, 400)
})

test('a malformed request that can be answered gets 400', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', { headers: { 'Max-Forwards': 'many' } })
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log, ['0 400'])
  await bench.drain()
})

test('garbage, malformed ACKs, ACKs of no dialog and stray responses get silence', async () => {
  const bench = new UserAgentBench()

  bench.peer.send(['hello'])
  bench.peer.request('ACK', { headers: { 'Max-Forwards': 'many' } })
  bench.peer.request('ACK', { headers: { To: '<sip:100@127.0.0.1>;tag=stranger' } })
  bench.peer.send([
    'SIP/2.0 200 OK',
    'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKnone',
    'From: <sip:a@b>;tag=1',
    'To: <sip:c@d>;tag=2',
    'Call-ID: none',
    'CSeq: 1 INVITE',
  ])
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log, [])
  await bench.drain()
})
