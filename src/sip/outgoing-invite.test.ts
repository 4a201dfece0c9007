import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ScriptedSipPeer } from '../../test/support/scripted-sip-peer.ts'
import { UserAgentBench } from '../../test/support/user-agent-bench.ts'
import type { SipRequest } from './message.ts'
import { parseNameAddress } from './name-address.ts'
import { parseSipUri } from './uri.ts'
import type { Dialog, InviteRequest, OutgoingInvite } from './user-agent.ts'

function uri(text: string) {
  const parsed = parseSipUri(text)
  assert.ok(parsed)
  return parsed
}

function address(text: string) {
  const parsed = parseNameAddress(text)
  assert.ok(parsed)
  return parsed
}

const tagged = (tag: string) => ({ headers: { To: `<sip:bob@127.0.0.2>;tag=${tag}` } })

/** A bench whose user agent calls the peer, and notes what the handler hears. */
class CallingBench extends UserAgentBench {
  readonly dialogs: Dialog[] = []

  call(overrides: Partial<InviteRequest> = {}): OutgoingInvite {
    return this.userAgent.invite(
      {
        target: uri('sip:bob@127.0.0.2'),
        from: address('"Linnet" <sip:3197@127.0.0.1>'),
        to: address('<sip:bob@127.0.0.2>'),
        sdp: 'our offer',
        ...overrides,
      },
      {
        onProvisional: (status, sdp) => this.note(sdp === undefined ? `${status}` : `${status} ${sdp}`),
        onAnswer: (dialog, sdp) => {
          this.note(`answered ${sdp}`)
          this.dialogs.push(dialog)
          return this.dialogHandler()
        },
        onFailure: ({ status, local, reasonHeader }) =>
          this.note(['failed', status, local, reasonHeader].filter((part) => part !== undefined).join(' ')),
      },
    )
  }

  get sent(): SipRequest {
    return this.peer.lastRequest('INVITE')
  }

  get dialog(): Dialog {
    const dialog = this.dialogs.at(-1)
    assert.ok(dialog)
    return dialog
  }

  /** The peer answers everything but INVITE with 200. */
  obliging(): this {
    this.peer.onMessage = (message) => {
      if (message.kind === 'request' && message.method !== 'INVITE' && message.method !== 'ACK') {
        this.peer.respond(message, 200)
      }
    }
    return this
  }

  async hangUp(): Promise<void> {
    this.obliging()
    const ended = this.dialog.bye()
    await this.clock.advance(0)
    await ended
  }
}

test('an INVITE carries all that RFC 3261 §8.1.1 asks for', async () => {
  const bench = new CallingBench()
  const { callId } = bench.call({ headers: [['X-Call', '7']] })
  await bench.clock.advance(0)

  const { uri: requestUri, headers, body } = bench.sent
  assert.equal(requestUri, 'sip:bob@127.0.0.2')
  assert.match(headers.get('Via') ?? '', /^SIP\/2\.0\/UDP 127\.0\.0\.1:5060;branch=z9hG4bK\w+;rport$/)
  assert.equal(headers.get('Max-Forwards'), '70')
  assert.match(headers.get('From') ?? '', /^"Linnet" <sip:3197@127\.0\.0\.1>;tag=\w+$/)
  assert.equal(headers.get('To'), '<sip:bob@127.0.0.2>')
  assert.equal(headers.get('Call-ID'), callId)
  assert.equal(headers.get('CSeq'), '1 INVITE')
  assert.equal(headers.get('Contact'), '<sip:linnet@127.0.0.1:5060>')
  assert.equal(headers.get('User-Agent'), 'Linnet')
  assert.ok(headers.all('Allow').includes('UPDATE'))
  assert.equal(headers.get('Supported'), '')
  assert.equal(headers.get('X-Call'), '7')
  assert.equal(headers.get('Content-Type'), 'application/sdp')
  assert.equal(`${body}`, 'our offer')
  bench.peer.respond(bench.sent, 486)
  await bench.drain()
})

