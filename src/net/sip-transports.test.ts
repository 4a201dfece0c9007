import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { freeTcpPort } from '../../test/support/free-ports.ts'
import { failOnLeaks } from '../../test/support/no-leaks.ts'
import { silentLogger } from '../runtime/logger.ts'
import type { SipListenAddress, SipSource, SipTarget, TransportName } from '../sip/transport.ts'
import { openSipTransports, SipListenError, type SipTransportsOptions } from './sip-transports.ts'

failOnLeaks()

const HOST = '127.0.0.1'
const sipMessage = (body = '') => `OPTIONS sip:a@b SIP/2.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`

interface Arrival {
  readonly text: string
  readonly source: SipSource
}

/** Transports with an inbox: `next` resolves with the next message. */
async function open(listen: readonly SipListenAddress[], options: Partial<SipTransportsOptions> = {}) {
  const clock = new FakeClock()
  const arrived: Arrival[] = []
  const waiting: ((arrival: Arrival) => void)[] = []
  const transports = await openSipTransports({
    listen,
    logger: silentLogger,
    clock,
    onMessage: (datagram, source) => {
      const arrival = { text: datagram.toString(), source }
      const first = waiting.shift()
      if (first) first(arrival)
      else arrived.push(arrival)
    },
    ...options,
  })
  const next = (): Promise<Arrival> => {
    const first = arrived.shift()
    if (first) return Promise.resolve(first)
    const { promise, resolve } = Promise.withResolvers<Arrival>()
    waiting.push(resolve)
    return promise
  }
  const targetOf = (index = 0): SipTarget => {
    const address = transports.addresses[index]
    if (!address) assert.fail('nothing is open')
    return address
  }
  return { transports, clock, next, targetOf, [Symbol.asyncDispose]: () => transports[Symbol.asyncDispose]() }
}

const on = (transport: TransportName, address = HOST): SipListenAddress => ({ transport, address, port: 0 })
const fail = (error: Error) => assert.fail(error)

async function connected(port: number): Promise<Socket> {
  const socket = connect({ host: HOST, port })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const sendFailure = (transports: Awaited<ReturnType<typeof openSipTransports>>, target: SipTarget) =>
  new Promise<Error>((resolve) => transports.send(Buffer.from(sipMessage()), target, resolve))

test('a datagram arrives with both of its addresses, and its answer goes back there', async () => {
  await using one = await open([on('udp')])
  await using other = await open([on('udp')])

  other.transports.send(Buffer.from(sipMessage('ping')), one.targetOf(), fail)
  const { text, source } = await one.next()

  assert.equal(text, sipMessage('ping'))
  assert.deepEqual(source, {
    transport: 'udp',
    address: HOST,
    port: other.targetOf().port,
    localAddress: HOST,
    localPort: one.targetOf().port,
  })
  one.transports.send(Buffer.from('back'), source, fail)
  assert.equal((await other.next()).text, 'back')
})

test('what UDP can’t send is reported to its sender and breaks nothing', async () => {
  await using one = await open([on('udp')])
  const unsendable: SipTarget[] = [
    { transport: 'udp', address: HOST, port: 0 },
    { transport: 'udp', address: 'localhost', port: 5060 },
    { transport: 'udp', address: '::1', port: 5060 },
    { transport: 'tcp', address: HOST, port: 5060 },
  ]
  for (const target of unsendable) assert.ok((await sendFailure(one.transports, target)) instanceof Error)
  const tooLong = new Promise((resolve) => one.transports.send(Buffer.alloc(70_000), one.targetOf(), resolve))
  assert.ok((await tooLong) instanceof Error)

  one.transports.send(Buffer.from('still here'), one.targetOf(), fail)
  assert.equal((await one.next()).text, 'still here')
})

test('after the end nothing is sent any more', async () => {
  const one = await open([on('udp'), on('tcp')])
  await one.transports[Symbol.asyncDispose]()
  for (const index of [0, 1]) {
    assert.match((await sendFailure(one.transports, one.targetOf(index))).message, /closed/)
  }
  await one.transports[Symbol.asyncDispose]()
})

test('TCP opens one connection to a target and uses it for all messages, both ways', async () => {
  await using one = await open([on('tcp')])
  await using other = await open([on('tcp')])

  other.transports.send(Buffer.from(sipMessage('1')), one.targetOf(), fail)
  other.transports.send(Buffer.from(sipMessage('2')), one.targetOf(), fail)
  const [first, second] = [await one.next(), await one.next()]

  assert.deepEqual([first.text, second.text], [sipMessage('1'), sipMessage('2')])
  assert.equal(first.source.connectionId, second.source.connectionId)
  assert.equal(first.source.localPort, one.targetOf().port)
  one.transports.send(Buffer.from(sipMessage('back')), first.source, fail)
  const back = await other.next()
  assert.equal(back.text, sipMessage('back'))
  assert.equal(back.source.localPort, other.targetOf().port, 'the port that others can connect to')
})

test('messages are cut out of the stream, and a keep-alive is answered', async () => {
  await using one = await open([on('tcp')])
  const socket = await connected(one.targetOf().port)

  socket.write(`${sipMessage('a')}\r\n\r\n${sipMessage('b').slice(0, 20)}`)
  assert.equal((await one.next()).text, sipMessage('a'))
  assert.equal(String((await once(socket, 'data'))[0]), '\r\n')
  socket.write(sipMessage('b').slice(20))
  assert.equal((await one.next()).text, sipMessage('b'))
  socket.destroy()
})

test('a stream that can’t be cut into messages is closed', async () => {
  await using one = await open([on('tcp')])
  const socket = await connected(one.targetOf().port)
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'close')
})

