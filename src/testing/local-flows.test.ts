import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { VirtualClock } from '../runtime/virtual-clock.ts'
import { type LocalFlows, type LocalRequest, openLocalFlows } from './local-flows.ts'

const never = new AbortController().signal
const limits = { timeoutMs: 1_000, maxBytes: 100, maxRedirects: 0 }

async function fetchFrom(flows: LocalFlows, url: string): Promise<string> {
  const { body } = await openLocalFlows(flows, new VirtualClock()).send(
    { method: 'GET', url, ...limits },
    never,
  )
  return body.toString()
}

test('a URL stands for itself with any query, and for what lies below it', async () => {
  const flows = {
    'https://example.com/a': 'at a',
    'https://example.com/a/b/': 'at b',
    'https://other.example': 'other',
  }
  for (const [url, expected] of [
    ['https://example.com/a', 'at a'],
    ['https://EXAMPLE.com:443/a?callID=1#x', 'at a'],
    ['https://example.com/a/c', 'at a'],
    ['https://example.com/a/b/c', 'at b'],
    ['https://other.example/anything', 'other'],
  ] as const) {
    assert.equal(await fetchFrom(flows, url), expected)
  }
})

test('what no flow is given for fails with a sentence', async () => {
  for (const url of ['https://example.com/ab', 'http://example.com/a', 'https://example.com/']) {
    await assert.rejects(fetchFrom({ 'https://example.com/a': 'at a' }, url), {
      name: 'HttpClientError',
      failure: 'forbiddenAddress',
      message: `no flow is given for ${url}, and nothing is fetched from the network`,
    })
  }
})

test('objects are sent as JSON, and too large a flow is refused as a server would', async () => {
  assert.equal(await fetchFrom({ 'https://a.example': { steps: [] } }, 'https://a.example/'), '{"steps":[]}')
  await assert.rejects(fetchFrom({ 'https://a.example': 'x'.repeat(101) }, 'https://a.example/'), {
    failure: 'tooLarge',
  })
})

test('a function gets the request with its variables, and may take its time while the clock stands still', async () => {
  const clock = new VirtualClock()
  const requests: LocalRequest[] = []
  const answer = async (request: LocalRequest) => {
    requests.push(request)
    await new Promise((resolve) => setImmediate(resolve))
    return { title: request.variables['code'] ?? 'none' }
  }
  const http = openLocalFlows({ 'https://a.example/done': answer }, clock)
  const url = 'https://a.example/done?variables=%7B%22code%22%3A%2242%22%7D'
  const sent = http.send({ method: 'POST', url, body: Buffer.from('{"id":"r"}'), ...limits }, never)
  clock.after(5, () => undefined)

  const { body } = await clock.runUntil(sent)

  assert.equal(body.toString(), '{"title":"42"}')
  assert.deepEqual(requests, [{ method: 'POST', url, variables: { code: '42' }, body: '{"id":"r"}' }])
  assert.equal(clock.now(), 0)
})

test('a key that is no URL is refused at once', () => {
  for (const url of ['', 'example.com/a', 'ftp://example.com/', 'https://']) {
    assert.throws(() => openLocalFlows({ [url]: 'flow' }, new VirtualClock()), RangeError)
  }
})