test('ringing, early media and the answer are reported, and the answer is acknowledged', async () => {
  const bench = new CallingBench()
  bench.call()
  await bench.clock.advance(0)

  bench.peer.respond(bench.sent, 100)
  bench.peer.respond(bench.sent, 180)
  bench.peer.respond(bench.sent, 183, { body: 'early' })
  bench.peer.respond(bench.sent, 200, { body: 'answer', headers: { Contact: '<sip:desk@127.0.0.2>' } })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 180', '0 183 early', '0 answered answer'])
  const ack = bench.peer.lastRequest('ACK')
  assert.equal(ack.uri, 'sip:desk@127.0.0.2')
  assert.equal(ack.headers.get('CSeq'), '1 ACK')
  assert.equal(ack.headers.get('To'), '<sip:bob@127.0.0.2>;tag=peer')
  assert.notEqual(ack.headers.get('Via'), bench.sent.headers.get('Via'))
  await bench.hangUp()
  assert.equal(bench.peer.lastRequest('BYE').headers.get('CSeq'), '2 BYE')
  await bench.drain()
})

test('each repetition of the 200 gets the same ACK again', async () => {
  const bench = new CallingBench()
  bench.call()
  await bench.clock.advance(0)

  for (let count = 0; count < 3; count++) {
    bench.peer.respond(bench.sent, 200, { body: 'answer' })
    await bench.clock.advance(500)
  }

  assert.equal(bench.peer.count('ACK'), 3)
  assert.deepEqual(bench.events, ['0 answered answer'])
  await bench.hangUp()
  await bench.drain()
})

test('ACK and BYE go by the reversed Record-Route of the answer', async () => {
  const bench = new CallingBench()
  bench.call()
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 200, {
    headers: {
      'Record-Route': '<sip:last.example;lr>, <sip:127.0.0.2;lr>',
      Contact: '<sip:desk@far.example>',
    },
  })
  await bench.clock.advance(0)

  const ack = bench.peer.lastRequest('ACK')
  assert.equal(ack.uri, 'sip:desk@far.example')
  assert.deepEqual(ack.headers.all('Route'), ['<sip:127.0.0.2;lr>', '<sip:last.example;lr>'])
  await bench.hangUp()
  assert.equal(bench.peer.lastRequest('BYE').headers.all('Route').length, 2)
  await bench.drain()
})

test('the first 200 of a forked INVITE is kept; another one is acknowledged and hung up', async () => {
  const bench = new CallingBench().obliging()
  bench.call()
  await bench.clock.advance(0)

  bench.peer.respond(bench.sent, 180, tagged('desk'))
  bench.peer.respond(bench.sent, 180, tagged('mobile'))
  await bench.clock.advance(0)
  assert.equal(bench.userAgent.size.dialogs, 2)
  bench.peer.respond(bench.sent, 200, { ...tagged('mobile'), body: 'mobile sdp' })
  bench.peer.respond(bench.sent, 200, { ...tagged('desk'), body: 'desk sdp' })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 180', '0 180', '0 answered mobile sdp'])
  assert.equal(bench.peer.count('ACK'), 2)
  assert.equal(bench.peer.count('BYE'), 1)
  assert.match(bench.peer.lastRequest('BYE').headers.get('To') ?? '', /tag=desk/)
  assert.equal(bench.userAgent.size.dialogs, 1)
  await bench.hangUp()
  await bench.drain()
})

test('a refusal is acknowledged in its transaction and reported with its Reason', async () => {
  const bench = new CallingBench()
  bench.call()
  await bench.clock.advance(0)

  bench.peer.respond(bench.sent, 480, { headers: { Reason: 'Q.850;cause=18' } })
  bench.peer.respond(bench.sent, 480)
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 failed 480 Q.850;cause=18'])
  assert.equal(bench.peer.count('ACK'), 2)
  const ack = bench.peer.lastRequest('ACK')
  assert.equal(ack.headers.get('Via'), bench.sent.headers.get('Via'))
  assert.match(ack.headers.get('To') ?? '', /tag=peer/)
  await bench.drain()
})

