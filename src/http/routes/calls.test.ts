import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACCOUNT_ID,
  addCall,
  addRecording,
  assertRefused,
  CALL_ID,
  LEG_ID,
  RECORDING_ID,
  SAY_HELLO,
  STRANGER_KEY,
  startTestApi,
  TEST_KEY,
} from '../../../test/support/test-api.ts'
import type { CallFlow } from '../../domain/call-flow.ts'

const NOTHING = { totalCount: 0, pageCount: 0, currentPage: 0, perPage: 0 }
const CALL = { source: '31201234567', destination: '31612345678', callFlow: SAY_HELLO }

test('POST /calls answers 201 with exactly the queued call: no webhook, no duration, endedAt null', async () => {
  await using api = await startTestApi()

  const { status, body } = await api.send('POST', '/calls', {
    ...CALL,
    source: '+31201234567',
    webhook: { url: 'https://example.com/events', token: 'secret' },
  })

  const { id } = body.data[0]
  const links = { self: `/calls/${id}`, legs: `/calls/${id}/legs` }
  assert.equal(status, 201)
  assert.deepEqual(body, {
    data: [
      {
        id,
        status: 'queued',
        source: '31201234567',
        destination: '31612345678',
        createdAt: '2026-01-02T03:04:05Z',
        updatedAt: '2026-01-02T03:04:05Z',
        endedAt: null,
        _links: links,
      },
    ],
    _links: links,
    pagination: NOTHING,
  })
  assert.deepEqual(api.originated, [
    {
      accountId: ACCOUNT_ID,
      source: '31201234567',
      destination: '31612345678',
      callFlow: { record: false, steps: SAY_HELLO.steps },
      webhook: { url: 'https://example.com/events', token: 'secret' },
      test: false,
    },
  ])
})

test('a call made with a test_ key is a test', async () => {
  await using api = await startTestApi()
  await api.send('POST', '/calls', CALL, { authorization: `AccessKey ${TEST_KEY}` })
  assert.equal(api.originated[0]?.test, true)
})

for (const [what, destination, expected] of [
  ['a number', '31612345678', '31612345678'],
  ['a number with a plus', '+31612345678', '31612345678'],
  ['a number that is a JSON number', 31612345678, '31612345678'],
  ['a SIP URI', 'sip:bob@example.com:5070;transport=tcp', 'sip:bob@example.com:5070;transport=tcp'],
  ['a SIP URI with an IPv6 address', 'sip:bob@[2001:db8::1]', 'sip:bob@[2001:db8::1]'],
  ['a client', 'client:reception', 'client:reception'],
] as const) {
  test(`POST /calls calls ${what}`, async () => {
    await using api = await startTestApi()
    const { status } = await api.send('POST', '/calls', { ...CALL, destination })
    assert.equal(status, 201)
    assert.equal(api.originated[0]?.destination, expected)
  })
}

for (const destination of [
  'bob',
  'tel:+31612345678',
  'sip:example.com',
  'sip:bob@example.com?Replaces=x',
  'sip:bob@example.com\r\nX-Injected: 1',
  'sip:bob@exa mple.com',
  '<sip:bob@example.com>',
  'sip:bob:password@example.com',
  `sip:${'b'.repeat(300)}@example.com`,
  '3161234567890123',
  '٣١٦١٢٣٤٥٦٧٨',
  '+',
  { number: '31612345678' },
  ['31612345678'],
  true,
  1.5,
  -31612345678,
]) {
  test(`POST /calls refuses the destination ${JSON.stringify(destination).slice(0, 50)}`, async () => {
    await using api = await startTestApi()
    assertRefused(await api.send('POST', '/calls', { ...CALL, destination }), 400, 12, 'destination')
    assert.equal(api.originated.length, 0)
  })
}

test('POST /calls with nothing names every missing field', async () => {
  await using api = await startTestApi()
  for (const body of [{}, [], { source: '', destination: null, callFlow: {} }]) {
    const answer = await api.send('POST', '/calls', body)
    assert.equal(answer.status, 400)
    assert.deepEqual(
      answer.body.errors.map(({ code, parameter }: { code: number; parameter: string }) => [code, parameter]),
      [
        [11, 'source'],
        [11, 'destination'],
        [11, 'callFlow'],
      ],
    )
  }
})