test('a refused connection is reported to every sender that waits for it', async () => {
  await using one = await open([on('tcp')])
  const target: SipTarget = { transport: 'tcp', address: HOST, port: await freeTcpPort() }
  const faults = await Promise.all([sendFailure(one.transports, target), sendFailure(one.transports, target)])
  for (const fault of faults) assert.equal((fault as NodeJS.ErrnoException).code, 'ECONNREFUSED')
})

test('a message for a connection that is gone goes by a new one', async () => {
  await using one = await open([on('tcp')])
  await using other = await open([on('tcp')])
  one.transports.send(Buffer.from(sipMessage()), { ...other.targetOf(), connectionId: 99 }, fail)
  assert.equal((await other.next()).text, sipMessage())
})

test('who connects and says nothing, or never ends a message, is cut off; a byte now and then does not help', async () => {
  await using one = await open([on('tcp')], { tcpLimits: { messageMs: 1_000, idleMs: 60_000 } })
  const { port } = one.targetOf()
  const [silent, slow, good] = [await connected(port), await connected(port), await connected(port)]
  for (const socket of [silent, slow, good]) socket.resume()
  slow.write(sipMessage())
  slow.write('OPTIONS')
  await one.next()
  await saySomething(one, good)

  await one.clock.advance(600)
  slow.write(' sip:')
  await saySomething(one, good) // by now the bytes before it have arrived
  const closed = Promise.all([once(silent, 'close'), once(slow, 'close')])
  await one.clock.advance(400)
  await closed
  assert.ok(!good.closed)
  good.destroy()
})

async function saySomething({ next }: Awaited<ReturnType<typeof open>>, socket: Socket): Promise<void> {
  socket.write(sipMessage('good'))
  assert.equal((await next()).text, sipMessage('good'))
}

async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

test('an idle connection is closed, a keep-alive keeps it', async () => {
  await using one = await open([on('tcp')], { tcpLimits: { idleMs: 10_000 } })
  const socket = await connected(one.targetOf().port)
  socket.write(sipMessage())
  await one.next()
  await one.clock.advance(8_000)
  socket.write('\r\n\r\n')
  await once(socket, 'data')
  await one.clock.advance(8_000)
  assert.ok(!socket.closed)

  const closed = once(socket, 'close')
  await one.clock.advance(2_000)
  await closed
  assert.equal(one.clock.pendingTimers, 0)
})

test('one address may hold only so many connections', async () => {
  await using one = await open([on('tcp')], { tcpLimits: { connectionsPerAddress: 2 } })
  const sockets = [await connected(one.targetOf().port), await connected(one.targetOf().port)]
  for (const socket of sockets) socket.write(sipMessage())
  await one.next()
  await one.next()

  const third = await connected(one.targetOf().port)
  await once(
    third.on('data', () => {}),
    'close',
  )
  const [first] = sockets
  first?.destroy()
  await eventually(() => one.clock.pendingTimers === 1)
  const fourth = await connected(one.targetOf().port)
  fourth.write(sipMessage('4'))
  assert.equal((await one.next()).text, sipMessage('4'))
  for (const socket of [...sockets, fourth]) socket.destroy()
})

test('a far end that does not read is cut off, and the senders hear of it', async () => {
  const server = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket))
  const sockets: Socket[] = []
  await once(server.listen(0, HOST), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') assert.fail('no port')
  await using one = await open([on('tcp')], { tcpLimits: { unsentBytes: 100_000 } })
  const target: SipTarget = { transport: 'tcp', address: HOST, port: address.port }

  const heard = new Promise<Error>((resolve) => {
    const message = Buffer.from(sipMessage('x'.repeat(60_000)))
    for (let count = 0; count < 200; count++) one.transports.send(message, target, resolve)
  })

  assert.match((await heard).message, /does not read/)
  for (const socket of sockets) socket.destroy()
  server.close()
  await once(server, 'close')
})

