import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ScriptedSipPeer } from '../../test/support/scripted-sip-peer.ts'
import { UserAgentBench } from '../../test/support/user-agent-bench.ts'

test('an INVITE gets 100 at once, and its repetitions the latest response without a second call', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', { body: 'offer' })
  bench.peer.request('INVITE', { body: 'offer' })
  await bench.clock.advance(0)
  bench.invite.ring(180, 'Ringing')
  await bench.clock.advance(500)
  bench.peer.request('INVITE', { body: 'offer' })
  await bench.clock.advance(0)

  assert.equal(bench.invites.length, 1)
  assert.deepEqual(bench.peer.log, ['0 100', '0 100', '0 180', '500 180'])
  bench.invite.reject(486, 'Busy Here')
  bench.peer.request('ACK', { headers: { Via: 'SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKinvite1' } })
  await bench.drain()
  assert.equal(bench.peer.count(486), 1)
})

test('an INVITE is offered with its parts read', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', { uri: 'sip:+3197@127.0.0.1', body: 'v=0', headers: { 'X-Account': '7' } })
  await bench.clock.advance(0)

  const { callId, requestUri, from, to, source, offer, headers } = bench.invite
  assert.equal(callId, 'call')
  assert.equal(requestUri.user, '+3197')
  assert.equal(from.displayName, 'Peer')
  assert.equal(to.uri.user, '100')
  assert.equal(source.address, '127.0.0.2')
  assert.equal(offer, 'v=0')
  assert.equal(headers.get('x-account'), '7')
  bench.invite.reject(404, 'Not Found')
  await bench.drain()
})

test('a 200 carries Contact, Allow, Supported, Server, Record-Route and the tag of the 180', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', { body: 'offer', headers: { 'Record-Route': '<sip:proxy.example;lr>' } })
  await bench.clock.advance(0)
  bench.invite.ring(180, 'Ringing')
  bench.accept()
  await bench.clock.advance(0)

  const { headers, body } = bench.ok
  assert.equal(headers.get('Contact'), '<sip:linnet@127.0.0.1:5060>')
  assert.deepEqual(headers.all('Allow').slice(0, 4), ['INVITE', 'ACK', 'CANCEL', 'BYE'])
  assert.equal(headers.get('Supported'), '')
  assert.equal(headers.get('Server'), 'Linnet')
  assert.equal(headers.get('Record-Route'), '<sip:proxy.example;lr>')
  assert.equal(headers.get('To'), bench.peer.lastResponse(180).headers.get('To'))
  assert.equal(`${body}`, 'our sdp')
  await bench.drain()
})

test('a response goes to the address that the request came from, with received and rport filled in (RFC 3581)', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', {
    headers: { Via: 'SIP/2.0/UDP 10.0.0.1:9;rport;branch=z9hG4bKnat', Contact: '<sip:peer@10.0.0.1>' },
  })
  await bench.clock.advance(0)

  assert.equal(
    bench.peer.lastResponse(100).headers.get('Via'),
    'SIP/2.0/UDP 10.0.0.1:9;rport=5060;branch=z9hG4bKnat;received=127.0.0.2',
  )
  bench.invite.reject(603, 'Decline')
  await bench.drain()
})

test('a refusal carries the headers that the user adds', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE')
  await bench.clock.advance(0)
  bench.invite.reject(503, 'Service Unavailable', [['Retry-After', '30']])
  await bench.clock.advance(0)

  assert.equal(bench.peer.lastResponse(503).headers.get('Retry-After'), '30')
  await bench.drain()
})

test('without an ACK a 200 is repeated up to T2 for 32 s, then BYE is sent and the user told', async () => {
  const bench = new UserAgentBench()

  await bench.establish({ ack: false })
  await bench.clock.advance(32_000)

  const oks = [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500].map((at) => `${at} 200`)
  assert.deepEqual(bench.peer.log, ['0 100', ...oks, '32000 BYE'])
  assert.deepEqual(bench.events, ['32000 ended noAck'])
  bench.peer.respond(bench.peer.lastRequest('BYE'), 200)
  await bench.drain()
})

test('an ACK stops the 200; one with another CSeq does not', async () => {
  const bench = new UserAgentBench()

  await bench.establish({ ack: false })
  bench.peer.request('ACK', { headers: bench.inDialog('ACK', 7) })
  await bench.clock.advance(600)
  bench.peer.request('ACK', { headers: bench.inDialog('ACK', 1) })
  await bench.clock.advance(60_000)

  assert.deepEqual(bench.peer.log, ['0 100', '0 200', '500 200'])
  assert.deepEqual(bench.userAgent.size, { transactions: 0, dialogs: 1 })
  bench.peer.request('BYE', { headers: bench.inDialog('BYE', 2) })
  await bench.drain()
})

