import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACCOUNT_ID,
  assertRefused,
  SAY_HELLO,
  STRANGER_KEY,
  startTestApi,
} from '../../../test/support/test-api.ts'
import { openRepositories } from '../../storage/open-repositories.ts'
import { openSqlite } from '../../storage/sqlite-database.ts'

const NOTHING = { totalCount: 0, pageCount: 0, currentPage: 0, perPage: 0 }
const FIRST_ID = '00000000-0000-4000-8000-000000000001'

test('POST /call-flows answers 201 with exactly the flow, its links twice, and no key `errors`', async () => {
  await using api = await startTestApi()

  const { status, body } = await api.send('POST', '/call-flows', {
    title: 'Greeting',
    record: true,
    maxDuration: 28800,
    ...SAY_HELLO,
  })

  assert.equal(status, 201)
  const flow = {
    id: FIRST_ID,
    title: 'Greeting',
    record: true,
    default: false,
    maxDuration: 28800,
    steps: [
      { id: 'hello', action: 'say', options: { payload: 'Hello', language: 'en-GB', voice: 'female' } },
    ],
    createdAt: '2026-01-02T03:04:05Z',
    updatedAt: '2026-01-02T03:04:05Z',
    _links: { self: `/call-flows/${FIRST_ID}` },
  }
  assert.deepEqual(body, { data: [flow], _links: flow._links, pagination: NOTHING })
})

test('a flow without title has no title in the answer', async () => {
  await using api = await startTestApi()
  const { body } = await api.send('POST', '/call-flows', { ...SAY_HELLO, title: '' })
  assert.ok(!('title' in body.data[0]))
})

