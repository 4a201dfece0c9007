import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { SipNetwork } from '../../test/support/sip-network.ts'
import { systemIds } from '../runtime/ids.ts'
import { silentLogger } from '../runtime/logger.ts'
import type { TransportName } from './transport.ts'
import { parseSipUri } from './uri.ts'
import type { Dialog, DialogHandler, IncomingInvite, UserAgent } from './user-agent.ts'
import { createUserAgent } from './user-agent-core.ts'

/** Two user agents of ours: `caller` calls `callee`. */
class Pair {
  readonly clock = new FakeClock()
  readonly network = new SipNetwork(this.clock)
  readonly events: string[] = []
  readonly invites: IncomingInvite[] = []
  readonly sent: string[] = []
  readonly caller: UserAgent
  readonly callee: UserAgent
  callerDialog: Dialog | undefined
  readonly #transport: TransportName

  constructor(transport: TransportName = 'udp') {
    this.#transport = transport
    this.caller = this.#userAgent('127.0.0.1')
    this.callee = this.#userAgent('127.0.0.2')
    this.network.fate = ({ message }) => {
      this.sent.push(message.slice(0, message.indexOf(' sip:') + 1 || message.indexOf('\r')).trim())
      return {}
    }
  }

  call() {
    const parameter = this.#transport === 'udp' ? '' : `;transport=${this.#transport}`
    const target = parseSipUri(`sip:bob@127.0.0.2${parameter}`)
    assert.ok(target)
    const address = { uri: target, parameters: new Map() }
    return this.caller.invite(
      { target, from: address, to: address, sdp: 'offer' },
      {
        onProvisional: (status) => this.note(`caller hears ${status}`),
        onAnswer: (dialog, sdp) => {
          this.note(`caller hears ${sdp}`)
          this.callerDialog = dialog
          return this.handler('caller')
        },
        onFailure: ({ status }) => this.note(`caller fails ${status}`),
      },
    )
  }

  handler(who: string): DialogHandler {
    return { onEnd: (how) => this.note(`${who} ends ${how}`), onOffer: () => ({ sdp: 'again' }) }
  }

  note(what: string): void {
    this.events.push(what)
  }

  get invite(): IncomingInvite {
    const [invite] = this.invites
    assert.ok(invite)
    return invite
  }

  async drain(): Promise<void> {
    await this.clock.advance(200_000)
    assert.deepEqual(this.caller.size, { transactions: 0, dialogs: 0 })
    assert.deepEqual(this.callee.size, { transactions: 0, dialogs: 0 })
    assert.equal(this.clock.pendingTimers, 0)
  }

  #userAgent(address: string): UserAgent {
    const userAgent = createUserAgent({
      transports: this.network.join(
        address,
        (datagram, source) => userAgent.receive(datagram, source),
        this.#transport,
      ),
      onInvite: (invite) => {
        this.invites.push(invite)
        return { onCancel: () => this.note('callee canceled'), onFailure: (why) => this.note(why) }
      },
      clock: this.clock,
      ids: systemIds,
      logger: silentLogger,
    })
    return userAgent
  }
}

test('a whole call takes seven messages when none is lost', async () => {
  const pair = new Pair()

  pair.call()
  await pair.clock.advance(0)
  pair.invite.ring(180, 'Ringing')
  await pair.clock.advance(1_000)
  pair.invite.accept('answer', pair.handler('callee'))
  await pair.clock.advance(10_000)
  await Promise.all([pair.callerDialog?.bye(), pair.clock.advance(0)])

  assert.deepEqual(pair.sent, [
    'INVITE',
    'SIP/2.0 100 Trying',
    'SIP/2.0 180 Ringing',
    'SIP/2.0 200 OK',
    'ACK',
    'BYE',
    'SIP/2.0 200 OK',
  ])
  assert.deepEqual(pair.events, ['caller hears 180', 'caller hears answer', 'callee ends bye'])
  await pair.drain()
})