test('connections that come and go leave nothing behind', async () => {
  await using one = await open([on('tcp')])
  for (let round = 0; round < 20; round++) {
    const sockets = await Promise.all(Array.from({ length: 10 }, () => connected(one.targetOf().port)))
    for (const socket of sockets) socket.write(sipMessage().slice(0, round * 2))
    for (const socket of sockets) socket.resetAndDestroy()
  }
  await eventually(() => one.clock.pendingTimers === 0)
})

test('a port in use rejects with its transport, address and port, and closes what was opened before', async () => {
  await using one = await open([on('tcp'), on('udp')])
  for (const index of [0, 1]) {
    const taken = one.transports.addresses[index]
    if (!taken) assert.fail('not open')
    await assert.rejects(open([on('udp'), taken]), (error: unknown) => {
      assert.ok(error instanceof SipListenError)
      assert.match(error.message, new RegExp(`${taken.transport} 127\\.0\\.0\\.1 port ${taken.port}`))
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'EADDRINUSE')
      return true
    })
  }
})

test('what can’t be listened on is refused by name', async () => {
  await assert.rejects(open([on('wss')]), /wss is not implemented/)
  await assert.rejects(open([on('udp', 'localhost')]), /not an IP address/)
})

test('addresses resolve to themselves, names through the resolver, and what no open transport reaches to nothing', async () => {
  const resolveName = async (host: string) => {
    if (host !== 'sip.example.com') throw new Error('ENOTFOUND')
    return ['127.0.0.2', '::1', '127.0.0.3']
  }
  await using one = await open([on('udp')], { resolveName })
  const resolve = one.transports.resolve.bind(one.transports)

  assert.deepEqual(await resolve('127.0.0.9', undefined, 'udp'), [
    { transport: 'udp', address: '127.0.0.9', port: 5060 },
  ])
  assert.deepEqual(await resolve('sip.example.com', 5080, 'udp'), [
    { transport: 'udp', address: '127.0.0.2', port: 5080 },
    { transport: 'udp', address: '127.0.0.3', port: 5080 },
  ])
  assert.deepEqual(await resolve('sip.example.com', 5080, 'tcp'), [])
  assert.deepEqual(await resolve('[::1]', 5080, 'udp'), [])
  assert.deepEqual(await resolve('unknown.example.com', undefined, 'udp'), [])
  assert.deepEqual(await resolve('', undefined, 'udp'), [])
  assert.deepEqual(await resolve('a'.repeat(300), undefined, 'udp'), [])
})

test('localhost resolves without any DNS', async () => {
  await using one = await open([on('udp')])
  assert.deepEqual(await one.transports.resolve('localhost', 5062, 'udp'), [
    { transport: 'udp', address: HOST, port: 5062 },
  ])
})

test('a name that takes too long resolves to nothing', async () => {
  const resolveName = (_host: string, signal: AbortSignal) =>
    new Promise<readonly string[]>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  await using one = await open([on('udp')], { resolveName })
  const answer = one.transports.resolve('slow.example.com', undefined, 'udp')
  await one.clock.advance(4_000)
  assert.deepEqual(await answer, [])
  assert.equal(one.clock.pendingTimers, 0)
})

test('Via and Contact name an address that the far end can reach', async () => {
  await using one = await open([on('udp', '0.0.0.0'), on('udp'), on('tcp')], { publicAddress: '203.0.113.5' })
  const named = (address: string, transport: TransportName = 'udp') =>
    one.transports.localAddressFor({ transport, address, port: 5060 })

  assert.equal(named('198.51.100.1')?.address, '203.0.113.5')
  assert.equal(named('198.51.100.1')?.port, one.targetOf(0).port)
  assert.equal(named('127.0.0.1')?.address, HOST)
  assert.equal(named('127.0.0.1', 'tcp')?.port, one.targetOf(2).port)
  assert.equal(named('::1'), undefined)
  assert.equal(named('127.0.0.1', 'tls'), undefined)
})

test('a datagram that is no SIP at all arrives too: judging it is the parser’s business', async () => {
  await using one = await open([on('udp')])
  const socket = createSocket('udp4')
  socket.send(Buffer.from([0, 255, 13, 10]), one.targetOf().port, HOST)
  assert.equal((await one.next()).text.length, 4)
  socket.close()
  await once(socket, 'close')
})
