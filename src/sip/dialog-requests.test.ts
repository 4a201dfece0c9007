import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserAgentBench } from '../../test/support/user-agent-bench.ts'

/** Sends a request in the dialog and returns what came back. */
async function ask(bench: UserAgentBench, method: string, cseq: number, extra: object = {}, body = '') {
  const before = bench.peer.heard.length
  bench.peer.request(method, { headers: { ...bench.inDialog(method, cseq), ...extra }, body })
  await bench.clock.advance(0)
  const response = bench.peer.heard[before]
  assert.ok(response?.kind === 'response', `${method} was answered`)
  return response
}

test('BYE gets 200, ends the dialog and tells why; repeated, it gets 200 again', async () => {
  const bench = new UserAgentBench()
  await bench.establish()
  const headers = { ...bench.inDialog('BYE', 2), Reason: 'Q.850;cause=16' }

  bench.peer.request('BYE', { headers })
  await bench.clock.advance(500)
  bench.peer.request('BYE', { headers })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 ended bye Q.850;cause=16'])
  assert.deepEqual(bench.peer.log.slice(2), ['0 200', '500 200'])
  await bench.drain()
})

test('BYE before the ACK ends the dialog and the repetitions of the 200', async () => {
  const bench = new UserAgentBench()
  await bench.establish({ ack: false })

  const response = await ask(bench, 'BYE', 2)
  await bench.clock.advance(60_000)

  assert.equal(response.status, 200)
  assert.equal(bench.peer.log.length, 3)
  assert.deepEqual(bench.events, ['0 ended bye'])
  await bench.drain()
})

test('our BYE waits for the ACK (RFC 3261 §15)', async () => {
  const bench = new UserAgentBench()
  const dialog = await bench.establish({ ack: false })
  bench.peer.onMessage = (message) => {
    if (message.kind === 'request') bench.peer.respond(message, 200)
  }

  const ended = dialog.bye('the "flow"\r\nhas ended')
  await bench.clock.advance(300)
  assert.equal(bench.peer.count('BYE'), 0)
  bench.peer.request('ACK', { headers: bench.inDialog('ACK', 1) })
  await bench.clock.advance(0)
  await ended

  const bye = bench.peer.lastRequest('BYE')
  assert.equal(bye.uri, 'sip:peer@127.0.0.2')
  assert.equal(bye.headers.get('Reason'), 'SIP;text="the \\"flow\\"has ended"')
  assert.equal(bye.headers.get('CSeq'), '1 BYE')
  assert.equal(bye.headers.get('Max-Forwards'), '70')
  assert.equal(bye.headers.get('User-Agent'), 'Linnet')
  assert.deepEqual(bench.events, [])
  await bench.drain()
})

test('a BYE of ours without an answer is repeated, and given up after 32 s', async () => {
  const bench = new UserAgentBench()
  const dialog = await bench.establish()

  const ended = dialog.bye()
  assert.equal(dialog.bye(), ended)
  await bench.clock.advance(32_000)
  await ended

  assert.equal(bench.peer.count('BYE'), 11)
  assert.equal(bench.userAgent.size.dialogs, 0)
  await bench.drain()
})

test('two BYEs that cross both get 200, and nobody is told of an end that he wanted', async () => {
  const bench = new UserAgentBench()
  const dialog = await bench.establish()

  const ended = dialog.bye()
  await bench.clock.advance(0)
  const response = await ask(bench, 'BYE', 2)
  assert.equal(response.status, 200)
  bench.peer.respond(bench.peer.lastRequest('BYE'), 481)
  await bench.clock.advance(0)
  await ended

  assert.deepEqual(bench.events, [])
  await bench.drain()
})

test('a challenge to our BYE is not answered in a dialog without credentials', async () => {
  const bench = new UserAgentBench()
  const dialog = await bench.establish()

  const ended = dialog.bye()
  await bench.clock.advance(0)
  bench.peer.respond(bench.peer.lastRequest('BYE'), 401, {
    headers: { 'WWW-Authenticate': 'Digest realm="evil", nonce="n", qop="auth"' },
  })
  await bench.clock.advance(0)
  await ended

  assert.equal(bench.peer.count('BYE'), 1)
  await bench.drain()
})