test('faults of the call flow are named below callFlow', async () => {
  await using api = await startTestApi()
  const answer = await api.send('POST', '/calls', { ...CALL, callFlow: { steps: [{ action: 'pause' }] } })
  assertRefused(answer, 400, 11, 'callFlow.steps[0].options.length')
  assertRefused(await api.send('POST', '/calls', { ...CALL, callFlow: 7 }), 400, 12, 'callFlow')
})

for (const [what, webhook, expected] of [
  ["Java's {}", {}, undefined],
  ['null', null, undefined],
  ["Go's zero values", { url: '', token: '' }, undefined],
  ['a URL alone', { url: 'http://example.com' }, { url: 'http://example.com' }],
  ['a string of JSON', '{"URL":"http://example.com","Token":"t"}', { url: 'http://example.com', token: 't' }],
] as const) {
  test(`POST /calls with ${what} for a webhook is accepted`, async () => {
    await using api = await startTestApi()
    assert.equal((await api.send('POST', '/calls', { ...CALL, webhook })).status, 201)
    assert.deepEqual(api.originated[0]?.webhook, expected)
  })
}

for (const [webhook, code, parameter] of [
  [{ token: 'secret' }, 11, 'webhook.url'],
  [{ url: 'example.com' }, 12, 'webhook.url'],
  [{ url: 'ftp://example.com' }, 12, 'webhook.url'],
  [{ url: 'javascript:alert(1)' }, 12, 'webhook.url'],
  [{ url: 'https://example.com', token: { a: 1 } }, 12, 'webhook.token'],
  ['https://example.com', 12, 'webhook'],
  [['https://example.com'], 12, 'webhook'],
] as const) {
  test(`POST /calls refuses the webhook ${JSON.stringify(webhook)}`, async () => {
    await using api = await startTestApi()
    assertRefused(await api.send('POST', '/calls', { ...CALL, webhook }), 400, code, parameter)
  })
}

test('calls are listed newest first and read one by one, never with their webhook', async () => {
  await using api = await startTestApi()
  await addCall(api, { call: { numberId: '55555555-5555-4555-8555-555555555555' } })
  await api.send('POST', '/calls', CALL)

  const list = await api.send('GET', '/v1/calls/?page=1')
  const one = await api.send('GET', `/calls/${CALL_ID}`)

  assert.equal(list.body.pagination.totalCount, 2)
  assert.deepEqual(list.body.data[1], one.body.data[0])
  assert.equal(one.body.data[0].numberId, '55555555-5555-4555-8555-555555555555')
  assert.doesNotMatch(list.text, /webhook|errors|duration/)
})

test('a call without addresses has no keys for them', async () => {
  await using api = await startTestApi()
  const {
    source: _source,
    destination: _destination,
    ...nameless
  } = {
    source: 0,
    destination: 0,
    id: CALL_ID,
    accountId: ACCOUNT_ID,
    status: 'failed' as const,
    direction: 'incoming' as const,
    callFlow: { record: false, steps: [] },
    test: false,
    createdAt: 0,
    updatedAt: 0,
    endedAt: 999,
  }
  await api.repositories.calls.commit({ call: nameless })
  assert.deepEqual((await api.send('GET', `/calls/${CALL_ID}`)).body.data[0], {
    id: CALL_ID,
    status: 'failed',
    createdAt: '1970-01-01T00:00:00Z',
    updatedAt: '1970-01-01T00:00:00Z',
    endedAt: '1970-01-01T00:00:00Z',
    _links: { self: `/calls/${CALL_ID}`, legs: `/calls/${CALL_ID}/legs` },
  })
})

for (const status of ['failed', 'busy', 'no_answer'] as const) {
  test(`a call that is ${status} is "ended" for the C# SDK, which knows no such status`, async () => {
    await using api = await startTestApi()
    await addCall(api, { call: { status } })
    const agents = { 'user-agent': 'MessageBird/ApiClient/2.0 DotNet/3.1.0.0' }
    assert.equal((await api.send('GET', `/calls/${CALL_ID}`, undefined, agents)).body.data[0].status, 'ended')
    assert.equal(
      (await api.send('GET', '/calls?limit=20&page=0', undefined, agents)).body.data[0].status,
      'ended',
    )
    assert.equal((await api.send('GET', `/calls/${CALL_ID}`)).body.data[0].status, status)
  })
}

