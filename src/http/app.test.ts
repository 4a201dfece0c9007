import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import {
  ACCOUNT_ID,
  assertRefused,
  LIVE_KEY,
  SAY_HELLO,
  STRANGER_KEY,
  startTestApi,
} from '../../test/support/test-api.ts'

const MISSING = '99999999-9999-4999-8999-999999999999'

for (const [authorization, why] of [
  [undefined, 'no header'],
  ['', 'an empty header'],
  [LIVE_KEY, 'no scheme'],
  [`Bearer ${LIVE_KEY}`, 'another scheme'],
  [`AccessKey ${LIVE_KEY}x`, 'a wrong key'],
  ['AccessKey', 'no key'],
  [`AccessKey ${'x'.repeat(10_000)}`, 'an endless key'],
] as const) {
  test(`401 with code 15 for ${why}`, async () => {
    await using api = await startTestApi()
    for (const url of ['/calls', '/v1/calls/', '/no/such/path', `/recordings/${MISSING}.wav`]) {
      const answer = await api.send('GET', url, undefined, { authorization })
      assertRefused(answer, 401, 15)
      assert.equal(answer.headers['www-authenticate'], 'AccessKey')
    }
  })
}

test('the scheme of the access key is case-insensitive', async () => {
  await using api = await startTestApi()
  const answer = await api.send('GET', '/calls', undefined, { authorization: `accesskey  ${LIVE_KEY} ` })
  assert.equal(answer.status, 200)
})

test('a revoked key is refused at once when another process revoked it two seconds ago', async () => {
  await using api = await startTestApi()
  const [first] = await api.repositories.accessKeys.list()
  await api.send('GET', '/calls')

  await api.repositories.accessKeys.revoke(first?.id ?? '', api.clock.now())
  await api.clock.advance(2_000)

  assertRefused(await api.send('GET', '/calls'), 401, 15)
})

for (const [version, status] of [
  ['20170314', 200],
  ['', 200],
  ['20170315', 400],
  ['2017-03-14', 400],
  ['latest', 400],
] as const) {
  test(`X-MessageBird-Version "${version}" is answered with ${status}`, async () => {
    await using api = await startTestApi()
    const answer = await api.send('GET', '/calls', undefined, { 'x-messagebird-version': version })
    assert.equal(answer.status, status)
    if (status === 400) assertRefused(answer, 400, 17)
  })
}

test('every path is served with and without /v1 and a trailing slash, without redirects', async () => {
  await using api = await startTestApi()
  const created = await api.send('POST', '/v1/call-flows/', SAY_HELLO)
  const self = created.body._links.self
  assert.match(self, /^\/call-flows\/[0-9a-f-]{36}$/)
  for (const url of [self, `${self}/`, `/v1${self}`, `/v1${self}/`, `/v1${self}/?x=y`]) {
    assert.equal((await api.send('GET', url)).body.data[0].id, created.body.data[0].id, url)
  }
})

for (const url of [
  '/',
  '/v1',
  '/v2/calls',
  '/v1/v1/calls',
  '//calls',
  '/Calls',
  '/calls/%ff',
  '/calls/../../etc/passwd',
  '/calls/..%2f..%2fetc%2fpasswd',
  `/recordings/..%2f${MISSING}.wav`,
  '/recordings/%00.wav',
  '/recordings/.wav',
  `/recordings/${MISSING}.mp3`,
  `/recordings/${MISSING}%0d%0aX-Injected:1`,
  `/calls/${'x'.repeat(5_000)}`,
  `/call-flows/' or 1=1 --`,
  '/call-flows/__proto__',
  '/webhooks/constructor',
]) {
  test(`GET ${url.slice(0, 50)} is 404 with code 13 and a JSON body`, async () => {
    await using api = await startTestApi()
    const answer = await api.send('GET', url)
    assertRefused(answer, 404, 13)
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(answer.headers['x-injected'], undefined)
  })
}