test('steps without id get one; ids of clients stay', async () => {
  await using api = await startTestApi()
  const { body } = await api.send('POST', '/call-flows', {
    steps: [
      { action: 'pause', options: { length: 1 } },
      { id: 'my end', action: 'hangup' },
    ],
  })
  const [pause, end] = body.data[0].steps
  assert.match(pause.id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(end, { id: 'my end', action: 'hangup' })
})

test('every fault of a flow is named with its field', async () => {
  await using api = await startTestApi()

  const answer = await api.send('POST', '/call-flows', {
    steps: [
      { action: 'say', options: { payload: 'Hi', language: 'xx-xx', voice: 'loud' } },
      { action: 'dance' },
      { action: 'pause' },
    ],
  })

  assert.equal(answer.status, 400)
  assert.deepEqual(
    answer.body.errors.map(({ code, parameter }: { code: number; parameter: string }) => [code, parameter]),
    [
      [12, 'steps[0].options.language'],
      [12, 'steps[0].options.voice'],
      [12, 'steps[1].action'],
      [11, 'steps[2].options.length'],
    ],
  )
})

test('a language without a voice here is refused when the flow is saved', async () => {
  await using api = await startTestApi()
  const answer = await api.send('POST', '/call-flows', {
    steps: [{ action: 'say', options: { payload: 'x', language: 'th-TH', voice: 'male' } }],
  })
  assertRefused(answer, 400, 25, 'steps[0].options.language')
})

test('lists are pages, newest first, each item with its own links; past the end there is an empty page', async () => {
  await using api = await startTestApi()
  for (let count = 0; count < 12; count += 1)
    await api.send('POST', '/call-flows', { title: `${count}`, ...SAY_HELLO })

  const first = await api.send('GET', '/call-flows')
  const second = await api.send('GET', '/v1/call-flows/?page=2')
  const beyond = await api.send('GET', '/call-flows?page=3')

  assert.equal(first.body.data.length, 10)
  assert.equal(first.body.data[0].title, '11')
  assert.equal(first.body.data[0]._links.self, `/call-flows/${first.body.data[0].id}`)
  assert.deepEqual(first.body.pagination, { totalCount: 12, pageCount: 2, currentPage: 1, perPage: 10 })
  assert.deepEqual(first.body._links, { self: '/call-flows?page=1' })
  assert.deepEqual(
    second.body.data.map(({ title }: { title: string }) => title),
    ['1', '0'],
  )
  assert.deepEqual([beyond.status, beyond.body.data], [200, []])
  assert.deepEqual(beyond.body.pagination, { totalCount: 12, pageCount: 2, currentPage: 3, perPage: 10 })
})

test('GET /call-flows/{id} answers as the creation did, also for an id in capitals', async () => {
  await using api = await startTestApi()
  const created = await api.send('POST', '/call-flows', SAY_HELLO)
  const { id } = created.body.data[0]
  assert.deepEqual((await api.send('GET', `/call-flows/${id}`)).body, created.body)
  assert.deepEqual((await api.send('GET', `/call-flows/${id.toUpperCase()}`)).body, created.body)
})

for (const [what, change, expected] of [
  ['a title', { title: 'new' }, { title: 'new', record: true, steps: 1 }],
  [
    'steps',
    { steps: [{ action: 'hangup' }, { action: 'hangup' }] },
    { title: 'old', record: true, steps: 2 },
  ],
  ['record: false', { record: false }, { title: 'old', record: false, steps: 1 }],
  ["PHP's []", [], { title: 'old', record: true, steps: 1 }],
  ['nulls', { title: null, steps: null, record: null }, { title: 'old', record: true, steps: 1 }],
  [
    'ids and times of the client',
    { id: 'x', createdAt: '0001-01-01T00:00:00Z' },
    { title: 'old', record: true, steps: 1 },
  ],
] as const) {
  test(`PUT with ${what} keeps everything else`, async () => {
    await using api = await startTestApi()
    const created = await api.send('POST', '/call-flows', { title: 'old', record: true, ...SAY_HELLO })
    await api.clock.advance(60_000)

    const { status, body } = await api.send('PUT', created.body._links.self, change)

    const [flow] = body.data
    assert.equal(status, 200)
    assert.deepEqual({ title: flow.title, record: flow.record, steps: flow.steps.length }, expected)
    assert.equal(flow.id, created.body.data[0].id)
    assert.equal(flow.createdAt, '2026-01-02T03:04:05Z')
    assert.equal(flow.updatedAt, '2026-01-02T03:05:05Z')
    assert.deepEqual((await api.send('GET', created.body._links.self)).body, body)
  })
}

test('PUT with XML replaces the steps', async () => {
  await using api = await startTestApi()
  const created = await api.send('POST', '/call-flows', SAY_HELLO)
  const { status, body } = await api.send('PUT', created.body._links.self, '<Hangup/>', {
    'content-type': 'text/xml',
  })
  assert.equal(status, 200)
  assert.deepEqual(
    body.data[0].steps.map(({ action }: { action: string }) => action),
    ['hangup'],
  )
})

test('a new default flow takes that flag from its predecessor', async () => {
  await using api = await startTestApi()
  const first = await api.send('POST', '/call-flows', { ...SAY_HELLO, default: true })
  const second = await api.send('POST', '/call-flows', { ...SAY_HELLO, default: true })
  assert.equal((await api.send('GET', first.body._links.self)).body.data[0].default, false)
  assert.equal((await api.send('GET', second.body._links.self)).body.data[0].default, true)
})

test('DELETE answers 204 without a body; then the flow is gone', async () => {
  await using api = await startTestApi()
  const { body } = await api.send('POST', '/call-flows', SAY_HELLO)
  const deleted = await api.send('DELETE', body._links.self, undefined, {
    'content-type': 'application/x-www-form-urlencoded',
  })
  assert.deepEqual([deleted.status, deleted.text], [204, ''])
  assertRefused(await api.send('GET', body._links.self), 404, 13)
  assertRefused(await api.send('DELETE', body._links.self), 404, 13)
})

async function withFlow() {
  const api = await startTestApi()
  const { body } = await api.send('POST', '/call-flows', SAY_HELLO)
  const flowId: string = body.data[0].id
  const numbersOf = async (id: string) =>
    (await api.send('GET', `/call-flows/${id}/numbers`)).body.data
      .map(({ number }: { number: string }) => number)
      .sort()
  return { api, flowId, path: `/call-flows/${flowId}/numbers`, numbersOf }
}

test('POST numbers answers 201 with exactly the numbers, without plus, each once', async () => {
  const { api, flowId, path } = await withFlow()
  await using _api = api
  const { status, body } = await api.send('POST', path, {
    numbers: ['+31611111111', '31611111111', 31622222222],
  })
  assert.equal(status, 201)
  assert.deepEqual(
    body.data.map(({ number }: { number: string }) => number),
    ['31611111111', '31622222222'],
  )
  assert.deepEqual(body.data[0], {
    id: body.data[0].id,
    number: '31611111111',
    callFlowId: flowId,
    createdAt: '2026-01-02T03:04:05Z',
    updatedAt: '2026-01-02T03:04:05Z',
    _links: { self: `/numbers/${body.data[0].id}` },
  })
  assert.equal(body.pagination.totalCount, 2)
  assert.deepEqual((await api.send('GET', `/numbers/${body.data[0].id}`)).body.data, [body.data[0]])
  assert.deepEqual((await api.send('GET', '/numbers/+31611111111')).body.data, [body.data[0]])
})

for (const [database, open] of [
  ['memory', undefined],
  ['SQLite', () => openSqlite({ path: ':memory:' })],
] as const) {
  test(`PUT numbers in ${database} gives back the numbers of all assignments before it`, async () => {
    await using opened = await open?.()
    await using api = await startTestApi(opened ? { repositories: openRepositories(opened) } : {})
    const path = `${(await api.send('POST', '/call-flows', SAY_HELLO)).body._links.self}/numbers`
    await api.send('PUT', path, { numbers: ['31611111111', '31622222222'] })
    await api.send('POST', path, { numbers: ['31611111111', '31633333333'] })

    const { body } = await api.send('PUT', path, { numbers: ['31611111111', '31644444444'] })

    const { body: listed } = await api.send('GET', path)
    const numbersIn = (page: { data: { number: string }[] }) => page.data.map(({ number }) => number).sort()
    assert.deepEqual(numbersIn(body), ['31611111111', '31644444444'])
    assert.deepEqual(numbersIn(listed), ['31611111111', '31644444444'])
  })
}

test('PUT numbers replaces the set; a number moves from one flow to another and keeps its id', async () => {
  const { api, flowId, path, numbersOf } = await withFlow()
  await using _api = api
  const before = await api.send('POST', path, { numbers: ['31611111111', '31622222222'] })
  const other = await api.send('POST', '/call-flows', SAY_HELLO)
  const otherId = other.body.data[0].id

  const replaced = await api.send('PUT', path, { numbers: ['31622222222', '31633333333'] })
  const moved = await api.send('POST', `/call-flows/${otherId}/numbers`, { numbers: ['31622222222'] })

  assert.equal(replaced.status, 200)
  assert.deepEqual(await numbersOf(flowId), ['31633333333'])
  assert.deepEqual(await numbersOf(otherId), ['31622222222'])
  assert.equal(moved.body.data[0].id, before.body.data[1].id)
})

test('PUT numbers with an empty list takes all numbers from the flow; without a list it is refused', async () => {
  const { api, flowId, path, numbersOf } = await withFlow()
  await using _api = api
  await api.send('POST', path, { numbers: ['31611111111', '31622222222'] })

  for (const body of [{}, { numbers: null }, { numbers: '' }]) {
    assertRefused(await api.send('PUT', path, body), 400, 11, 'numbers')
  }
  assert.equal((await numbersOf(flowId)).length, 2)

  const emptied = await api.send('PUT', path, { numbers: [] })

  assert.equal(emptied.status, 200)
  assert.deepEqual(emptied.body.data, [])
  assert.deepEqual(await numbersOf(flowId), [])
  assertRefused(await api.send('GET', '/numbers/31611111111'), 404, 13)
})

for (const [what, body, code, parameter] of [
  ['no numbers', {}, 11, 'numbers'],
  ['an empty list', { numbers: [] }, 11, 'numbers'],
  ['a word', { numbers: ['31611111111', 'five'] }, 12, 'numbers[1]'],
  ['an object', { numbers: { a: 1 } }, 12, 'numbers[0]'],
  ['a fraction', { numbers: [1.5] }, 12, 'numbers[0]'],
  ['too many', { numbers: Array.from({ length: 101 }, (_, index) => `3160000${index}`) }, 12, 'numbers'],
] as const) {
  test(`POST numbers with ${what} is refused and changes nothing`, async () => {
    const { api, flowId, path, numbersOf } = await withFlow()
    await using _api = api
    assertRefused(await api.send('POST', path, body), 400, code, parameter)
    assert.deepEqual(await numbersOf(flowId), [])
  })
}

test('a number of another account is refused with 403, and none of the others is assigned', async () => {
  const { api, flowId, path, numbersOf } = await withFlow()
  await using _api = api
  const stranger = { authorization: `AccessKey ${STRANGER_KEY}` }
  const theirs = await api.send('POST', '/call-flows', SAY_HELLO, stranger)
  await api.send('POST', `${theirs.body._links.self}/numbers`, { numbers: ['31699999999'] }, stranger)

  assertRefused(await api.send('POST', path, { numbers: ['31611111111', '31699999999'] }), 403, 14, 'numbers')
  assertRefused(await api.send('POST', '/numbers/31699999999/call-flow', SAY_HELLO), 403, 14, 'numbers')

  assert.deepEqual(await numbersOf(flowId), [])
  assert.equal((await api.send('GET', '/call-flows')).body.pagination.totalCount, 1)
  assertRefused(await api.send('GET', '/numbers/31699999999'), 404, 13)
})

test('deleting a flow gives back its numbers', async () => {
  const { api, flowId, path } = await withFlow()
  await using _api = api
  await api.send('POST', path, { numbers: ['31611111111'] })
  await api.send('DELETE', `/call-flows/${flowId}`)
  assertRefused(await api.send('GET', '/numbers/31611111111'), 404, 13)
})

test('POST /numbers/{number}/call-flow makes a flow that answers this number', async () => {
  await using api = await startTestApi()
  const { status, body } = await api.send('POST', '/numbers/+31611111111/call-flow', {
    title: 'Lock',
    ...SAY_HELLO,
  })
  assert.equal(status, 201)
  assert.equal(body.data[0].title, 'Lock')
  const number = await api.repositories.numbers.find(ACCOUNT_ID, '31611111111')
  assert.equal(number?.callFlowId, body.data[0].id)
  assertRefused(await api.send('POST', '/numbers/lock/call-flow', SAY_HELLO), 400, 12, 'number')
  assertRefused(await api.send('POST', '/numbers/31611111112/call-flow', {}), 400, 11, 'steps')
})
