import assert from 'node:assert/strict'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { testCertificate, testKey } from '../../test/support/tls.ts'
import { systemClock } from '../runtime/clock.ts'
import { HttpClientError, type HttpFailure, type HttpRequest } from '../runtime/http-client.ts'
import { type HttpClientOptions, openHttpClient } from './http-client.ts'

const never = new AbortController().signal

const local = (options: Partial<HttpClientOptions> = {}) =>
  openHttpClient({ clock: systemClock, allowLoopback: true, ...options })

function request(url: string, fields: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, timeoutMs: 5000, maxBytes: 1000, maxRedirects: 5, ...fields }
}

async function listen(server: Server | TcpServer) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    openSockets: () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count))),
    async [Symbol.asyncDispose]() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const serve = (listener: RequestListener) => listen(createServer(listener))

/** Answers with what was asked, as JSON. */
function echo(incoming: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk) => chunks.push(chunk))
  incoming.on('end', () => {
    const { method, url, headers } = incoming
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }))
  })
}

function failsWith(failure: HttpFailure, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof HttpClientError, String(error))
    assert.equal(error.failure, failure)
    assert.match(error.message, message)
    return true
  }
}

test('a GET brings status, headers and body', async () => {
  await using server = await serve((_, response) => {
    response.writeHead(418, { 'X-Kind': 'teapot', 'Set-Cookie': ['a=1', 'b=2'] }).end('short and stout')
  })
  await using client = local()

  const answer = await client.send(request(`${server.url}/pot?size=1`), never)

  assert.equal(answer.status, 418)
  assert.equal(answer.headers['x-kind'], 'teapot')
  assert.equal(answer.headers['set-cookie'], 'a=1, b=2')
  assert.equal(answer.body.toString(), 'short and stout')
})

test('a POST sends body and headers, names itself Linnet and asks for no compression', async () => {
  await using server = await serve(echo)
  await using client = local()

  const { body } = await client.send(
    request(`${server.url}/hook?a=b%20c`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: Buffer.from('{"ö":1}'),
    }),
    never,
  )

  const seen = JSON.parse(body.toString())
  assert.equal(seen.method, 'POST')
  assert.equal(seen.url, '/hook?a=b%20c')
  assert.equal(seen.body, '{"ö":1}')
  assert.equal(seen.headers['content-type'], 'application/json')
  assert.equal(seen.headers['content-length'], '8')
  assert.equal(seen.headers['user-agent'], 'Linnet')
  assert.equal(seen.headers['accept-encoding'], 'identity')
  assert.equal(seen.headers.host, `127.0.0.1:${server.port}`)
})

test('credentials in the URL become basic authentication', async () => {
  await using server = await serve(echo)
  await using client = local()

  const { body } = await client.send(request(`http://us%40er:pa%3Ass@127.0.0.1:${server.port}/`), never)

  assert.equal(
    JSON.parse(body.toString()).headers.authorization,
    `Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`,
  )
})

test('a name connects to the address that was checked, and keeps its Host header', async () => {
  await using server = await serve(echo)
  const answers = [['127.0.0.1'], ['10.0.0.1']] // a name that moves to a private address between check and use
  await using client = local({ resolveName: async () => answers.shift() ?? [] })

  const { body } = await client.send(request(`http://hooks.test:${server.port}/`), never)

  assert.equal(JSON.parse(body.toString()).headers.host, `hooks.test:${server.port}`)
  assert.equal(answers.length, 1)
})

test('localhost is reached in local mode', async () => {
  await using server = await serve(echo)
  await using client = local()

  assert.equal((await client.send(request(`http://localhost:${server.port}/`), never)).status, 200)
})

test('TLS asks for the name of the URL and checks the certificate against it', async () => {
  const names: unknown[] = []
  const tls = createTlsServer({ key: testKey, cert: testCertificate }, (incoming, response) => {
    names.push((incoming.socket as import('node:tls').TLSSocket).servername)
    response.end(incoming.headers.host)
  })
  await using server = await listen(tls)
  const resolveName = async () => ['127.0.0.1']
  await using trusting = local({ resolveName, certificateAuthorities: testCertificate })
  await using suspicious = local({ resolveName })

  const { body } = await trusting.send(request(`https://hooks.test:${server.port}/`), never)

  assert.equal(body.toString(), `hooks.test:${server.port}`)
  assert.deepEqual(names, ['hooks.test'])
  await assert.rejects(
    trusting.send(request(`https://other.test:${server.port}/`), never),
    failsWith('unreachable', /other\.test:\d+: TLS failed \(ERR_TLS_CERT_ALTNAME_INVALID\)/),
  )
  await assert.rejects(
    suspicious.send(request(`https://hooks.test:${server.port}/`), never),
    failsWith('unreachable', /TLS failed/),
  )
})

