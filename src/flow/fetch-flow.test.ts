import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type ScriptedAnswer, ScriptedHttp } from '../../test/support/scripted-http.ts'
import { HttpClientError, type HttpFailure } from '../runtime/http-client.ts'
import { VirtualClock } from '../runtime/virtual-clock.ts'
import { createFlowFetcher, type FlowFetcherOptions, withQuery } from './fetch-flow.ts'

const call = { callId: 'c1', legId: 'l1', source: '31644556677', destination: '31612345678' }
const flow = { steps: [{ id: 'bye', action: 'hangup' }] }

/** Fetches one flow, with the request as given, from a scripted receiver. */
async function fetchFrom(
  answer: (count: number) => ScriptedAnswer,
  {
    url = 'https://example.com/flow',
    signal = new AbortController().signal,
    ...options
  }: Partial<FlowFetcherOptions> & { url?: string; signal?: AbortSignal } = {},
) {
  const clock = new VirtualClock()
  const http = new ScriptedHttp(clock, (_, count) => answer(count))
  const fetchFlow = createFlowFetcher({ http, clock, parse: { newId: () => 'new' }, call, ...options })
  const fetched = await clock.runUntil(
    fetchFlow({ method: 'GET', url, token: 't0k', variables: '{}' }, signal),
  )
  return { ...fetched, requests: http.requests }
}

const failure = (kind: HttpFailure) => ({ failure: new HttpClientError(kind, `example.com: ${kind}`) })

describe('the request', () => {
  test('is a GET that tells of the call, with bounds on time, size and redirects', async () => {
    const { requests } = await fetchFrom(() => ({ body: JSON.stringify(flow) }))
    assert.deepEqual(requests, [
      {
        method: 'GET',
        url: 'https://example.com/flow?callID=c1&legID=l1&source=31644556677&destination=31612345678&variables=%7B%7D',
        headers: { accept: 'application/json, application/xml' },
        timeoutMs: 10_000,
        maxBytes: 65_536,
        maxRedirects: 3,
      },
    ])
  })

  test('leaves out numbers that are not known', async () => {
    const { requests } = await fetchFrom(() => ({}), { call: { callId: 'c1', legId: 'l1' } })
    assert.equal(requests[0]?.url, 'https://example.com/flow?callID=c1&legID=l1&variables=%7B%7D')
  })

  test('carries headers that are made from its final URL', async () => {
    const { requests } = await fetchFrom(() => ({}), {
      headers: ({ url, body, token }) => ({
        'x-signed': `${new URL(url).searchParams.get('callID')} ${body} ${token}`,
      }),
    })
    assert.equal(requests[0]?.headers?.['x-signed'], 'c1  t0k')
  })
})

describe("the URL's own parameters", () => {
  for (const [url, expected] of [
    ['https://example.com', 'https://example.com/?a=1'],
    ['https://example.com/x?', 'https://example.com/x?a=1'],
    ['https://example.com/x#frag', 'https://example.com/x?a=1'],
    [
      'https://example.com/x?flowId=f%20g&invocationId=&nextStepId=',
      'https://example.com/x?flowId=f%20g&invocationId=&nextStepId=&a=1',
    ],
    ['https://example.com/x?z=1&y=2&z=3&flag', 'https://example.com/x?z=1&y=2&z=3&flag&a=1'],
    ['https://example.com/x?a=old&b=2&%61=old', 'https://example.com/x?b=2&a=1'],
  ] as const) {
    test(`stay in place: ${url}`, () => assert.equal(withQuery(url, { a: '1' }), expected))
  }

  test('values are encoded as a browser encodes forms', () => {
    assert.equal(
      withQuery('https://example.com/', { v: '{"code":"1 #*é"}', none: undefined }),
      'https://example.com/?v=%7B%22code%22%3A%221+%23*%C3%A9%22%7D',
    )
  })

  test('any value arrives as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.webUrl({ withQueryParameters: true }), (value, url) => {
        assert.equal(new URL(withQuery(url, { variables: value })).searchParams.get('variables'), value)
      }),
    )
  })
})