test('an ACK that reuses the branch of the INVITE counts too', async () => {
  const bench = new UserAgentBench()

  await bench.establish({ ack: false })
  bench.peer.request('ACK', {
    headers: { ...bench.inDialog('ACK', 1), Via: 'SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKinvite1' },
  })
  await bench.clock.advance(10_000)

  assert.equal(bench.peer.count(200), 1)
  bench.peer.request('BYE', { headers: bench.inDialog('BYE', 2) })
  await bench.drain()
})

test('CANCEL gets 200 and the INVITE 487, once, and the user is told', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', { body: 'offer' })
  await bench.clock.advance(0)
  bench.invite.ring(180, 'Ringing')
  const cancel = { Via: 'SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKinvite1' }
  bench.peer.request('CANCEL', { headers: cancel })
  bench.peer.request('CANCEL', { headers: cancel })
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log, ['0 100', '0 180', '0 200', '0 487', '0 200'])
  assert.deepEqual(bench.events, ['0 canceled'])
  assert.equal(bench.userAgent.size.dialogs, 0)
  assert.equal(bench.ok.headers.get('To'), bench.peer.lastResponse(487).headers.get('To'))

  bench.peer.request('ACK', { headers: cancel })
  await bench.drain()
})

test('what the user does after the caller gave up reaches nobody', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', { body: 'offer' })
  bench.peer.request('CANCEL', { headers: { Via: 'SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKinvite1' } })
  await bench.clock.advance(0)
  bench.invite.ring(180, 'Ringing')
  const dialog = bench.accept()
  bench.invite.reject(486, 'Busy Here')
  await dialog.bye()
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log, ['0 100', '0 200', '0 487'])
  await bench.drain()
})

test('a CANCEL that crosses our 200 changes nothing: the call stays until the caller hangs up', async () => {
  const bench = new UserAgentBench()

  await bench.establish({ ack: false })
  bench.peer.request('CANCEL', { headers: { Via: 'SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKinvite1' } })
  await bench.clock.advance(0)
  assert.deepEqual(bench.events, [])
  assert.equal(bench.userAgent.size.dialogs, 1)

  const headers = bench.peer.heard.findLast((message) => message.headers.get('CSeq') === '1 INVITE')?.headers
  const To = headers?.get('To') ?? ''
  bench.peer.request('ACK', { headers: { ...bench.inDialog('ACK', 1), To } })
  bench.peer.request('BYE', { headers: { ...bench.inDialog('BYE', 2), To } })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 ended bye'])
  await bench.drain()
})

test('a CANCEL for nothing gets 481', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('CANCEL')
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log, ['0 481'])
  await bench.drain()
})

test('BYE in an early dialog gets 200 and ends the INVITE with 487', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', { body: 'offer' })
  await bench.clock.advance(0)
  bench.invite.ring(180, 'Ringing')
  await bench.clock.advance(0)
  const To = bench.peer.lastResponse(180).headers.get('To') ?? ''
  bench.peer.request('BYE', { headers: { To, CSeq: '2 BYE' } })
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log, ['0 100', '0 180', '0 200', '0 487'])
  assert.deepEqual(bench.events, ['0 canceled'])
  await bench.drain()
})

test('the same INVITE by another way gets 482 while the first is alive', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE', { body: 'offer' })
  bench.peer.request('INVITE', {
    body: 'offer',
    headers: { Via: 'SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKother' },
  })
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log, ['0 100', '0 482'])
  assert.equal(bench.invites.length, 1)
  bench.invite.reject(480, 'Temporarily Unavailable')
  await bench.drain()
})

test('an INVITE of RFC 2543, without a magic cookie, is matched by all of its headers', async () => {
  const bench = new UserAgentBench()
  const headers = { Via: 'SIP/2.0/UDP 127.0.0.2:5060' }

  bench.peer.request('INVITE', { body: 'offer', headers })
  bench.peer.request('INVITE', { body: 'offer', headers })
  await bench.clock.advance(0)
  bench.peer.request('CANCEL', { headers })
  await bench.clock.advance(0)
  bench.peer.request('ACK', { headers })
  await bench.clock.advance(10_000)

  assert.deepEqual(bench.peer.log, ['0 100', '0 100', '0 200', '0 487'])
  assert.equal(bench.invites.length, 1)
  await bench.drain()
})

test('the answer to an offer of ours comes with the ACK', async () => {
  const bench = new UserAgentBench()

  bench.peer.request('INVITE')
  await bench.clock.advance(0)
  assert.equal(bench.invite.offer, undefined)
  bench.accept('our offer')
  await bench.clock.advance(0)
  bench.peer.request('ACK', { headers: bench.inDialog('ACK', 1), body: 'their answer' })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 answer their answer'])
  bench.peer.request('BYE', { headers: bench.inDialog('BYE', 2) })
  await bench.drain()
})

