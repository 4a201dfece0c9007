import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Simulation, simulate } from '../../test/support/simulated-flow.ts'
import { parseCallFlow } from './parse-call-flow.ts'
import { parseCallFlowXml } from './parse-xml.ts'
import { callFlowToJson } from './serialize.ts'
import type { SimulatedLeg } from './simulate.ts'

/** Call flows as real applications send them: they parse, come back from their JSON, and do what they are meant to do. */
async function accept(input: unknown, simulation: Simulation = {}) {
  let ids = 0
  const parsed = parseCallFlow(input, { newId: () => `generated-${++ids}` })
  if ('faults' in parsed) assert.fail(JSON.stringify(parsed.faults))
  const json = JSON.parse(JSON.stringify(callFlowToJson(parsed.flow)))
  assert.deepEqual(parseCallFlow(json, { newId: () => assert.fail('every step has its id') }), parsed)
  return { json, ...(await simulate(input, { durationMs: () => 1_000, ...simulation })) }
}

const say = (payload: string, step: object = {}) => ({
  action: 'say',
  options: { payload, voice: 'female', language: 'en-GB' },
  ...step,
})

/** A leg that can do all that steps ask for, and takes note of it. */
function able(done: unknown[]) {
  return (_: SimulatedLeg) => ({
    record: async (options: object) => {
      done.push(['record', options])
      return { recording: '{"id":"rec-1","legId":"leg-1"}' }
    },
    transfer: async (options: object) => {
      done.push(['transfer', options])
      return 'bridgeEnded' as const
    },
  })
}

describe('outbound calls', () => {
  test('F1: one say, and the flow has ended', async () => {
    const { heard, end, json } = await accept({ title: 'Say message', steps: [say('Hello world')] })
    assert.deepEqual([heard, end], [['Hello world until 1000'], { cause: 'flowEnded' }])
    assert.deepEqual(json.steps[0].options, { payload: 'Hello world', language: 'en-GB', voice: 'female' })
  })

  test('F2: a message, a pause and a hangup, as the Go SDK sends them', async () => {
    const { end, endedAtMs } = await accept({
      steps: [
        { id: '1', action: 'say', options: { payload: 'Test', voice: 'male', language: 'en-US' } },
        { id: '2', action: 'pause', options: { length: '1' } },
        { id: '3', action: 'hangup' },
      ],
      record: false,
      createdAt: '0001-01-01T00:00:00Z',
      updatedAt: '0001-01-01T00:00:00Z',
    })
    assert.deepEqual([end, endedAtMs], [{ cause: 'hangupStep' }, 2_000])
  })

  test('F3: say, pause, transfer, record, with durations in nanoseconds', async () => {
    const done: unknown[] = []
    const { steps, json } = await accept(
      {
        steps: [
          { ...say('One moment'), id: 'a' },
          { id: 'b', action: 'pause', options: { length: 4 } },
          { id: 'c', action: 'transfer', options: { destination: '31612345678' } },
          {
            id: 'd',
            action: 'record',
            options: {
              maxLength: 10_000_000_000,
              timeout: 5_000_000_000,
              finishOnKey: '#',
              transcribe: true,
              transcribeLanguage: 'en-US',
              onFinish: '',
            },
          },
        ],
      },
      { extend: able(done) },
    )
    assert.deepEqual(steps, ['a completed', 'b completed', 'c completed', 'd completed'])
    const options = {
      maxLength: 10,
      timeout: 5,
      finishOnKey: '#',
      transcribe: true,
      transcribeLanguage: 'en-US',
    }
    assert.deepEqual([json.steps[3].options, done[1]], [options, ['record', options]])
  })

  test('F10: machine detection on a transfer', async () => {
    const { json } = await accept(
      {
        steps: [
          say('Hi'),
          { action: 'transfer', options: { destination: '31612345678', ifMachine: 'hangup' } },
        ],
      },
      { extend: able([]) },
    )
    assert.deepEqual(json.steps[1].options, { destination: '31612345678', ifMachine: 'hangup' })
  })

  test('F11: a call flow of the Ruby SDK is JSON in JSON', async () => {
    const { heard } = await accept(JSON.stringify({ steps: [say('Hi')] }))
    assert.deepEqual(heard, ['Hi until 1000'])
  })

  test('F12: a cap on the length of the call, with the zero values of the Java SDK', async () => {
    const { json } = await accept({
      record: false,
      default: false,
      maxDuration: 28_800,
      steps: [
        {
          action: 'say',
          options: {
            payload: 'Hi',
            language: 'en-GB',
            voice: 'male',
            repeat: 0,
            length: 0,
            maxLength: 0,
            timeout: 0,
            transcribe: false,
            machineTimeout: 0,
            duration: 0,
            interval: 0,
            mask: false,
          },
          maxNumKeys: 0,
        },
      ],
    })
    assert.equal(json.maxDuration, 28_800)
    assert.deepEqual(json.steps[0].options, { payload: 'Hi', language: 'en-GB', voice: 'male' })
  })
})