test('a re-INVITE is answered by the user and its 200 repeated until the ACK', async () => {
  const bench = new UserAgentBench()
  await bench.establish()

  const response = await ask(bench, 'INVITE', 2, {}, 'hold me')
  await bench.clock.advance(600)
  bench.peer.request('ACK', { headers: bench.inDialog('ACK', 2) })
  await bench.clock.advance(60_000)

  assert.equal(response.status, 200)
  assert.equal(`${response.body}`, 'our answer')
  assert.equal(response.headers.get('Contact'), '<sip:linnet@127.0.0.1:5060>')
  assert.deepEqual(bench.events, ['0 offer hold me'])
  assert.deepEqual(bench.peer.log.slice(2), ['0 200', '500 200'])
  await ask(bench, 'BYE', 3)
  await bench.drain()
})

test('a re-INVITE without an offer gets ours, and the ACK brings the answer', async () => {
  const bench = new UserAgentBench()
  bench.answerOffer = () => ({ sdp: 'our offer' })
  await bench.establish()

  const response = await ask(bench, 'INVITE', 2)
  bench.peer.request('ACK', { headers: bench.inDialog('ACK', 2), body: 'their answer' })
  await bench.clock.advance(0)

  assert.equal(`${response.body}`, 'our offer')
  assert.deepEqual(bench.events, ['0 offer wanted', '0 answer their answer'])
  await ask(bench, 'BYE', 3)
  await bench.drain()
})

test('a re-INVITE whose 200 is never acknowledged ends the call', async () => {
  const bench = new UserAgentBench()
  await bench.establish()

  await ask(bench, 'INVITE', 2, {}, 'hold me')
  await bench.clock.advance(32_000)

  assert.deepEqual(bench.events, ['0 offer hold me', '32000 ended noAck'])
  assert.equal(bench.peer.count('BYE'), 1)
  await bench.drain()
})

test('an offer that the user refuses leaves the dialog and its target as they were', async () => {
  const bench = new UserAgentBench()
  bench.answerOffer = () => ({ status: 488, reason: 'Not Acceptable Here' })
  const dialog = await bench.establish()

  const response = await ask(bench, 'INVITE', 2, { Contact: '<sip:peer@127.0.0.9>' }, 'video')
  bench.peer.request('ACK', {
    headers: { ...bench.inDialog('ACK', 2), Via: 'SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKINVITE2in' },
  })
  void dialog.bye()
  await bench.clock.advance(0)

  assert.equal(response.status, 488)
  assert.equal(bench.peer.lastRequest('BYE').uri, 'sip:peer@127.0.0.2')
  await bench.drain()
})

test('an offer while our 200 waits for its ACK gets 491', async () => {
  const bench = new UserAgentBench()
  await bench.establish({ ack: false })

  assert.equal((await ask(bench, 'INVITE', 2, {}, 'hold me')).status, 491)
  assert.equal((await ask(bench, 'UPDATE', 3, {}, 'hold me')).status, 491)

  assert.deepEqual(bench.events, [])
  await bench.drain()
})

test('an offer in an early dialog gets 500 and is asked to wait', async () => {
  const bench = new UserAgentBench()
  bench.peer.request('INVITE', { body: 'offer' })
  await bench.clock.advance(0)
  bench.invite.ring(180, 'Ringing')
  await bench.clock.advance(0)
  const To = bench.peer.lastResponse(180).headers.get('To') ?? ''

  bench.peer.request('UPDATE', { headers: { To, CSeq: '2 UPDATE' }, body: 'other' })
  await bench.clock.advance(0)

  const seconds = Number(bench.peer.lastResponse(500).headers.get('Retry-After'))
  assert.ok(seconds >= 0 && seconds <= 10)
  bench.invite.reject(486, 'Busy Here')
  await bench.drain()
})

test('UPDATE with an offer is answered at once, without one it only moves the target', async () => {
  const bench = new UserAgentBench()
  const dialog = await bench.establish()
  bench.network.join('127.0.0.3', () => {})

  const offered = await ask(bench, 'UPDATE', 2, {}, 'hold me')
  const refreshed = await ask(bench, 'UPDATE', 3, { Contact: '<sip:moved@127.0.0.2>' })
  void dialog.bye()
  await bench.clock.advance(0)

  assert.equal(`${offered.body}`, 'our answer')
  assert.equal(`${refreshed.body}`, '')
  assert.equal(refreshed.status, 200)
  assert.deepEqual(bench.events, ['0 offer hold me'])
  assert.equal(bench.peer.lastRequest('BYE').uri, 'sip:moved@127.0.0.2')
  await bench.drain()
})

test('a re-INVITE with another body than SDP gets 415', async () => {
  const bench = new UserAgentBench()
  await bench.establish()

  const response = await ask(bench, 'INVITE', 2, { 'Content-Type': 'text/plain' }, 'hello')

  assert.equal(response.status, 415)
  await ask(bench, 'BYE', 3)
  await bench.drain()
})