test('DELETE /calls/{id} hangs up and answers 204 without a body; the call stays readable as ended', async () => {
  await using api = await startTestApi()
  await addCall(api)
  const deleted = await api.send('DELETE', `/calls/${CALL_ID}`)
  assert.deepEqual([deleted.status, deleted.text], [204, ''])
  const [call] = (await api.send('GET', `/calls/${CALL_ID}`)).body.data
  assert.deepEqual([call.status, call.endedAt], ['ended', '2026-01-02T03:04:05Z'])
  assert.equal((await api.send('DELETE', `/calls/${CALL_ID}`)).status, 204)
})

test('PUT /calls/{id} hands the new flow to the call control, in both forms', async () => {
  const replaced: [string, CallFlow][] = []
  await using api = await startTestApi({
    callControl: {
      replaceFlow: async (callId, flow) => {
        replaced.push([callId, flow])
        const call = await api.repositories.calls.find(ACCOUNT_ID, callId)
        assert.ok(call)
        return call
      },
    },
  })
  await addCall(api)
  for (const body of [{ callFlow: SAY_HELLO }, SAY_HELLO, { callflow: JSON.stringify(SAY_HELLO) }]) {
    const { status, body: answer } = await api.send('PUT', `/calls/${CALL_ID}`, body)
    assert.deepEqual([status, answer.data[0].status], [200, 'ongoing'])
  }
  const flow = { record: false, steps: SAY_HELLO.steps }
  assert.deepEqual(replaced, [
    [CALL_ID, flow],
    [CALL_ID, flow],
    [CALL_ID, flow],
  ])
})

test('PUT /calls/{id} with status ended hangs up', async () => {
  await using api = await startTestApi()
  await addCall(api)
  const { status, body } = await api.send('PUT', `/calls/${CALL_ID}`, { status: 'ended' })
  assert.deepEqual([status, body.data[0].status], [200, 'ended'])
  assertRefused(await api.send('PUT', `/calls/${CALL_ID}`, { status: 'ended' }), 400, 25)
  assertRefused(await api.send('PUT', `/calls/${CALL_ID}`, SAY_HELLO), 400, 25)
})

test('PUT /calls/{id} refuses what is no flow and no end', async () => {
  await using api = await startTestApi()
  await addCall(api)
  assertRefused(await api.send('PUT', `/calls/${CALL_ID}`, {}), 400, 11, 'callFlow')
  assertRefused(await api.send('PUT', `/calls/${CALL_ID}`, { status: 'ringing' }), 400, 12, 'status')
  assertRefused(
    await api.send('PUT', `/calls/${CALL_ID}`, { steps: [{ action: 'no' }] }),
    400,
    12,
    'steps[0].action',
  )
})