for (const [method, url, allow] of [
  ['DELETE', '/calls', 'GET, HEAD, POST'],
  ['PUT', '/call-flows', 'GET, HEAD, POST'],
  ['POST', `/call-flows/${MISSING}`, 'GET, HEAD, PUT, DELETE'],
  ['POST', `/calls/${MISSING}/legs/`, 'GET, HEAD'],
  ['OPTIONS', '/webhooks', 'GET, HEAD, POST'],
  ['PROPFIND', '/v1/webhooks', 'GET, HEAD, POST'],
  ['TRACE', `/recordings/${MISSING}`, 'GET, HEAD, DELETE'],
  ['DELETE', `/recordings/${MISSING}.wav`, 'GET, HEAD'],
] as const) {
  test(`${method} ${url} is 405 with code 12 and Allow: ${allow}`, async () => {
    await using api = await startTestApi()
    const answer = await api.send(method, url)
    assertRefused(answer, 405, 12)
    assert.equal(answer.headers['allow'], allow)
  })
}

test('HEAD answers with the headers of GET and no body', async () => {
  await using api = await startTestApi()
  const get = await api.send('GET', '/calls')
  const head = await api.send('HEAD', '/calls')
  assert.equal(head.status, 200)
  assert.equal(head.text, '')
  assert.equal(head.headers['content-length'], get.headers['content-length'])
  assert.equal((await api.send('HEAD', `/calls/${MISSING}`)).status, 404)
})

test('no Accept header is ever answered with 406', async () => {
  await using api = await startTestApi()
  for (const accept of ['application/json', 'audio/*', 'text/html;q=0', 'garbage', '']) {
    assert.equal((await api.send('GET', '/calls', undefined, { accept })).status, 200)
  }
})

test('_method replaces the verb of GET and POST, in any case, and leaves the query', async () => {
  await using api = await startTestApi()
  const created = await api.send('POST', '/call-flows', SAY_HELLO)
  const { self } = created.body._links

  const put = await api.send('POST', `${self}?_method=put`, { title: 'changed' })
  const listed = await api.send('POST', '/call-flows?_method=GET&page=1')
  const deleted = await api.send('GET', `/v1${self}/?_method=DELETE`)

  assert.equal(put.status, 200)
  assert.equal(put.body.data[0].title, 'changed')
  assert.equal(listed.body.pagination.totalCount, 1)
  assert.equal(deleted.status, 204)
})

test('_method with no known verb is a bad query parameter, and means nothing on other verbs', async () => {
  await using api = await startTestApi()
  assertRefused(await api.send('GET', '/calls?_method=BREW'), 400, 18, '_method')
  assertRefused(await api.send('POST', '/calls?_METHOD=', {}), 400, 18, '_METHOD')
  assertRefused(await api.send('DELETE', `/call-flows/${MISSING}?_method=GET`), 404, 13)
})

for (const [what, payload, contentType, status, code] of [
  ['JSON without a Content-Type', JSON.stringify(SAY_HELLO), undefined, 201],
  ['JSON called a form', JSON.stringify(SAY_HELLO), 'application/x-www-form-urlencoded', 201],
  ['JSON called garbage', JSON.stringify(SAY_HELLO), 'garbage', 201],
  ['JSON with a charset', JSON.stringify(SAY_HELLO), 'Application/JSON; charset=UTF-8', 201],
  ['JSON with a byte order mark', `\ufeff${JSON.stringify(SAY_HELLO)}`, 'application/json', 201],
  ['a string of JSON', JSON.stringify(JSON.stringify(SAY_HELLO)), 'application/json', 201],
  ['XML', '<Say language="en-GB" voice="female">Hello</Say>', 'application/xml', 201],
  ['XML without a Content-Type', '<Say language="en-GB" voice="female">Hello</Say>', undefined, 201],
  ['broken XML', '<Say', 'application/xml', 400, 16],
  ['XML called JSON', '<Hangup/>', 'application/json', 400, 16],
  ['half of a JSON', '{"steps":', 'application/json', 400, 16],
  ['a form', 'steps=1', 'application/x-www-form-urlencoded', 400, 16],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'application/json', 400, 16],
  ['a number', '7', 'application/json', 400, 12],
  ['an array', '[1]', 'application/json', 400, 12],
  ['null', 'null', 'application/json', 400, 12],
  ['nothing', '', 'application/json', 400, 11],
  ['white space', ' \n', 'application/json', 400, 11],
  ["PHP's empty object", '[]', 'application/json', 400, 11],
] as const) {
  test(`POST /call-flows with ${what} is answered with ${status}${code ? ` and code ${code}` : ''}`, async () => {
    await using api = await startTestApi()
    const answer = await api.send('POST', '/call-flows', payload, { 'content-type': contentType })
    assert.equal(answer.status, status, answer.text)
    if (code) assert.equal(answer.body.errors[0].code, code)
  })
}

