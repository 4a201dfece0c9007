import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { createHeaders } from '../headers.ts'
import type { SipSource } from '../transport.ts'
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts'
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts'
import { defaultTimers } from './timers.ts'

const source: SipSource = {
  transport: 'udp',
  address: '127.0.0.2',
  port: 5060,
  localAddress: '127.0.0.1',
  localPort: 5060,
}

function start({ reliable = false } = {}) {
  const clock = new FakeClock()
  const seen: string[] = []
  const errors: (() => void)[] = []
  const note = (what: string) => void seen.push(`${clock.now()} ${what}`)
  const peers = {
    send: (message: Buffer, onError: () => void) => {
      note(`${message}`)
      errors.push(onError)
    },
    onResponse: ({ status }: { status: number }) => note(`heard ${status}`),
    onFailure: note,
    onTerminated: () => note('terminated'),
  }
  return {
    clock,
    seen,
    peers,
    reliable,
    context: { clock, timers: defaultTimers },
    fail: () => errors.at(-1)?.(),
  }
}

function client(options?: { reliable: boolean }) {
  const setup = start(options)
  const transaction = new NonInviteClientTransaction(
    Buffer.from('BYE'),
    setup.peers,
    setup.context,
    setup.reliable,
  )
  transaction.start()
  const receive = (status: number) =>
    transaction.receive(
      { kind: 'response', status, reason: '', headers: createHeaders([]), body: Buffer.alloc(0) },
      source,
    )
  return { ...setup, transaction, receive }
}

function server(options?: { reliable: boolean }) {
  const setup = start(options)
  const transaction = new NonInviteServerTransaction(setup.peers, setup.context, setup.reliable)
  return {
    ...setup,
    transaction,
    respond: (status: number) => transaction.respond(status, Buffer.from(`${status}`)),
  }
}

test('a BYE without an answer is repeated on timer E, capped at T2, until timer F', async () => {
  const { clock, seen } = client()

  await clock.advance(40_000)

  const sent = [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500].map((at) => `${at} BYE`)
  assert.deepEqual(seen, [...sent, '32000 timeout', '32000 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('after a 100 a BYE goes on being repeated every T2, and timer F still ends it', async () => {
  const { clock, seen, receive } = client()

  receive(100)
  await clock.advance(9_000)
  assert.deepEqual(seen, ['0 BYE', '0 heard 100', '500 BYE', '4500 BYE', '8500 BYE'])
  await clock.advance(23_000)

  assert.deepEqual(seen.slice(-2), ['32000 timeout', '32000 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('a final response ends the repetitions; its repetitions are absorbed until timer K', async () => {
  const { clock, seen, receive } = client()

  await clock.advance(600)
  receive(200)
  receive(200)
  await clock.advance(5_000)

  assert.deepEqual(seen, ['0 BYE', '500 BYE', '600 heard 200', '5600 terminated'])
})

test('over a reliable transport a request is sent once and timer K is zero', async () => {
  const { clock, seen, receive } = client({ reliable: true })

  await clock.advance(10_000)
  receive(200)
  await clock.advance(0)

  assert.deepEqual(seen, ['0 BYE', '10000 heard 200', '10000 terminated'])
})

test('a transport error ends the client transaction', () => {
  const { seen, fail, clock } = client()

  fail()

  assert.deepEqual(seen, ['0 BYE', '0 transportError', '0 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('a repeated request is absorbed until there is a response, then answered again until timer J', async () => {
  const { clock, seen, transaction, respond } = server()

  transaction.receiveRequest()
  respond(200)
  transaction.receiveRequest()
  respond(500)
  await clock.advance(32_000)
  transaction.receiveRequest()

  assert.deepEqual(seen, ['0 200', '0 200', '32000 terminated'])
  assert.equal(clock.pendingTimers, 0)
})

test('a provisional response is repeated to a repeated request', () => {
  const { seen, transaction, respond } = server()

  respond(100)
  transaction.receiveRequest()

  assert.deepEqual(seen, ['0 100', '0 100'])
})

test('over a reliable transport timer J is zero', async () => {
  const { clock, seen, respond } = server({ reliable: true })

  respond(200)
  await clock.advance(0)

  assert.deepEqual(seen, ['0 200', '0 terminated'])
})

test('a server transaction outlives a transport error (RFC 6026 §8.8)', async () => {
  const { clock, seen, respond, fail } = server()

  respond(200)
  fail()
  await clock.advance(32_000)

  assert.deepEqual(seen, ['0 200', '0 transportError', '32000 terminated'])
})