describe('forwarding', () => {
  test('F4, F13: a transfer that is recorded as a whole', async () => {
    const done: unknown[] = []
    const { json } = await accept(
      { record: true, steps: [{ action: 'transfer', options: { destination: '31612345678' } }] },
      { extend: able(done) },
    )
    assert.deepEqual([json.record, done], [true, [['transfer', { destination: '31612345678' }]]])
  })

  test('F5: transfer, then hangup, with own ids', async () => {
    const { steps, end } = await accept(
      {
        title: 'Forward call to 31612345678',
        record: true,
        steps: [
          { id: 'foo', action: 'transfer', options: { destination: '31612345678' } },
          { id: 'bar', action: 'hangup' },
        ],
      },
      { extend: able([]) },
    )
    assert.deepEqual([steps, end], [['foo completed', 'bar completed'], { cause: 'hangupStep' }])
  })

  test('F8: masked numbers, where the fetched flow is a single XML tag', async () => {
    const done: unknown[] = []
    const { requests } = await accept(
      { steps: [{ action: 'fetchCallFlow', options: { url: 'https://example.com/webhook-voice' } }] },
      {
        extend: able(done),
        answer: () => ({
          headers: { 'content-type': 'application/xml' },
          body: '<?xml version="1.0" encoding="UTF-8"?><Transfer destination="31612345678" mask="true" />',
        }),
      },
    )
    const query = new URL(requests[0]?.url ?? '').searchParams
    assert.deepEqual([query.get('source'), query.get('destination')], ['31644556677', '31612345678'])
    assert.deepEqual(done, [['transfer', { destination: '31612345678', mask: true }]])
  })

  test('F8: the apology to strangers is XML as well', () => {
    const result = parseCallFlowXml(
      '<Say language="en-GB" voice="female">Sorry, we cannot connect you.</Say>',
      {
        newId: () => 'new',
      },
    )
    assert.ok('flow' in result && result.flow.steps[0]?.action === 'say')
  })
})

describe('fetched flows', () => {
  test('F6: the hand-off of a flow builder keeps its token and its empty parameters', async () => {
    const url = 'https://flows.example.com/flow?flowId=5b1c&invocationId=&nextStepId='
    const { json, requests } = await accept(
      { steps: [{ action: 'fetchCallFlow', options: { url, token: 'c2VjcmV0==' } }] },
      { answer: () => ({ body: '{"steps":[{"action":"hangup"}]}' }) },
    )
    assert.deepEqual(json.steps[0].options, { url, token: 'c2VjcmV0==' })
    assert.ok(requests[0]?.url.startsWith(`${url}&callID=the-call`), requests[0]?.url)
  })

  test('F7: a survey: each recording is posted, and the reply is the next question', async () => {
    const question = (text: string) => ({
      steps: [
        say(text),
        {
          action: 'record',
          options: { finishOnKey: 'any', timeout: 10, onFinish: 'https://example.com/callStep' },
        },
      ],
    })
    const replies = [question('Question one'), question('Question two'), { steps: [say('Thank you')] }]
    const done: unknown[] = []
    const { heard, requests, end } = await accept(
      { steps: [{ action: 'fetchCallFlow', options: { url: 'https://example.com/callStep' } }] },
      { extend: able(done), answer: (_, count) => ({ body: JSON.stringify(replies[count - 1]) }) },
    )
    assert.deepEqual(heard, ['Question one until 1000', 'Question two until 2000', 'Thank you until 3000'])
    assert.deepEqual(
      requests.map(({ method, url, body }) => [
        method,
        new URL(url).searchParams.get('callID'),
        body && JSON.parse(body.toString()),
      ]),
      [
        ['GET', 'the-call', undefined],
        ['POST', 'the-call', { id: 'rec-1', legId: 'leg-1' }],
        ['POST', 'the-call', { id: 'rec-1', legId: 'leg-1' }],
      ],
    )
    assert.deepEqual(end, { cause: 'flowEnded' })
  })
})

