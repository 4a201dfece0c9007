import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { type Fate, SipNetwork } from '../../test/support/sip-network.ts'
import { countingIds } from '../../test/support/user-agent-bench.ts'
import { silentLogger } from '../runtime/logger.ts'
import { parseSipUri } from './uri.ts'
import type { Dialog, DialogHandler, IncomingInvite, OutgoingInvite, UserAgent } from './user-agent.ts'
import { createUserAgent } from './user-agent-core.ts'

/** One end that calls and is called, and notes what its handlers should never hear. */
class Party {
  readonly violations: string[] = []
  readonly reached = new Set<string>()
  readonly outgoing: OutgoingInvite[] = []
  readonly incoming: IncomingInvite[] = []
  readonly dialogs: Dialog[] = []
  readonly userAgent: UserAgent
  readonly #address: string
  #left = false
  readonly #hungUp = new Set<string>()

  constructor(clock: FakeClock, network: SipNetwork, address: string) {
    this.#address = address
    const ids = countingIds()
    this.userAgent = createUserAgent({
      transports: network.join(address, (datagram, source) => this.userAgent.receive(datagram, source)),
      onInvite: (invite) => {
        this.incoming.push(invite)
        if (this.#left) invite.reject(480, 'Temporarily Unavailable')
        this.reached.add('incoming')
        const once = this.#once('more than one of onCancel and onFailure')
        return { onCancel: once, onFailure: once }
      },
      clock,
      ids: { uuid: ids.uuid, token: (bytes) => `${address}x${ids.token(bytes)}` },
      // An exception in a handler ends here, so it must not pass unseen.
      logger: { ...silentLogger, error: (fields) => this.violations.push(`${fields['err']}`) },
    })
  }

  #once(violation: string): () => void {
    let calls = 0
    return () => {
      calls += 1
      if (calls > 1) this.violations.push(violation)
    }
  }

  call(far: string): void {
    const target = parseSipUri(`sip:far@${far}`)
    const own = parseSipUri(`sip:near@${this.#address}`)
    assert.ok(target && own)
    let settled = false
    const once = this.#once('more than one of onAnswer and onFailure')
    const settle = () => {
      settled = true
      once()
    }
    const invite = this.userAgent.invite(
      {
        target,
        from: { uri: own, parameters: new Map() },
        to: { uri: target, parameters: new Map() },
        sdp: 'offer',
      },
      {
        onProvisional: () => {
          if (settled) this.violations.push('a provisional response after the end')
        },
        onAnswer: (dialog) => {
          settle()
          this.reached.add('answered')
          this.dialogs.push(dialog)
          return this.#dialogHandler(dialog.callId)
        },
        onFailure: settle,
      },
    )
    this.outgoing.push(invite)
  }

  answer(): void {
    const invite = this.incoming.pop()
    if (invite) this.dialogs.push(invite.accept('answer', this.#dialogHandler(invite.callId)))
  }

  hangUp(dialog: Dialog | undefined): void {
    if (!dialog) return
    this.#hungUp.add(dialog.callId)
    void dialog.bye()
  }

  /** Leaves everything that is still open, and refuses what comes late. */
  leave(): void {
    this.#left = true
    for (const call of this.outgoing) call.cancel()
    for (const invite of this.incoming) invite.reject(480, 'Temporarily Unavailable')
    for (const dialog of this.dialogs) this.hangUp(dialog)
  }

  #dialogHandler(callId: string): DialogHandler {
    const once = this.#once('more than one end')
    return {
      onEnd: (how) => {
        once()
        this.reached.add(how)
        if (this.#hungUp.has(callId)) this.violations.push('told of the end after our own BYE')
      },
      onOffer: () => ({ sdp: 'answer' }),
    }
  }
}

type Step = 'call' | 'ring' | 'answer' | 'refuse' | 'cancel' | 'hangUp' | 'wait' | 'waitLong' | 'garble'

const steps = fc.array(
  fc.record({
    who: fc.boolean(),
    step: fc.constantFrom<Step>(
      'call',
      'ring',
      'answer',
      'refuse',
      'cancel',
      'hangUp',
      'wait',
      'waitLong',
      'garble',
    ),
  }),
  { minLength: 4, maxLength: 40 },
)

const fates = fc.array(
  fc.record({
    copies: fc.nat({ max: 2 }),
    delayMs: fc.constantFrom(0, 0, 40, 700, 5_000),
    refused: fc.integer({ min: 0, max: 19 }).map((die) => die === 0),
  }),
  { minLength: 1, maxLength: 40 },
)

test('whatever the network and the users do, nothing is left in the end', async () => {
  const reached = new Set<string>()
  await fc.assert(
    fc.asyncProperty(steps, fates, async (script, weather) => {
      const clock = new FakeClock()
      const network = new SipNetwork(clock)
      let datagrams = 0
      network.fate = (): Fate => weather[datagrams++ % weather.length] ?? {}
      const alice = new Party(clock, network, '127.0.0.1')
      const bob = new Party(clock, network, '127.0.0.2')

      for (const { who, step } of script) {
        const [party, far] = who ? [alice, '127.0.0.2'] : [bob, '127.0.0.1']
        perform(party, step, far)
        await clock.advance(step === 'wait' ? 600 : step === 'waitLong' ? 20_000 : 0)
      }
      alice.leave()
      bob.leave()
      await clock.advance(300_000)

      assert.deepEqual(alice.userAgent.size, { transactions: 0, dialogs: 0 })
      assert.deepEqual(bob.userAgent.size, { transactions: 0, dialogs: 0 })
      assert.equal(clock.pendingTimers, 0)
      assert.deepEqual([...alice.violations, ...bob.violations], [])
      for (const what of [...alice.reached, ...bob.reached]) reached.add(what)
    }),
    { numRuns: 300 },
  )
  for (const what of ['incoming', 'answered', 'bye'])
    assert.ok(reached.has(what), `no run got as far as ${what}`)
})

function perform(party: Party, step: Step, far: string): void {
  switch (step) {
    case 'call':
      party.call(far)
      break
    case 'ring':
      party.incoming.at(-1)?.ring(180, 'Ringing')
      break
    case 'answer':
      party.answer()
      break
    case 'refuse':
      party.incoming.at(-1)?.reject(486, 'Busy Here')
      break
    case 'cancel':
      party.outgoing.at(-1)?.cancel()
      break
    case 'hangUp':
      party.hangUp(party.dialogs.at(-1))
      break
    case 'garble':
      party.userAgent.receive(Buffer.from('INVITE sip:x SIP/2.0\r\nVia: \r\n\r\n'), {
        transport: 'udp',
        address: far,
        port: 5060,
        localAddress: '127.0.0.1',
        localPort: 5060,
      })
      break
    case 'wait':
    case 'waitLong':
      break
  }
}