test('a redirection is a failure with its status', async () => {
  const bench = new CallingBench()
  bench.call()
  await bench.clock.advance(0)

  bench.peer.respond(bench.sent, 302, { headers: { Contact: '<sip:elsewhere@127.0.0.3>' } })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 failed 302'])
  await bench.drain()
})

test('without any answer the call fails with a local timeout when timer B fires', async () => {
  const bench = new CallingBench()
  bench.call()

  await bench.clock.advance(32_000)

  assert.deepEqual(bench.events, ['32000 failed 408 timeout'])
  await bench.drain()
})

test('a refused datagram fails the call at once', async () => {
  const bench = new CallingBench()
  bench.network.fate = () => ({ refused: true })
  bench.call()
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 failed 503 transportError'])
  await bench.drain()
})

test('a name without an address fails the call', async () => {
  const bench = new CallingBench()
  bench.call({ target: uri('sip:bob@nowhere.example') })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 failed 503 transportError'])
  await bench.drain()
})

test('the next address is tried after a transport error, a timeout and a 503, each time with a new branch', async () => {
  const bench = new CallingBench()
  const second = new ScriptedSipPeer(bench.clock, bench.network, '127.0.0.3', '127.0.0.1')
  bench.network.name('trunk.example', ['127.0.0.9', '127.0.0.8', '127.0.0.2', '127.0.0.3'])
  bench.network.fate = ({ to }) => (to === '127.0.0.9:5060' ? { refused: true } : {})
  bench.call({ nextHop: uri('sip:trunk.example') })

  await bench.clock.advance(32_000)
  bench.peer.respond(bench.sent, 503)
  await bench.clock.advance(0)
  const retried = second.lastRequest('INVITE')
  second.respond(retried, 200, { body: 'answer' })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['32000 answered answer'])
  assert.equal(bench.peer.count('ACK'), 1)
  assert.notEqual(retried.headers.get('Via'), bench.sent.headers.get('Via'))
  assert.equal(retried.headers.get('Call-ID'), bench.sent.headers.get('Call-ID'))
  second.onMessage = (message) => {
    if (message.kind === 'request' && message.method === 'BYE') second.respond(message, 200)
  }
  void bench.dialog.bye()
  await bench.drain()
})

const challenge = (nonce: string, more = '') => ({
  headers: { 'WWW-Authenticate': `Digest realm="trunk", nonce="${nonce}", qop="auth"${more}` },
})
const credentials = { username: 'alice', password: 'secret' }

test('a challenge is answered once, with the next CSeq and the same Call-ID and From tag', async () => {
  const bench = new CallingBench()
  bench.call({ credentials })
  await bench.clock.advance(0)
  const first = bench.sent

  bench.peer.respond(first, 401, challenge('n1'))
  await bench.clock.advance(0)
  const second = bench.sent
  bench.peer.respond(second, 401, challenge('n2'))
  await bench.clock.advance(0)

  assert.equal(bench.peer.count('INVITE'), 2)
  assert.equal(first.headers.get('Authorization'), undefined)
  assert.match(
    second.headers.get('Authorization') ?? '',
    /^Digest username="alice", realm="trunk", nonce="n1"/,
  )
  assert.equal(second.headers.get('CSeq'), '2 INVITE')
  assert.equal(second.headers.get('Call-ID'), first.headers.get('Call-ID'))
  assert.equal(second.headers.get('From'), first.headers.get('From'))
  assert.deepEqual(bench.events, ['0 failed 401'])
  await bench.drain()
})

test('a stale nonce is answered once more, a second one not', async () => {
  const bench = new CallingBench()
  bench.call({ credentials })
  await bench.clock.advance(0)

  bench.peer.respond(bench.sent, 401, challenge('n1'))
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 401, challenge('n2', ', stale=true'))
  await bench.clock.advance(0)
  assert.equal(bench.sent.headers.get('CSeq'), '3 INVITE')
  bench.peer.respond(bench.sent, 401, challenge('n3', ', stale=true'))
  await bench.clock.advance(0)

  assert.equal(bench.peer.count('INVITE'), 3)
  assert.deepEqual(bench.events, ['0 failed 401'])
  await bench.drain()
})