test('F9: text that is not ASCII, and a recording that any key ends', async () => {
  const { heard, json } = await accept(
    {
      title: 'lock',
      steps: [
        { action: 'say', options: { payload: 'Πείτε τον κωδικό', language: 'el-GR', voice: 'female' } },
        { action: 'record', options: { finishOnKey: 'any' } },
      ],
    },
    { extend: able([]) },
  )
  assert.deepEqual(heard, ['Πείτε τον κωδικό until 1000'])
  assert.equal(json.steps[0].options.language, 'el-GR')
})

describe('F14: entering a code', () => {
  const keypress = { onKeypressGoto: 'next', onKeypressVar: 'code', endKey: '#', maxNumKeys: 8 }
  const flow = {
    steps: [
      say('Enter your code', keypress),
      { action: 'pause', options: { length: 5 }, ...keypress },
      { id: 'next', action: 'fetchCallFlow', options: { url: 'https://example.com/code' } },
    ],
  }
  const variablesAfter = async (acts: Simulation['acts']) => {
    const { requests, endedAtMs } = await accept(flow, {
      acts: acts ?? [],
      answer: () => ({ body: '{"steps":[{"action":"hangup"}]}' }),
    })
    return [new URL(requests[0]?.url ?? '').searchParams.get('variables'), endedAtMs]
  }
  const press = (...keys: [number, string][]) => keys.map(([atMs, key]) => ({ atMs, press: key }))

  test('during the prompt', async () => {
    const keys = press([500, '1'], [900, '2'], [1_500, '3'], [2_000, '4'], [2_500, '#'])
    assert.deepEqual(await variablesAfter(keys), ['{"code":"1234"}', 2_500])
  })

  test('during the pause after it', async () => {
    const keys = press([5_900, '1'], [6_500, '2'], [7_000, '3'], [7_500, '4'], [8_000, '#'])
    assert.deepEqual(await variablesAfter(keys), ['{"code":"1234"}', 8_000])
  })

  test('that is cut short by waiting', async () => {
    assert.deepEqual(await variablesAfter(press([500, '1'], [900, '2'])), ['{"code":"12"}', 5_900])
  })

  test('or none at all', async () => {
    assert.deepEqual(await variablesAfter([]), ['{}', 6_000])
  })
})

describe('F15: a menu without a server', () => {
  const when = (value: string) => ({ conditions: [{ variable: 'menu', operator: 'eq', value }] })
  const flow = {
    steps: [
      { ...say('One for sales, two for support', { onKeypressVar: 'menu' }), id: 'menu' },
      { id: 'sales', action: 'transfer', options: { destination: '31611111111' }, ...when('1') },
      { id: 'support', action: 'transfer', options: { destination: '31622222222' }, ...when('2') },
      { ...say('Goodbye'), id: 'bye' },
      { id: 'end', action: 'hangup' },
    ],
  }

  for (const [key, destination] of [
    ['1', '31611111111'],
    ['2', '31622222222'],
    ['3', undefined],
  ] as const) {
    test(`key ${key} leads to ${destination ?? 'the fallback'}`, async () => {
      const done: unknown[] = []
      const { heard } = await accept(flow, { extend: able(done), acts: [{ atMs: 300, press: key }] })
      assert.deepEqual(done, destination ? [['transfer', { destination }]] : [])
      assert.deepEqual(heard, ['One for sales, two for support (key) until 300', 'Goodbye until 1300'])
    })
  }

  test('the same menu in XML is the same flow', () => {
    const xml = `<CallFlow>
      <Say id="menu" language="en-GB" voice="female" onKeypressVar="menu">One for sales, two for support</Say>
      <If variable="menu" operator="eq" value="1"><Transfer id="sales" destination="31611111111"/></If>
      <If variable="menu" operator="eq" value="2"><Transfer id="support" destination="31622222222"/></If>
      <Say id="bye" language="en-GB" voice="female">Goodbye</Say>
      <Hangup id="end"/>
    </CallFlow>`
    const options = { newId: () => assert.fail('every step has its id') }
    assert.deepEqual(parseCallFlowXml(xml, options), parseCallFlow(flow, options))
  })
})