test('what the engine cannot do is refused in words with code 25', async () => {
  await using api = await startTestApi()
  await addCall(api)
  for (const [method, url, body] of [
    ['PUT', `/calls/${CALL_ID}`, SAY_HELLO],
    ['POST', `/calls/${CALL_ID}/31699999999`, undefined],
    ['DELETE', `/legs/${LEG_ID}`, undefined],
    ['POST', `/legs/${LEG_ID}/hold`, undefined],
    ['POST', `/legs/${LEG_ID}/unhold`, undefined],
  ] as const) {
    const answer = await api.send(method, url, body)
    assertRefused(answer, 400, 25)
    assert.match(answer.body.errors[0].message, /can't/)
  }
})

test('legs are held, taken back, hung up and added through the call control', async () => {
  const asked: unknown[] = []
  const legOf = async (legId: string) => {
    const leg = await api.repositories.calls.findLegById(ACCOUNT_ID, legId)
    assert.ok(leg)
    return leg
  }
  await using api = await startTestApi({
    callControl: {
      hold: (callId, legId) => {
        asked.push(['hold', callId, legId])
        return legOf(legId)
      },
      unhold: (callId, legId) => {
        asked.push(['unhold', callId, legId])
        return legOf(legId)
      },
      hangUpLeg: async (callId, legId) => void asked.push(['hangUpLeg', callId, legId]),
      addLeg: (callId, destination) => {
        asked.push(['addLeg', callId, destination])
        return legOf(LEG_ID)
      },
    },
  })
  await addCall(api)

  const held = await api.send('POST', `/legs/${LEG_ID}/hold`)
  const unheld = await api.send('POST', `/v1/legs/${LEG_ID}/unhold/`)
  const hungUp = await api.send('DELETE', `/legs/${LEG_ID}`)
  const added = await api.send('POST', `/calls/${CALL_ID}/${encodeURIComponent('sip:bob@example.com')}`)

  assert.deepEqual([held.status, unheld.status, hungUp.status, added.status], [200, 200, 204, 201])
  assert.equal(held.body.data[0].id, LEG_ID)
  assert.deepEqual(asked, [
    ['hold', CALL_ID, LEG_ID],
    ['unhold', CALL_ID, LEG_ID],
    ['hangUpLeg', CALL_ID, LEG_ID],
    ['addLeg', CALL_ID, 'sip:bob@example.com'],
  ])
})

test('legs and calls that have ended are refused with code 25, unknown ones with 404', async () => {
  await using api = await startTestApi()
  await addCall(api, { call: { status: 'ended' }, leg: { status: 'hangup' } })
  assertRefused(await api.send('POST', `/legs/${LEG_ID}/hold`), 400, 25)
  assertRefused(await api.send('DELETE', `/legs/${LEG_ID}`), 400, 25)
  assertRefused(await api.send('POST', `/calls/${CALL_ID}/31699999999`), 400, 25)
  assertRefused(await api.send('POST', `/calls/${CALL_ID}/nobody`), 400, 12, 'destination')
  assertRefused(await api.send('POST', `/legs/${CALL_ID}/hold`), 404, 13)
  assertRefused(await api.send('POST', `/calls/${LEG_ID}/31699999999`), 404, 13)
})

test('GET legs shows each leg with exactly the fields of the API', async () => {
  await using api = await startTestApi()
  await addCall(api, {
    leg: { status: 'hangup', answeredAt: 1_000, endedAt: 8_400, createdAt: 0, updatedAt: 8_400 },
  })

  const list = await api.send('GET', `/calls/${CALL_ID}/legs/?page=1`)
  const one = await api.send('GET', `/calls/${CALL_ID}/legs/${LEG_ID}`)

  const leg = {
    id: LEG_ID,
    callId: CALL_ID,
    source: '31201234567',
    destination: '31612345678',
    status: 'hangup',
    direction: 'outgoing',
    cost: 0,
    currency: 'EUR',
    duration: 7,
    sipResponseCode: 200,
    createdAt: '1970-01-01T00:00:00Z',
    updatedAt: '1970-01-01T00:00:08Z',
    answeredAt: '1970-01-01T00:00:01Z',
    endedAt: '1970-01-01T00:00:08Z',
    _links: { self: `/calls/${CALL_ID}/legs/${LEG_ID}` },
  }
  assert.deepEqual(one.body, { data: [leg], _links: leg._links, pagination: NOTHING })
  assert.deepEqual(list.body, {
    data: [leg],
    _links: { self: `/calls/${CALL_ID}/legs?page=1` },
    pagination: { totalCount: 1, pageCount: 1, currentPage: 1, perPage: 10 },
  })
})

test('a SIP response code that the Java SDK lacks is left out', async () => {
  await using api = await startTestApi()
  await addCall(api, { leg: { sipResponseCode: 487 } })
  const { body } = await api.send('GET', `/calls/${CALL_ID}/legs/${LEG_ID}`)
  assert.ok(!('sipResponseCode' in body.data[0]))
})

test('a leg is read only through its own call', async () => {
  await using api = await startTestApi()
  await addCall(api)
  assertRefused(await api.send('GET', `/calls/${LEG_ID}/legs/${LEG_ID}`), 404, 13)
  assertRefused(await api.send('GET', `/calls/${CALL_ID}/legs/${CALL_ID}`), 404, 13)
  assertRefused(await api.send('GET', `/calls/${LEG_ID}/legs`), 404, 13)
})

test('the journal tells what happened, in order, page by page', async () => {
  await using api = await startTestApi()
  await addCall(api)
  await api.repositories.calls.commit({
    journal: [
      { callId: CALL_ID, sequence: 1, at: 1_234, event: { type: 'callStatus', status: 'starting' } },
      { callId: CALL_ID, sequence: 2, at: 1_999, event: { type: 'key', legId: LEG_ID, key: '5' } },
    ],
  })

  const { status, body } = await api.send('GET', `/calls/${CALL_ID}/journal`)
  const second = await api.send('GET', `/calls/${CALL_ID}/journal?perPage=1&page=2`)

  assert.equal(status, 200)
  assert.deepEqual(body, {
    data: [
      { sequence: 1, at: '1970-01-01T00:00:01.234Z', type: 'callStatus', status: 'starting' },
      { sequence: 2, at: '1970-01-01T00:00:01.999Z', type: 'key', legId: LEG_ID, key: '5' },
    ],
    _links: { self: `/calls/${CALL_ID}/journal?page=1` },
    pagination: { totalCount: 2, pageCount: 1, currentPage: 1, perPage: 100 },
  })
  assert.deepEqual(second.body.data, [body.data[1]])
  assertRefused(await api.send('GET', `/calls/${LEG_ID}/journal`), 404, 13)
})

test("Java's GET /calls/{id}?legs=&recordings= answers with the recording", async () => {
  await using api = await startTestApi()
  await addCall(api)
  await addRecording(api)
  const url = `/calls/${CALL_ID}?legs=${LEG_ID}&recordings=${RECORDING_ID}`

  const { status, body } = await api.send('GET', url)

  assert.equal(status, 200)
  assert.equal(body.data[0].id, RECORDING_ID)
  assert.equal((await api.send('GET', `/calls/${CALL_ID}?legs=${LEG_ID}`)).body.data[0].id, CALL_ID)
  assertRefused(await api.send('GET', `/calls/${CALL_ID}?legs=${LEG_ID}&recordings=${LEG_ID}`), 404, 13)
})

test("nothing of another account's call can be seen or touched", async () => {
  await using api = await startTestApi()
  await addCall(api)
  await addRecording(api)
  const stranger = { authorization: `AccessKey ${STRANGER_KEY}` }
  for (const [method, url, body] of [
    ['GET', `/calls/${CALL_ID}`, undefined],
    ['PUT', `/calls/${CALL_ID}`, SAY_HELLO],
    ['DELETE', `/calls/${CALL_ID}`, undefined],
    ['POST', `/calls/${CALL_ID}/31699999999`, undefined],
    ['GET', `/calls/${CALL_ID}/journal`, undefined],
    ['GET', `/calls/${CALL_ID}/legs`, undefined],
    ['GET', `/calls/${CALL_ID}/legs/${LEG_ID}`, undefined],
    ['DELETE', `/legs/${LEG_ID}`, undefined],
    ['POST', `/legs/${LEG_ID}/hold`, undefined],
    ['GET', `/calls/${CALL_ID}/legs/${LEG_ID}/recordings`, undefined],
    ['GET', `/calls/${CALL_ID}/legs/${LEG_ID}/recordings/${RECORDING_ID}`, undefined],
    ['GET', `/recordings/${RECORDING_ID}.wav`, undefined],
    ['DELETE', `/recordings/${RECORDING_ID}`, undefined],
    ['POST', `/recordings/${RECORDING_ID}/transcriptions`, undefined],
    ['GET', `/calls/${CALL_ID}?legs=${LEG_ID}&recordings=${RECORDING_ID}`, undefined],
  ] as const) {
    assertRefused(await api.send(method, url, body, stranger), 404, 13)
  }
  assert.equal((await api.send('GET', `/calls/${CALL_ID}`)).body.data[0].status, 'ongoing')
  assert.ok(api.files.has(RECORDING_ID))
})