test('a proxy and a server of one realm may both ask; another realm gets nothing', async () => {
  const bench = new CallingBench()
  bench.call({ credentials })
  await bench.clock.advance(0)

  bench.peer.respond(bench.sent, 407, {
    headers: { 'Proxy-Authenticate': 'Digest realm="trunk", nonce="p1"' },
  })
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 401, challenge('n1'))
  await bench.clock.advance(0)
  assert.ok(bench.sent.headers.get('Proxy-Authorization'))
  assert.ok(bench.sent.headers.get('Authorization'))
  bench.peer.respond(bench.sent, 486)
  await bench.clock.advance(0)
  assert.deepEqual(bench.events, ['0 failed 486'])

  const other = new CallingBench()
  other.call({ credentials: { ...credentials, realm: 'trunk' } })
  await other.clock.advance(0)
  other.peer.respond(other.sent, 401, { headers: { 'WWW-Authenticate': 'Digest realm="evil", nonce="n"' } })
  await other.clock.advance(0)
  assert.equal(other.peer.count('INVITE'), 1)
  assert.deepEqual(other.events, ['0 failed 401'])
  await bench.drain()
  await other.drain()
})

test('without credentials a challenge is a refusal', async () => {
  const bench = new CallingBench()
  bench.call()
  await bench.clock.advance(0)

  bench.peer.respond(bench.sent, 407, { headers: { 'Proxy-Authenticate': 'Digest realm="r", nonce="n"' } })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 failed 407'])
  assert.equal(bench.peer.count('INVITE'), 1)
  await bench.drain()
})

test('the ACK of an authenticated INVITE carries its credentials, and a challenged BYE is answered', async () => {
  const bench = new CallingBench()
  bench.call({ credentials })
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 401, challenge('n1'))
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 200, { body: 'answer' })
  await bench.clock.advance(0)
  const ack = bench.peer.lastRequest('ACK')
  assert.equal(ack.headers.get('CSeq'), '2 ACK')
  assert.equal(ack.headers.get('Authorization'), bench.sent.headers.get('Authorization'))

  const ended = bench.dialog.bye('done')
  await bench.clock.advance(0)
  bench.peer.respond(bench.peer.lastRequest('BYE'), 401, challenge('n2'))
  await bench.clock.advance(0)
  const bye = bench.peer.lastRequest('BYE')
  assert.match(bye.headers.get('Authorization') ?? '', /nonce="n2", uri="sip:peer@127\.0\.0\.2"/)
  assert.equal(bye.headers.get('CSeq'), '4 BYE')
  assert.equal(bye.headers.get('Reason'), 'SIP;text="done"')
  bench.peer.respond(bye, 401, challenge('n3'))
  await bench.clock.advance(0)
  await ended

  assert.equal(bench.peer.count('BYE'), 2)
  await bench.drain()
})

test('cancel waits for a provisional response, then sends CANCEL with the branch of the INVITE', async () => {
  const bench = new CallingBench().obliging()
  const call = bench.call()
  await bench.clock.advance(0)

  call.cancel()
  call.cancel()
  await bench.clock.advance(100)
  assert.equal(bench.peer.count('CANCEL'), 0)
  bench.peer.respond(bench.sent, 180)
  bench.peer.respond(bench.sent, 180)
  await bench.clock.advance(0)
  const cancel = bench.peer.lastRequest('CANCEL')
  bench.peer.respond(bench.sent, 487)
  await bench.clock.advance(0)

  assert.equal(bench.peer.count('CANCEL'), 1)
  assert.equal(cancel.headers.get('Via'), bench.sent.headers.get('Via'))
  assert.equal(cancel.headers.get('To'), '<sip:bob@127.0.0.2>')
  assert.equal(cancel.headers.get('CSeq'), '1 CANCEL')
  assert.deepEqual(bench.events, ['100 failed 487 canceled'])
  assert.equal(bench.peer.count('ACK'), 1)
  await bench.drain()
})