test('a provisional response that can not be sent fails the INVITE', async () => {
  const bench = new UserAgentBench()
  bench.network.fate = ({ message }) => (message.startsWith('SIP/2.0 180') ? { refused: true } : {})

  bench.peer.request('INVITE', { body: 'offer' })
  await bench.clock.advance(0)
  bench.invite.ring(180, 'Ringing')
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 failed transportError'])
  await bench.drain()
})

test('a 200 that can not be sent ends the dialog', async () => {
  const bench = new UserAgentBench()
  bench.network.fate = ({ message }) => (message.startsWith('SIP/2.0 200') ? { refused: true } : {})

  bench.peer.request('INVITE', { body: 'offer' })
  await bench.clock.advance(0)
  bench.accept()
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 ended transportError'])
  await bench.drain()
})

test('a user that throws costs the caller a 500 and nobody else anything', async () => {
  const bench = new UserAgentBench()
  bench.onInvite = () => {
    throw new Error('bug')
  }

  bench.peer.request('INVITE', { body: 'offer' })
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log, ['0 100', '0 500'])
  await bench.drain()
})

test('beyond its bounds the user agent refuses new calls with 503 and goes on serving its dialogs', async () => {
  const bench = new UserAgentBench({ maxDialogs: 1 })

  await bench.establish()
  bench.peer.request('INVITE', {
    headers: { Via: 'SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKnext', 'Call-ID': 'second' },
  })
  await bench.clock.advance(0)
  assert.equal(bench.peer.lastResponse(503).headers.get('Retry-After'), '5')
  assert.equal(bench.invites.length, 1)

  bench.peer.request('BYE', { headers: bench.inDialog('BYE', 2) })
  await bench.clock.advance(0)
  assert.deepEqual(bench.events, ['0 ended bye'])
  await bench.drain()
})

test('a flood of INVITEs holds no more transactions than allowed', async () => {
  const bench = new UserAgentBench({ maxTransactions: 10 })

  for (let count = 0; count < 50; count++) {
    bench.peer.request('INVITE', {
      headers: { Via: `SIP/2.0/UDP 127.0.0.2;branch=z9hG4bK${count}`, 'Call-ID': `${count}` },
    })
  }
  await bench.clock.advance(0)

  assert.equal(bench.userAgent.size.transactions, 10)
  assert.equal(bench.peer.count(503), 40)
  for (const invite of bench.invites) invite.reject(486, 'Busy Here')
  await bench.drain()
})

test('requests in dialogs are served beyond the bound of new calls, up to twice as many', async () => {
  const bench = new UserAgentBench({ maxTransactions: 2 })
  await bench.establish()
  const to = bench.inDialog('INFO', 2)

  for (let cseq = 2; cseq <= 8; cseq++) {
    bench.peer.request('INFO', { headers: { ...bench.inDialog('INFO', cseq), To: to['To'] ?? '' } })
  }
  await bench.clock.advance(0)

  assert.equal(bench.peer.count(200), 1 + 3)
  assert.equal(bench.peer.count(503), 4)
  await bench.clock.advance(32_000)
  bench.peer.request('BYE', { headers: { ...bench.inDialog('BYE', 9), To: to['To'] ?? '' } })
  await bench.drain()
})

test('a phone behind NAT is hung up at the address that its INVITE came from', async () => {
  const bench = new UserAgentBench()
  const phone = new ScriptedSipPeer(bench.clock, bench.network, '203.0.113.5', '127.0.0.1')
  phone.request('INVITE', {
    body: 'offer',
    headers: {
      Via: 'SIP/2.0/UDP 192.168.1.20:5060;rport;branch=z9hG4bKnat',
      Contact: '<sip:phone@192.168.1.20:5060>',
    },
  })
  await bench.clock.advance(0)
  const dialog = bench.accept()
  await bench.clock.advance(0)
  phone.request('ACK', { headers: { To: phone.lastResponse(200).headers.get('To') ?? '' } })
  await bench.clock.advance(0)

  void dialog.bye()
  await bench.clock.advance(0)

  assert.equal(phone.lastRequest('BYE').uri, 'sip:phone@192.168.1.20:5060')
  await bench.drain()
})

test('disposing the user agent ends every transaction, dialog and timer', async () => {
  const bench = new UserAgentBench()
  const dialog = await bench.establish({ ack: false })
  bench.peer.request('INVITE', { headers: { Via: 'SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKb', 'Call-ID': 'b' } })
  await bench.clock.advance(0)
  const ended = dialog.bye()

  await bench.userAgent[Symbol.asyncDispose]()
  await ended

  assert.deepEqual(bench.userAgent.size, { transactions: 0, dialogs: 0 })
  assert.equal(bench.clock.pendingTimers, 0)
  bench.peer.request('OPTIONS')
  await bench.clock.advance(0)
  assert.equal(bench.peer.count(200), 1)
})