for (const host of [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '[::ffff:127.0.0.1]',
  'localhost',
]) {
  test(`outside local mode ${host} is refused and never connected to`, async () => {
    let connections = 0
    await using server = await serve(() => {})
    await using client = openHttpClient({ clock: systemClock })
    connections = await server.openSockets()

    await assert.rejects(
      client.send(request(`http://${host}:${server.port}/`), never),
      failsWith('forbiddenAddress', /is not a public address/),
    )
    assert.equal(await server.openSockets(), connections)
  })
}

test('a name is refused if one of its addresses is private', async () => {
  await using client = local({ resolveName: async () => ['127.0.0.1', '169.254.169.254'] })

  await assert.rejects(
    client.send(request('http://metadata.test/'), never),
    failsWith('forbiddenAddress', /^metadata\.test \(169\.254\.169\.254\) is not a public address$/),
  )
})

test('a redirect to a forbidden address is refused', async () => {
  await using server = await serve((_, response) =>
    response.writeHead(302, { location: 'http://10.0.0.1/' }).end(),
  )
  await using client = local()

  await assert.rejects(
    client.send(request(server.url), never),
    failsWith('forbiddenAddress', /^10\.0\.0\.1 /),
  )
})

test('only http and https URLs are fetched', async () => {
  await using client = local()

  for (const url of [
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'data:text/plain,x',
    'not a url',
    'http://',
    '/path',
  ]) {
    await assert.rejects(client.send(request(url), never), failsWith('invalidUrl', /URL/))
  }
})

test('a 303 turns a POST into a GET without body; a 307 repeats it', async () => {
  await using server = await serve((incoming, response) => {
    const status = Number(incoming.url?.slice(1))
    if (status) response.writeHead(status, { location: '/end' }).end('moved')
    else echo(incoming, response)
  })
  await using client = local()
  const post = async (status: number) => {
    const fields = {
      method: 'POST',
      body: Buffer.from('data'),
      headers: { 'content-type': 'text/plain', 'x-id': '7' },
    } as const
    return JSON.parse((await client.send(request(`${server.url}/${status}`, fields), never)).body.toString())
  }

  for (const status of [301, 302, 303]) {
    const { method, body, headers } = await post(status)
    assert.deepEqual([method, body, headers['content-type'], headers['x-id']], ['GET', '', undefined, '7'])
  }
  for (const status of [307, 308]) {
    const { method, body, headers } = await post(status)
    assert.deepEqual(
      [method, body, headers['content-type'], headers['x-id']],
      ['POST', 'data', 'text/plain', '7'],
    )
  }
})

test('credentials stay with the origin they were given for', async () => {
  await using other = await serve(echo)
  await using server = await serve((incoming, response) => {
    if (incoming.url === '/here') echo(incoming, response)
    else response.writeHead(302, { location: incoming.url === '/away' ? other.url : '/here' }).end()
  })
  await using client = local()
  const authorizationAt = async (path: string) => {
    const headers = { Authorization: 'Bearer secret', Cookie: 'a=b' }
    const { body } = await client.send(request(server.url + path, { headers }), never)
    return JSON.parse(body.toString()).headers.authorization
  }

  assert.equal(await authorizationAt('/stay'), 'Bearer secret')
  assert.equal(await authorizationAt('/away'), undefined)
})

test('redirects are followed to their limit, and not at all when it is 0', async () => {
  await using server = await serve((_, response) => response.writeHead(302, { location: '/again' }).end())
  await using client = local()

  await assert.rejects(
    client.send(request(server.url, { maxRedirects: 3 }), never),
    failsWith('tooManyRedirects', /^127\.0\.0\.1:\d+ redirects more than 3 times$/),
  )
  assert.equal((await client.send(request(server.url, { maxRedirects: 0 }), never)).status, 302)
})

test('a body that is too large ends the exchange, announced or not', async () => {
  await using server = await serve((incoming, response) => {
    if (incoming.url === '/announced') response.writeHead(200, { 'content-length': 1_000_000 })
    response.write(Buffer.alloc(900))
    response.write(Buffer.alloc(101))
  })
  await using client = local()

  for (const path of ['/announced', '/streamed']) {
    await assert.rejects(
      client.send(request(server.url + path), never),
      failsWith('tooLarge', /sent more than 1000 bytes/),
    )
  }
  while ((await server.openSockets()) > 0) await new Promise(setImmediate)
})

