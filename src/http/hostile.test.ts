import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addCall,
  addRecording,
  addTranscription,
  CALL_ID,
  LEG_ID,
  RECORDING_ID,
  SAY_HELLO,
  startTestApi,
  TRANSCRIPTION_ID,
} from '../../test/support/test-api.ts'

const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND')

const id = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(CALL_ID, LEG_ID, RECORDING_ID, TRANSCRIPTION_ID) },
  fc.uuid(),
  fc.string({ maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom('..', '%2e%2e', '%00', '%', '%E0%A4%A', '__proto__', "'", '"><script>', '+31612345678'),
)
const segment = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('calls', 'legs', 'recordings', 'transcriptions', 'call-flows', 'webhooks'),
  },
  fc.constantFrom('numbers', 'call-flow', 'journal', 'hold', 'unhold', 'v1', '', 'docs', 'openapi.json'),
)
const suffix = fc.constantFrom('', '/', '.wav', '.txt', '.', ';a=b')
const query = fc.oneof(
  fc.constant(''),
  fc.constantFrom(
    '?page=0',
    '?page=99999',
    '?perPage=-1',
    '?offset=-7&limit=3',
    '?page=x',
    '?page[]=1',
    '?&&=&',
  ),
  fc.constantFrom(
    '?_method=PUT',
    '?_method=delete',
    '?_method=',
    '?_method=%',
    '?__proto__=1',
    '?legs=1&recordings=2',
  ),
  fc.string({ maxLength: 30 }).map((text) => `?${encodeURI(text.toWellFormed())}`),
)
const path = fc
  .tuple(
    fc.array(fc.tuple(segment, id), { minLength: 1, maxLength: 4 }),
    fc.option(segment, { nil: '' }),
    suffix,
    query,
  )
  .map(
    ([pairs, last, end, parameters]) => `/${pairs.flat().join('/')}${last && `/${last}`}${end}${parameters}`,
  )

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    '1e999',
    [],
    {},
    [[]],
    'ended',
    '31612345678',
    SAY_HELLO,
    SAY_HELLO.steps,
  ),
  fc.constantFrom('"{\\"a\\":', '{"steps":[]}', 'https://example.com', '\u0000', '\ud800', 'en-US'),
)
const fields = fc.dictionary(
  fc.constantFrom(
    ...[
      'source',
      'destination',
      'callFlow',
      'callflow',
      'webhook',
      'url',
      'token',
      'title',
      'record',
      'default',
      'steps',
    ],
    ...[
      'maxDuration',
      'numbers',
      'language',
      'status',
      'id',
      '__proto__',
      'constructor',
      'toString',
      'action',
      'options',
    ],
  ),
  value,
)
const body = fc.oneof(
  fields.map((object) => JSON.stringify(object)),
  fields.map((object) => JSON.stringify(JSON.stringify(object))),
  fc
    .record({ callFlow: fields, source: value, destination: value, webhook: fields })
    .map((object) => JSON.stringify(object)),
  fc.json(),
  fc.string(),
  fc.constantFrom(
    '<Say',
    '<If><If><If>',
    '<!DOCTYPE x [<!ENTITY a "b">]><Say>&a;</Say>',
    '\ufeff',
    '{"a":1e999}',
  ),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
)
const headers = fc.record(
  {
    'content-type': fc.oneof(
      fc.constantFrom(
        'application/json',
        'application/xml',
        'text/plain',
        'multipart/form-data',
        ';',
        '/',
        '',
      ),
      fc.string({ maxLength: 20 }).map(latin),
    ),
    accept: fc.string({ maxLength: 20 }).map(latin),
    'user-agent': fc.constantFrom('', 'DotNet/', 'x'),
    'x-messagebird-version': fc.constantFrom('20170314', 'x', ''),
    'content-encoding': fc.constantFrom('identity', 'gzip', ''),
    range: fc.constant('bytes=0-1'),
    expect: fc.constantFrom('', '100-continue'),
  },
  { requiredKeys: [] },
)

function latin(text: string): string {
  return text.replaceAll(/[^ -~]/g, '')
}

test('nothing that a client sends makes a 500, an empty error, or an answer that the documents lack', async () => {
  await using api = await startTestApi({ limits: { requestBurst: 1e9 } })
  await addCall(api)
  await addRecording(api)
  await addTranscription(api)

  await fc.assert(
    fc.asyncProperty(methods, path, body, headers, async (method, url, payload, sent) => {
      const answer = await api.send(method, url, payload, sent)
      assert.ok(answer.status < 500, `${method} ${url} → ${answer.status} ${answer.text}`)
      if (answer.status >= 400 && method !== 'HEAD') assert.ok(answer.body.errors.length > 0)
      if (answer.status < 300 && answer.body) assert.ok(!('errors' in answer.body))
      if (answer.status === 204) assert.equal(answer.text, '')
    }),
    { numRuns: 3_000 },
  )
})

test('every write endpoint survives every field holding every kind of value', async () => {
  await using api = await startTestApi({ limits: { requestBurst: 1e9 } })
  await addCall(api)
  await addRecording(api)
  const flow = (await api.send('POST', '/call-flows', SAY_HELLO)).body._links.self
  const webhook = (await api.send('POST', '/webhooks', { url: 'https://example.com' })).body._links.self
  const targets = fc.constantFrom(
    ...[
      ['POST', '/call-flows'],
      ['PUT', flow],
      ['POST', `${flow}/numbers`],
      ['PUT', `${flow}/numbers`],
    ],
    ...[
      ['POST', '/calls'],
      ['PUT', `/calls/${CALL_ID}`],
      ['POST', '/webhooks'],
      ['PUT', webhook],
      ['PATCH', webhook],
    ],
    ...[
      ['POST', `/recordings/${RECORDING_ID}/transcriptions`],
      ['POST', '/numbers/31612345678/call-flow'],
    ],
  )

  await fc.assert(
    fc.asyncProperty(targets, body, async ([method = '', url = ''], payload) => {
      const answer = await api.send(method, url, payload)
      assert.ok(
        [200, 201, 400, 403].includes(answer.status),
        `${method} ${url} → ${answer.status} ${answer.text}`,
      )
    }),
    { numRuns: 3_000 },
  )
})
