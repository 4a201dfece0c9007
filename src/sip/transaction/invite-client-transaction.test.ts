import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { createHeaders } from '../headers.ts'
import type { SipResponse } from '../message.ts'
import type { SipSource } from '../transport.ts'
import { InviteClientTransaction } from './invite-client-transaction.ts'
import { defaultTimers } from './timers.ts'

const source: SipSource = {
  transport: 'udp',
  address: '127.0.0.2',
  port: 5060,
  localAddress: '127.0.0.1',
  localPort: 5060,
}

function response(status: number): SipResponse {
  return { kind: 'response', status, reason: '', headers: createHeaders([]), body: Buffer.alloc(0) }
}

function setup({ reliable = false } = {}) {
  const clock = new FakeClock()
  const seen: string[] = []
  const errors: (() => void)[] = []
  const note = (what: string) => void seen.push(`${clock.now()} ${what}`)
  const transaction = new InviteClientTransaction(
    Buffer.from('INVITE'),
    {
      send: (message, onError) => {
        note(`${message}`)
        errors.push(onError)
      },
      createAck: ({ status }) => Buffer.from(`ACK of ${status}`),
      onResponse: ({ status }) => note(`heard ${status}`),
      onFailure: note,
      onTerminated: () => note('terminated'),
    },
    { clock, timers: defaultTimers },
    reliable,
  )
  transaction.start()
  const receive = (status: number) => transaction.receive(response(status), source)
  return { clock, seen, transaction, receive, failSending: () => errors.at(-1)?.() }
}

test('an INVITE without an answer is repeated on timer A, doubling without a cap, until timer B', async () => {
  const { clock, seen } = setup()

  await clock.advance(40_000)

  const sent = [0, 500, 1500, 3500, 7500, 15500, 31500].map((at) => `${at} INVITE`)
  assert.deepEqual(seen, [...sent, '32000 timeout', '32000 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('over a reliable transport the INVITE is sent once and timer B still ends it', async () => {
  const { clock, seen } = setup({ reliable: true })

  await clock.advance(40_000)

  assert.deepEqual(seen, ['0 INVITE', '32000 timeout', '32000 terminated'])
})

test('a provisional response stops the repetitions and lets it ring for ever', async () => {
  const { clock, seen, receive } = setup()

  receive(100)
  await clock.advance(100_000)
  receive(180)

  assert.deepEqual(seen, ['0 INVITE', '0 heard 100', '100000 heard 180'])
  assert.equal(clock.pendingTimers, 0)
})

test('a refusal is acknowledged each time it comes, reported once, and forgotten on timer D', async () => {
  const { clock, seen, receive } = setup()

  receive(486)
  receive(486)
  receive(180)
  await clock.advance(31_999)
  receive(486)
  await clock.advance(1)

  assert.deepEqual(seen, [
    '0 INVITE',
    '0 ACK of 486',
    '0 heard 486',
    '0 ACK of 486',
    '31999 ACK of 486',
    '32000 terminated',
  ])
  assert.equal(clock.pendingTimers, 0)
})

test('over a reliable transport timer D is zero', async () => {
  const { clock, seen, receive } = setup({ reliable: true })

  receive(404)
  await clock.advance(0)

  assert.deepEqual(seen, ['0 INVITE', '0 ACK of 404', '0 heard 404', '0 terminated'])
})

test('every 2xx reaches the transaction user until timer M (RFC 6026)', async () => {
  const { clock, seen, receive } = setup()

  receive(200)
  receive(200)
  receive(486)
  await clock.advance(32_000)
  receive(200)

  assert.deepEqual(seen, ['0 INVITE', '0 heard 200', '0 heard 200', '32000 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('a transport error ends it while calling, and when the ACK does not leave', () => {
  const calling = setup()
  calling.failSending()
  assert.deepEqual(calling.seen, ['0 INVITE', '0 transportError', '0 terminated'])
  assert.equal(calling.clock.pendingTimers, 0)

  const refused = setup()
  refused.receive(486)
  refused.failSending()
  assert.deepEqual(refused.seen.slice(-2), ['0 transportError', '0 terminated'])
  assert.equal(refused.clock.pendingTimers, 0)
})
