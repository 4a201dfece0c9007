import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { createHeaders } from '../headers.ts'
import type { SipRequest } from '../message.ts'
import { InviteServerTransaction } from './invite-server-transaction.ts'
import { defaultTimers } from './timers.ts'

const ack: SipRequest = {
  kind: 'request',
  method: 'ACK',
  uri: 'sip:bob@example.com',
  headers: createHeaders([]),
  body: Buffer.alloc(0),
}

function setup({ reliable = false } = {}) {
  const clock = new FakeClock()
  const seen: string[] = []
  const errors: (() => void)[] = []
  const note = (what: string) => void seen.push(`${clock.now()} ${what}`)
  const transaction = new InviteServerTransaction(
    {
      send: (response, onError) => {
        note(`${response}`)
        errors.push(onError)
      },
      onAck: () => note('ack'),
      onFailure: note,
      onTerminated: () => note('terminated'),
    },
    { clock, timers: defaultTimers },
    reliable,
  )
  const respond = (status: number) => transaction.respond(status, Buffer.from(`${status}`))
  return { clock, seen, transaction, respond, failSending: () => errors.at(-1)?.() }
}

test('a 486 without an ACK is retransmitted on timer G, doubling up to T2, until timer H reports a timeout', async () => {
  const { clock, seen, respond } = setup()

  respond(486)
  await clock.advance(40_000)

  const resent = [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500].map((at) => `${at} 486`)
  assert.deepEqual(seen, [...resent, '32000 timeout', '32000 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('an ACK stops the retransmissions and is absorbed for T4 (timer I)', async () => {
  const { clock, seen, transaction, respond } = setup()

  respond(486)
  await clock.advance(600)
  transaction.receiveAck(ack)
  transaction.receiveAck(ack)
  await clock.advance(4_999)
  assert.equal(clock.pendingTimers, 1)
  await clock.advance(1)

  assert.deepEqual(seen, ['0 486', '500 486', '5600 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('a repeated INVITE gets the last provisional response again, and the final one after that', () => {
  const { seen, transaction, respond } = setup()

  respond(100)
  transaction.receiveInvite()
  respond(180)
  transaction.receiveInvite()
  respond(603)
  transaction.receiveInvite()

  assert.deepEqual(seen, ['0 100', '0 100', '0 180', '0 180', '0 603', '0 603'])
})

test('after a 2xx, repeated INVITEs are absorbed and an ACK goes to the transaction user until timer L (RFC 6026)', async () => {
  const { clock, seen, transaction, respond } = setup()

  respond(200)
  transaction.receiveInvite()
  transaction.receiveAck(ack)
  respond(200)
  await clock.advance(32_000)

  assert.deepEqual(seen, ['0 200', '0 ack', '0 200', '32000 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('after a final response no other one is sent', () => {
  const { seen, respond } = setup()

  respond(486)
  respond(200)
  respond(180)

  assert.deepEqual(seen, ['0 486'])
})

test('over a reliable transport a final response is sent once and the ACK terminates at once', async () => {
  const { clock, seen, transaction, respond } = setup({ reliable: true })

  respond(603)
  await clock.advance(10_000)
  transaction.receiveAck(ack)
  await clock.advance(0)

  assert.deepEqual(seen, ['0 603', '10000 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('a transport error is reported and the transaction goes on (RFC 6026 §8.8)', async () => {
  const { clock, seen, transaction, respond, failSending } = setup()

  respond(180)
  failSending()
  assert.equal(transaction.state, 'proceeding')
  respond(503)
  failSending()
  assert.equal(transaction.state, 'completed')
  transaction.receiveAck(ack)
  await clock.advance(5_000)

  assert.deepEqual(seen, ['0 180', '0 transportError', '0 503', '0 transportError', '5000 terminated'])
})

test('disposing stops every timer and answers nothing more', async () => {
  const { clock, seen, transaction, respond } = setup()

  respond(486)
  transaction[Symbol.dispose]()
  transaction[Symbol.dispose]()
  transaction.receiveInvite()
  respond(200)
  await clock.advance(40_000)

  assert.deepEqual(seen, ['0 486', '0 terminated'])
  assert.equal(clock.pendingTimers, 0)
})
