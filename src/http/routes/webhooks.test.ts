import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertRefused, startTestApi } from '../../../test/support/test-api.ts'

const URL = 'https://example.com/events'

test('POST /webhooks answers 201 with exactly the webhook and what the Dart SDK needs', async () => {
  await using api = await startTestApi()
  const { status, body } = await api.send('POST', '/webhooks', {
    url: URL,
    token: 'secret',
    title: 'ignored',
  })
  const { id } = body.data[0]
  assert.equal(status, 201)
  assert.deepEqual(body, {
    data: [
      {
        id,
        url: URL,
        token: 'secret',
        events: [],
        status: 'enabled',
        createdAt: '2026-01-02T03:04:05Z',
        updatedAt: '2026-01-02T03:04:05Z',
        _links: { self: `/webhooks/${id}` },
      },
    ],
    _links: { self: `/webhooks/${id}` },
    pagination: { totalCount: 0, pageCount: 0, currentPage: 0, perPage: 0 },
  })
  assert.deepEqual((await api.send('GET', `/v1/webhooks/${id}/`)).body, body)
})

test('the list repeats its page as items and count', async () => {
  await using api = await startTestApi()
  await api.send('POST', '/webhooks', { url: `${URL}/1` })
  await api.send('POST', '/webhooks', { url: `${URL}/2` })
  const { body } = await api.send('GET', '/webhooks?perPage=1&currentPage=2')
  assert.deepEqual(
    body.data.map(({ url }: { url: string }) => url),
    [`${URL}/1`],
  )
  assert.deepEqual(body.items, body.data)
  assert.equal(body.count, 1)
  assert.deepEqual(body.pagination, { totalCount: 2, pageCount: 2, currentPage: 2, perPage: 1 })
})

for (const [what, method, change, url, token] of [
  ['a token, as Python does', 'PUT', { title: null, token: 'new' }, URL, 'new'],
  ['a URL', 'PUT', { url: 'http://example.org' }, 'http://example.org', 'old'],
  [
    "Go's whole object with an empty URL",
    'PUT',
    { id: 'x', url: '', token: 'new', createdAt: '0001-01-01T00:00:00Z' },
    URL,
    'new',
  ],
  ['nothing', 'PUT', {}, URL, 'old'],
  ["Dart's PATCH", 'PATCH', { url: 'http://example.org', token: 'new' }, 'http://example.org', 'new'],
  ['other case', 'PUT', { Url: 'http://example.org', TOKEN: 'new' }, 'http://example.org', 'new'],
  ['double encoding', 'PUT', JSON.stringify(JSON.stringify({ token: 'new' })), URL, 'new'],
] as const) {
  test(`${method} with ${what} changes only that`, async () => {
    await using api = await startTestApi()
    const created = await api.send('POST', '/webhooks', { url: URL, token: 'old' })
    await api.clock.advance(1_000)

    const { status, body } = await api.send(method, created.body._links.self, change)

    assert.equal(status, 200)
    assert.deepEqual([body.data[0].url, body.data[0].token], [url, token])
    assert.equal(body.data[0].updatedAt, '2026-01-02T03:04:06Z')
    assert.deepEqual((await api.send('GET', created.body._links.self)).body, body)
  })
}

for (const [body, code, parameter] of [
  [{}, 11, 'url'],
  [{ url: '' }, 11, 'url'],
  [{ token: 'secret' }, 11, 'url'],
  [{ url: 'example.com' }, 12, 'url'],
  [{ url: 'file:///etc/passwd' }, 12, 'url'],
  [{ url: 'https://exa mple.com' }, 12, 'url'],
  [{ url: `https://example.com/${'x'.repeat(5_000)}` }, 12, 'url'],
  [{ url: ['https://example.com'] }, 12, 'url'],
  [{ url: URL, token: 5.5 }, 12, 'token'],
  [{ url: URL, token: 'x'.repeat(256) }, 12, 'token'],
] as const) {
  test(`POST /webhooks refuses ${JSON.stringify(body).slice(0, 60)}`, async () => {
    await using api = await startTestApi()
    assertRefused(await api.send('POST', '/webhooks', body), 400, code, parameter)
    assert.equal((await api.send('GET', '/webhooks')).body.count, 0)
  })
}

test('the sixth webhook is refused with code 25; after a deletion there is room again', async () => {
  await using api = await startTestApi()
  let self = ''
  for (let count = 0; count < 5; count += 1) {
    self = (await api.send('POST', '/webhooks', { url: URL })).body._links.self
  }
  assertRefused(await api.send('POST', '/webhooks', { url: URL }), 400, 25)

  const deleted = await api.send('DELETE', self)

  assert.deepEqual([deleted.status, deleted.text], [204, ''])
  assertRefused(await api.send('DELETE', self), 404, 13)
  assert.equal((await api.send('POST', '/webhooks', { url: URL })).status, 201)
})