describe('the answer', () => {
  const xml = '<?xml version="1.0"?>\n<Hangup id="bye"/>'
  for (const [name, answer] of [
    ['JSON', { body: JSON.stringify(flow), headers: { 'content-type': 'application/json' } }],
    ['JSON without a type', { body: `\n ${JSON.stringify(flow)}` }],
    ['JSON called HTML', { body: JSON.stringify(flow), headers: { 'content-type': 'text/html' } }],
    ['JSON with a byte order mark', { body: `\ufeff${JSON.stringify(flow)}` }],
    ['a bare array of steps', { body: JSON.stringify(flow.steps) }],
    ['a flow encoded twice', { body: JSON.stringify(JSON.stringify(flow)) }],
    ['XML', { body: xml, headers: { 'content-type': 'application/xml' } }],
    ['XML called JSON', { body: xml, headers: { 'content-type': 'application/json' } }],
    ['201', { status: 201, body: JSON.stringify(flow) }],
  ] as const) {
    test(`may be ${name}`, async () => {
      const { result } = await fetchFrom(() => answer)
      assert.deepEqual('flow' in result && result.flow.steps, [{ id: 'bye', action: 'hangup', options: {} }])
    })
  }

  for (const [name, answer, expected] of [
    ['an error', { status: 404, body: JSON.stringify(flow) }, 'the answer was HTTP 404'],
    ['one redirect too many', { status: 302 }, 'the answer was HTTP 302'],
    ['nothing', { status: 204 }, 'the answer is empty'],
    ['white space', { body: ' \n' }, 'the answer is empty'],
    ['no UTF-8', { body: Buffer.from([0x7b, 0xff, 0x7d]) }, 'the answer is not UTF-8'],
    ['plain text', { body: 'OK' }, 'the answer is not a valid call flow: The body is neither JSON nor XML.'],
    ['no flow', { body: '{}' }, 'the answer is not a valid call flow: The `steps` parameter is required.'],
    [
      'an empty array',
      { body: '[]' },
      'the answer is not a valid call flow: The `steps` parameter is required.',
    ],
    [
      'a flow with faults',
      { body: '[{"action":"pause"},{}]' },
      'the answer is not a valid call flow: The `steps[0].options.length` parameter is required. (and 1 more faults)',
    ],
  ] as const) {
    test(`is refused if it is ${name}`, async () => {
      const { result, attempts } = await fetchFrom(() => answer)
      assert.deepEqual(result, { error: expected })
      assert.equal(attempts.length, 1)
      assert.equal(attempts[0]?.error, expected)
    })
  }
})

describe('no answer', () => {
  test('from a host that takes no connection: one more try, with the time that is left', async () => {
    const { result, attempts, requests } = await fetchFrom((count) =>
      count === 1
        ? { ...failure('unreachable'), afterMs: 4_000 }
        : { body: JSON.stringify(flow), afterMs: 30 },
    )
    assert.ok('flow' in result)
    assert.deepEqual(
      attempts.map(({ durationMs, status, error }) => ({ durationMs, status, error })),
      [
        { durationMs: 4_000, status: undefined, error: 'example.com: unreachable' },
        { durationMs: 30, status: 200, error: undefined },
      ],
    )
    assert.deepEqual(
      requests.map(({ timeoutMs }) => timeoutMs),
      [10_000, 6_000],
    )
  })

  test('twice is a failure', async () => {
    const { result, attempts } = await fetchFrom(() => failure('unreachable'))
    assert.deepEqual([result, attempts.length], [{ error: 'example.com: unreachable' }, 2])
  })

  for (const kind of [
    'timeout',
    'tooLarge',
    'forbiddenAddress',
    'tooManyRedirects',
    'brokenResponse',
  ] as const) {
    test(`because of ${kind} is a failure at once`, async () => {
      const { result, attempts } = await fetchFrom(() => failure(kind))
      assert.deepEqual([result, attempts.length], [{ error: `example.com: ${kind}` }, 1])
    })
  }

  test('because the leg has ended rejects with its reason', async () => {
    const signal = AbortSignal.abort(new Error('gone'))
    await assert.rejects(
      fetchFrom(() => ({ afterMs: 10 }), { signal }),
      { message: 'gone' },
    )
  })

  test('because of a defect of the client rejects with it', async () => {
    await assert.rejects(
      fetchFrom(() => {
        throw new TypeError('defect')
      }),
      TypeError,
    )
  })
})