test('a body that is compressed although nobody asked for it is kept as it came', async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000))
  await using server = await serve((_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  )
  await using client = local()

  const { body } = await client.send(request(server.url, { maxBytes: 2000 }), never)

  assert.deepEqual(body, bomb)
})

test('the time limit covers headers, body and redirects together', async () => {
  const reached = Promise.withResolvers<void>()
  await using server = await serve((incoming, response) => {
    if (incoming.url === '/') response.writeHead(302, { location: '/slow' }).end()
    else {
      response.write('a beginning')
      reached.resolve()
    }
  })
  const clock = new FakeClock()
  await using client = local({ clock })
  const answer = assert.rejects(
    client.send(request(server.url, { timeoutMs: 10_000 }), never),
    failsWith('timeout', /^127\.0\.0\.1:\d+ did not answer within 10000 ms$/),
  )
  await reached.promise

  await clock.advance(10_000)

  await answer
  while ((await server.openSockets()) > 0) await new Promise(setImmediate)
  assert.equal(clock.pendingTimers, 0)
})

test('a name that never resolves fails at its own limit', async () => {
  const clock = new FakeClock()
  await using client = local({
    clock,
    resolveName: (_, signal) =>
      new Promise((__, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  const answer = assert.rejects(
    client.send(request('http://dead.test/', { timeoutMs: 10_000 }), never),
    failsWith('unresolvable', /^dead\.test did not resolve within 3000 ms$/),
  )

  await clock.advance(3000)

  await answer
})

test('an abort rejects with its reason and closes the connection', async () => {
  const reached = Promise.withResolvers<void>()
  await using server = await serve(() => reached.resolve())
  await using client = local()
  const hangUp = new AbortController()
  const answer = client.send(request(server.url), hangUp.signal)
  await reached.promise

  hangUp.abort(new Error('the caller hung up'))

  await assert.rejects(answer, /the caller hung up/)
  while ((await server.openSockets()) > 0) await new Promise(setImmediate)
  await assert.rejects(client.send(request(server.url), hangUp.signal), /the caller hung up/)
})

test('a refused connection, an unknown name and a broken answer are told apart', async () => {
  const closed = await serve(() => {})
  await closed[Symbol.asyncDispose]()
  await using garbage = await listen(
    createTcpServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .end('SSH-2.0-OpenSSH_9.2\r\n'),
    ),
  )
  await using cutting = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('cut')
    setImmediate(() => response.destroy())
  })
  await using client = local({
    resolveName: () => Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' })),
  })

  await assert.rejects(client.send(request(closed.url), never), failsWith('unreachable', /ECONNREFUSED/))
  await assert.rejects(
    client.send(request('http://nowhere.test/'), never),
    failsWith('unresolvable', /^nowhere\.test: .*ENOTFOUND/),
  )
  await assert.rejects(client.send(request(garbage.url), never), failsWith('brokenResponse', /not HTTP/))
  await assert.rejects(client.send(request(cutting.url), never), failsWith('brokenResponse', /broke/))
})

test('disposing closes idle connections and ends exchanges under way', async () => {
  const reached = Promise.withResolvers<void>()
  await using server = await serve((incoming, response) =>
    incoming.url === '/' ? response.end('x') : reached.resolve(),
  )
  const client = local()
  await client.send(request(server.url), never)
  const underWay = assert.rejects(
    client.send(request(`${server.url}/slow`), never),
    failsWith('unreachable', /closed/),
  )
  await reached.promise

  await client[Symbol.asyncDispose]()

  await underWay
  while ((await server.openSockets()) > 0) await new Promise(setImmediate)
  await assert.rejects(client.send(request(server.url), never), failsWith('unreachable', /127\.0\.0\.1/))
})

test('connections are used again, and no more are opened to an origin than allowed', async () => {
  const sockets = new Set<unknown>()
  await using server = await serve((incoming, response) => {
    sockets.add(incoming.socket)
    setImmediate(() => response.end('x'))
  })
  await using client = local({ connectionsPerOrigin: 2 })

  await Promise.all(Array.from({ length: 20 }, () => client.send(request(server.url), never)))

  assert.equal(sockets.size, 2)
})