test('a 200 that crosses CANCEL is acknowledged and hung up', async () => {
  const bench = new CallingBench().obliging()
  const call = bench.call()
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 180)
  await bench.clock.advance(0)

  call.cancel()
  bench.peer.respond(bench.sent, 200, { body: 'answer' })
  await bench.clock.advance(0)

  assert.deepEqual(bench.peer.log.slice(1), ['0 CANCEL', '0 ACK', '0 BYE'])
  assert.deepEqual(bench.events, ['0 180', '0 failed 487 canceled'])
  await bench.drain()
})

test('a canceled INVITE that nobody ends is given up after 32 s', async () => {
  const bench = new CallingBench().obliging()
  const call = bench.call()
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 180)
  await bench.clock.advance(0)

  call.cancel()
  await bench.clock.advance(32_000)

  assert.deepEqual(bench.events, ['0 180', '32000 failed 487 canceled'])
  await bench.drain()
})

test('a cancel before anything came back ends with timer B, and before anything left at once', async () => {
  const silent = new CallingBench()
  const call = silent.call()
  await silent.clock.advance(0)
  call.cancel()
  await silent.clock.advance(32_000)
  assert.deepEqual(silent.events, ['32000 failed 487 canceled'])
  assert.equal(silent.peer.count('CANCEL'), 0)
  await silent.drain()

  const early = new CallingBench()
  early.call().cancel()
  await early.clock.advance(0)
  assert.deepEqual(early.events, ['0 failed 487 canceled'])
  assert.deepEqual(early.peer.log, [])
  await early.drain()
})

test('a challenge to a canceled INVITE is not answered', async () => {
  const bench = new CallingBench()
  const call = bench.call({ credentials })
  await bench.clock.advance(0)

  call.cancel()
  bench.peer.respond(bench.sent, 401, challenge('n1'))
  await bench.clock.advance(0)

  assert.equal(bench.peer.count('INVITE'), 1)
  assert.deepEqual(bench.events, ['0 failed 487 canceled'])
  await bench.drain()
})

test('the far end hangs up', async () => {
  const bench = new CallingBench()
  bench.call()
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 200, { body: 'answer' })
  await bench.clock.advance(0)

  bench.peer.request('BYE', {
    headers: {
      From: '<sip:bob@127.0.0.2>;tag=peer',
      To: bench.sent.headers.get('From') ?? '',
      'Call-ID': bench.dialog.callId,
      CSeq: '7 BYE',
    },
  })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 answered answer', '0 ended bye'])
  assert.equal(bench.peer.count(200), 1)
  await bench.drain()
})

test('an ACK that can not be sent ends the dialog', async () => {
  const bench = new CallingBench()
  bench.network.fate = ({ message }) => (message.startsWith('ACK') ? { refused: true } : {})
  bench.call()
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 200, { body: 'answer' })
  await bench.clock.advance(0)

  assert.deepEqual(bench.events, ['0 answered answer', '0 ended transportError'])
  await bench.drain()
})

test('a call by a flow goes to that address and nowhere else', async () => {
  const bench = new CallingBench()
  bench.call({
    target: uri('sip:bob@phone.invalid'),
    flow: { transport: 'udp', address: '127.0.0.2', port: 5060 },
  })
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 200, { body: 'answer', headers: { Contact: '<sip:bob@phone.invalid>' } })
  await bench.clock.advance(0)

  assert.equal(bench.sent.uri, 'sip:bob@phone.invalid')
  assert.equal(bench.peer.lastRequest('ACK').uri, 'sip:bob@phone.invalid')
  await bench.hangUp()
  await bench.drain()
})

test('disposing the user agent ends a ringing call without a word', async () => {
  const bench = new CallingBench()
  bench.call()
  bench.call().cancel()
  await bench.clock.advance(0)
  bench.peer.respond(bench.sent, 180)
  await bench.clock.advance(0)

  await bench.userAgent[Symbol.asyncDispose]()

  assert.deepEqual(bench.userAgent.size, { transactions: 0, dialogs: 0 })
  assert.equal(bench.clock.pendingTimers, 0)
  await bench.clock.advance(60_000)
  assert.equal(bench.peer.count('INVITE'), 1)
})