test('over TCP nothing is repeated and finished transactions are gone at once', async () => {
  const pair = new Pair('tcp')

  pair.call()
  await pair.clock.advance(5_000)
  pair.invite.accept('answer', pair.handler('callee'))
  await pair.clock.advance(5_000)
  await Promise.all([pair.callerDialog?.bye(), pair.clock.advance(0)])
  await pair.clock.advance(0)

  assert.equal(pair.sent.length, 6)
  // What is left is RFC 6026's: both INVITE transactions absorb stray 2xx and INVITEs until timers L and M.
  assert.equal(pair.caller.size.transactions, 1)
  assert.equal(pair.callee.size.transactions, 1)
  await pair.drain()
})

for (const lost of ['INVITE', 'SIP/2.0 100', 'SIP/2.0 200', 'ACK', 'BYE']) {
  test(`a call survives the loss of every first ${lost}`, async () => {
    const pair = new Pair()
    const seen = new Set<string>()
    pair.network.fate = ({ message, from }) => {
      const cseq = /CSeq: [^\r]+/.exec(message)?.[0]
      const isFirst = message.startsWith(lost) && !seen.has(`${from} ${cseq}`)
      if (isFirst) seen.add(`${from} ${cseq}`)
      return { copies: isFirst ? 0 : 1 }
    }

    pair.call()
    await pair.clock.advance(600)
    pair.invite.accept('answer', pair.handler('callee'))
    await pair.clock.advance(5_000)
    await Promise.all([pair.callerDialog?.bye(), pair.clock.advance(5_000)])

    assert.deepEqual(pair.events, ['caller hears answer', 'callee ends bye'])
    assert.equal(pair.invites.length, 1)
    await pair.drain()
  })
}

test('duplicated and late datagrams make one call, not two', async () => {
  const pair = new Pair()
  let count = 0
  pair.network.fate = () => {
    count += 1
    return { copies: 2, delayMs: (count * 137) % 400 }
  }

  pair.call()
  await pair.clock.advance(1_000)
  pair.invite.accept('answer', pair.handler('callee'))
  await pair.clock.advance(5_000)
  await Promise.all([pair.callerDialog?.bye(), pair.clock.advance(5_000)])

  assert.equal(pair.invites.length, 1)
  assert.deepEqual(pair.events, ['caller hears answer', 'callee ends bye'])
  await pair.drain()
})

test('both hang up at once', async () => {
  const pair = new Pair()
  pair.call()
  await pair.clock.advance(0)
  const calleeDialog = pair.invite.accept('answer', pair.handler('callee'))
  await pair.clock.advance(1_000)
  pair.network.fate = ({ message }) => {
    pair.sent.push(message.slice(0, message.startsWith('BYE') ? 3 : 14))
    return { delayMs: 50 }
  }

  await Promise.all([pair.callerDialog?.bye(), calleeDialog.bye(), pair.clock.advance(100)])

  assert.deepEqual(pair.events, ['caller hears answer'])
  assert.deepEqual(pair.sent.slice(-4), ['BYE', 'BYE', 'SIP/2.0 200 OK', 'SIP/2.0 200 OK'])
  await pair.drain()
})

test('a BYE that has not left yet stays here when the far end was faster', async () => {
  const pair = new Pair()
  pair.call()
  await pair.clock.advance(0)
  const calleeDialog = pair.invite.accept('answer', pair.handler('callee'))
  await pair.clock.advance(1_000)

  await Promise.all([pair.callerDialog?.bye(), calleeDialog.bye(), pair.clock.advance(0)])

  assert.deepEqual(pair.sent.slice(-2), ['BYE', 'SIP/2.0 200 OK'])
  await pair.drain()
})

test('the caller gives up while it rings', async () => {
  const pair = new Pair()
  const call = pair.call()
  await pair.clock.advance(0)
  pair.invite.ring(180, 'Ringing')
  await pair.clock.advance(1_000)

  call.cancel()
  await pair.clock.advance(0)

  assert.deepEqual(pair.events, ['caller hears 180', 'callee canceled', 'caller fails 487'])
  await pair.drain()
})

test('CANCEL and 200 that cross end in a call that is hung up at once', async () => {
  const pair = new Pair()
  const call = pair.call()
  await pair.clock.advance(0)
  pair.network.fate = () => ({ delayMs: 100 })

  call.cancel()
  pair.invite.accept('answer', pair.handler('callee'))
  await pair.clock.advance(2_000)

  assert.deepEqual(pair.events, ['caller fails 487', 'callee ends bye'])
  await pair.drain()
})