test('a compressed body is refused', async () => {
  await using api = await startTestApi()
  assertRefused(await api.send('POST', '/calls', {}, { 'content-encoding': 'gzip' }), 400, 16)
})

test('a body of more than 256 KiB is refused with 413', async () => {
  await using api = await startTestApi()
  assertRefused(await api.send('POST', '/calls', Buffer.alloc(256 * 1024 + 1, 0x20)), 413, 12)
})

test('as many brackets as a body can hold are refused, and so are more; no stack overflows', async () => {
  await using api = await startTestApi()
  for (const payload of [
    '['.repeat(256 * 1024),
    `${'['.repeat(128 * 1024)}${']'.repeat(128 * 1024)}`,
    `{"callFlow":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`,
    '['.repeat(1_000_000),
    '['.repeat(1024 * 1024 + 1),
  ]) {
    for (const url of ['/calls', '/call-flows', '/webhooks', `/calls/${MISSING}`]) {
      const answer = await api.send('POST', url, payload)
      assert.ok(answer.status >= 400 && answer.status < 500, `${url}: ${answer.status}`)
    }
  }
})

test("accounts are separate: what is another account's does not exist", async () => {
  await using api = await startTestApi()
  const flow = await api.send('POST', '/call-flows', SAY_HELLO)
  const webhook = await api.send('POST', '/webhooks', { url: 'https://example.com/' })
  const stranger = { authorization: `AccessKey ${STRANGER_KEY}` }

  for (const url of [flow.body._links.self, webhook.body._links.self]) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      assertRefused(await api.send(method, url, method === 'PUT' ? {} : undefined, stranger), 404, 13)
    }
    assert.equal((await api.send('GET', url)).status, 200)
  }
  assert.equal((await api.send('GET', '/call-flows', undefined, stranger)).body.pagination.totalCount, 0)
})

test('an error that no client caused is code 21 without its details', async () => {
  await using api = await startTestApi({
    callControl: {
      originate: async () => {
        throw new Error(`secret of ${ACCOUNT_ID}`)
      },
    },
  })
  const answer = await api.send('POST', '/calls', {
    source: '31201234567',
    destination: '31612345678',
    callFlow: SAY_HELLO,
  })
  assertRefused(answer, 500, 21)
  assert.doesNotMatch(answer.text, /secret/)
})

test('with validationStatus 422, what would be 400 is 422, and nothing else changes', async () => {
  await using api = await startTestApi({ limits: { validationStatus: 422 } })
  assertRefused(await api.send('POST', '/webhooks', {}), 422, 11, 'url')
  assertRefused(await api.send('GET', '/calls?page=x'), 422, 18, 'page')
  assertRefused(await api.send('GET', `/calls/${MISSING}`), 404, 13)
})

test('/livez and /readyz need no key; /readyz is 503 before and after the server is ready', async () => {
  await using api = await startTestApi()
  const ask = async (url: string) => {
    const { status, body } = await api.send('GET', url, undefined, { authorization: undefined })
    return [status, body.status]
  }
  assert.deepEqual(await ask('/livez'), [200, 'alive'])
  assert.deepEqual(await ask('/readyz'), [200, 'ready'])
  for (const state of ['starting', 'draining'] as const) {
    api.setReadiness(state)
    assert.deepEqual(await ask('/readyz'), [503, state])
    assert.deepEqual(await ask('/livez'), [200, 'alive'])
  }
})

test('answers are not to be cached or guessed at', async () => {
  await using api = await startTestApi()
  const { headers } = await api.send('GET', '/calls')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
})

for (const [what, bytes, status] of [
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 400],
  ['too many headers', `GET /calls HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`, 431],
] as const) {
  test(`a client that sends ${what} gets ${status} in the shape of the API`, async () => {
    await using api = await startTestApi()
    const { port } = new URL(await api.app.listen({ host: '127.0.0.1', port: 0 }))
    const { promise, resolve } = Promise.withResolvers<string>()
    let received = ''
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))

    const answer = await promise

    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
    assert.equal(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).errors[0].code, 16)
  })
}