test('an older or the same CSeq gets 500 and does nothing', async () => {
  const bench = new UserAgentBench()
  await bench.establish()
  await ask(bench, 'OPTIONS', 20)

  assert.equal((await ask(bench, 'BYE', 19)).status, 500)
  assert.equal((await ask(bench, 'BYE', 20)).status, 500)

  assert.deepEqual(bench.events, [])
  assert.equal((await ask(bench, 'BYE', 21)).status, 200)
  await bench.drain()
})

test('wrong tags and another Call-ID get 481 and leave the dialog alone', async () => {
  const bench = new UserAgentBench()
  await bench.establish()

  assert.equal((await ask(bench, 'BYE', 2, { From: '<sip:peer@127.0.0.2>;tag=other' })).status, 481)
  assert.equal((await ask(bench, 'BYE', 3, { 'Call-ID': 'other' })).status, 481)
  assert.equal((await ask(bench, 'BYE', 4, { To: '<sip:100@127.0.0.1>;tag=other' })).status, 481)

  assert.deepEqual(bench.events, [])
  const To = bench.peer.heard.find(
    (message) =>
      message.headers.get('CSeq') === '1 INVITE' && message.kind === 'response' && message.status === 200,
  )
  await ask(bench, 'BYE', 5, { To: To?.headers.get('To') ?? '' })
  assert.deepEqual(bench.events, ['0 ended bye'])
  await bench.drain()
})

test('OPTIONS in a dialog is answered; REFER, MESSAGE and NOTIFY are refused', async () => {
  const bench = new UserAgentBench()
  await bench.establish()

  assert.equal((await ask(bench, 'OPTIONS', 2)).status, 200)
  assert.equal((await ask(bench, 'REFER', 3)).status, 405)
  assert.equal((await ask(bench, 'MESSAGE', 4)).status, 405)
  assert.equal((await ask(bench, 'NOTIFY', 5)).status, 481)

  await ask(bench, 'BYE', 6)
  await bench.drain()
})

test('INFO is the handler’s to take; an empty one is answered, an unknown one refused', async () => {
  const bench = new UserAgentBench()
  await bench.establish()

  const keys = { 'Content-Type': 'Application/DTMF-Relay; charset=utf-8' }
  assert.equal((await ask(bench, 'INFO', 2, keys, 'Signal=5')).status, 200)
  assert.equal((await ask(bench, 'INFO', 3, { 'Content-Type': 'text/plain' }, 'hello')).status, 415)
  assert.equal((await ask(bench, 'INFO', 4)).status, 200)

  assert.deepEqual(bench.events, ['0 info application/dtmf-relay Signal=5', '0 info text/plain hello'])
  await ask(bench, 'BYE', 5)
  await bench.drain()
})

test('requests go by the route set of the INVITE, loose routes in Route', async () => {
  const bench = new UserAgentBench()
  const routes = '<sip:127.0.0.2;lr>, <sip:far.example;lr>'
  bench.peer.request('INVITE', {
    body: 'offer',
    headers: { 'Record-Route': routes, Contact: '<sip:peer@phone.invalid>' },
  })
  await bench.clock.advance(0)
  const dialog = bench.accept()
  await bench.clock.advance(0)
  bench.peer.request('ACK', { headers: bench.inDialog('ACK', 1) })
  await bench.clock.advance(0)
  void dialog.bye()
  await bench.clock.advance(0)

  const bye = bench.peer.lastRequest('BYE')
  assert.equal(bye.uri, 'sip:peer@phone.invalid')
  assert.deepEqual(bye.headers.all('Route'), ['<sip:127.0.0.2;lr>', '<sip:far.example;lr>'])
  await bench.drain()
})

test('a strict router becomes the Request-URI and the target the last Route (RFC 3261 §12.2.1.1)', async () => {
  const bench = new UserAgentBench()
  bench.peer.request('INVITE', {
    body: 'offer',
    headers: { 'Record-Route': '<sip:127.0.0.2>, <sip:far.example;lr>' },
  })
  await bench.clock.advance(0)
  const dialog = bench.accept()
  await bench.clock.advance(0)
  bench.peer.request('ACK', { headers: bench.inDialog('ACK', 1) })
  await bench.clock.advance(0)
  void dialog.bye()
  await bench.clock.advance(0)

  const bye = bench.peer.lastRequest('BYE')
  assert.equal(bye.uri, 'sip:127.0.0.2')
  assert.deepEqual(bye.headers.all('Route'), ['<sip:far.example;lr>', '<sip:peer@127.0.0.2>'])
  await bench.drain()
})
