import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Simulation, simulate } from '../../test/support/simulated-flow.ts'
import { PromptError } from '../domain/speech.ts'

const options = { language: 'en-gb', voice: 'female' }
/** A prompt of 1,000 ms (the simulated voice takes 60 ms a character; the tests set 100). */
const say = (id: string, payload: string, step: object = {}) => ({
  id,
  action: 'say',
  options: { ...options, payload },
  ...step,
})
const pause = (id: string, length: number, step: object = {}) => ({
  id,
  action: 'pause',
  options: { length },
  ...step,
})
const hangup = (id: string) => ({ id, action: 'hangup' })

/** Every prompt lasts 1 s. */
const run = (steps: unknown[], simulation: Simulation = {}) =>
  simulate(steps, { durationMs: () => 1_000, ...simulation })

const press = (...keys: [atMs: number, key: string][]) => ({
  acts: keys.map(([atMs, key]) => ({ atMs, press: key })),
})

describe('steps in a row', () => {
  test('run in order, and running out of them is the end', async () => {
    const { heard, end, endedAtMs, events } = await run([say('a', 'One'), pause('b', 2), say('c', 'Two')])

    assert.deepEqual(heard, ['One until 1000', 'Two until 4000'])
    assert.deepEqual([end, endedAtMs], [{ cause: 'flowEnded' }, 4_000])
    assert.deepEqual(events, [
      { type: 'stepStarted', stepId: 'a', action: 'say' },
      { type: 'stepEnded', stepId: 'a', outcome: 'completed' },
      { type: 'stepStarted', stepId: 'b', action: 'pause' },
      { type: 'stepEnded', stepId: 'b', outcome: 'completed' },
      { type: 'stepStarted', stepId: 'c', action: 'say' },
      { type: 'stepEnded', stepId: 'c', outcome: 'completed' },
      { type: 'flowEnded' },
    ])
  })

  test('a hangup step ends the flow before its last step', async () => {
    const { heard, end } = await run([say('a', 'One'), hangup('b'), say('c', 'Two')])
    assert.deepEqual([heard, end], [['One until 1000'], { cause: 'hangupStep' }])
  })

  test('repeat says it again, and several files play in a row', async () => {
    const media = ['https://example.com/1.wav', 'https://example.com/2.wav']
    const { heard } = await run([
      { id: 'a', action: 'say', options: { ...options, payload: 'Hi', repeat: 3 } },
      { id: 'b', action: 'play', options: { media } },
    ])
    assert.deepEqual(heard, [
      'Hi until 1000',
      'Hi until 2000',
      'Hi until 3000',
      'https://example.com/1.wav until 4000',
      'https://example.com/2.wav until 5000',
    ])
  })

  test('a prompt that cannot be had fails, and the flow goes on', async () => {
    const { events, steps, heard } = await run([say('a', 'Bad'), say('b', 'Good')], {
      durationMs: ({ say: request }) => {
        if (request?.payload === 'Bad') throw new PromptError('no voice for it')
        return 1_000
      },
    })
    assert.deepEqual(steps, ['a failed', 'b completed'])
    assert.deepEqual(events[1], {
      type: 'stepEnded',
      stepId: 'a',
      outcome: 'failed',
      detail: 'no voice for it',
    })
    assert.deepEqual(heard, ['Good until 1000'])
  })

  test('what the leg cannot do is unsupported, and the flow goes on', async () => {
    const { steps, heard } = await run([
      { id: 'a', action: 'record', options: { onFinish: 'https://example.com/' } },
      { id: 'b', action: 'transfer', options: { destination: '31612345678' } },
      { id: 'c', action: 'sendKeys', options: { keys: '1' } },
      say('d', 'Bye'),
    ])
    assert.deepEqual(steps, ['a unsupported', 'b unsupported', 'c unsupported', 'd completed'])
    assert.deepEqual(heard, ['Bye until 1000'])
  })

  test('a leg that breaks its contract is a defect, and its error comes out', async () => {
    const durationMs = () => {
      throw new TypeError('defect')
    }
    await assert.rejects(run([say('a', 'x', { onKeypressVar: 'v' })], { durationMs }), TypeError)
  })
})

describe('a leg that can do more', () => {
  test('transfers, and goes on after the bridge and after a failure alike', async () => {
    const ends = ['bridgeEnded', 'busy'] as const
    let calls = 0
    const { events, heard } = await run(
      [
        { id: 'a', action: 'transfer', options: { destination: '31612345678' } },
        { id: 'b', action: 'transfer', options: { destination: '31612345679' } },
        say('c', 'Bye'),
      ],
      { extend: () => ({ transfer: async () => ends[calls++] }) },
    )
    const ended = events.filter((e) => e.type === 'stepEnded')
    assert.deepEqual(ended.slice(0, 2), [
      { type: 'stepEnded', stepId: 'a', outcome: 'completed' },
      { type: 'stepEnded', stepId: 'b', outcome: 'failed', detail: 'the destination: busy' },
    ])
    assert.deepEqual(heard, ['Bye until 1000'])
  })

  test('sends keys with the default times', async () => {
    const sent: object[] = []
    await run([{ action: 'sendKeys', options: { keys: '12', interval: 200 } }], {
      extend: () => ({ sendKeys: async (tones: object) => void sent.push(tones) }),
    })
    assert.deepEqual(sent, [{ keys: '12', durationMs: 100, intervalMs: 200 }])
  })

  test('records, posts the recording to onFinish and runs the flow that it answers', async () => {
    const { requests, heard, events } = await run(
      [
        { id: 'a', action: 'record', options: { onFinish: 'https://example.com/done' } },
        say('b', 'never heard'),
      ],
      {
        extend: () => ({ record: async () => ({ recording: '{"id":"r"}' }) }),
        answer: () => ({ body: JSON.stringify({ steps: [say('c', 'Thanks')] }) }),
      },
    )
    const [request] = requests
    assert.equal(request?.method, 'POST')
    assert.equal(request?.body?.toString(), '{"id":"r"}')
    assert.equal(request?.headers?.['content-type'], 'application/json')
    assert.match(request?.url ?? '', /^https:\/\/example\.com\/done\?callID=the-call&/)
    assert.deepEqual(heard, ['Thanks until 1000'])
    assert.ok(events.some((e) => e.type === 'flowStarted' && e.from === 'onFinish' && e.steps === 1))
  })

  test('records without onFinish and goes on', async () => {
    const { steps } = await run([{ id: 'a', action: 'record' }], {
      extend: () => ({ record: async () => ({ recording: '{}' }) }),
    })
    assert.deepEqual(steps, ['a completed'])
  })
})

describe('keys', () => {
  const goto = { onKeypressGoto: 'end' }

  test('a key cuts a prompt short and jumps', async () => {
    const { heard, steps, gathered } = await run(
      [say('menu', 'Press', goto), say('x', 'no'), hangup('end')],
      press([400, '2']),
    )
    assert.deepEqual(heard, ['Press (key) until 400'])
    assert.deepEqual(steps, ['menu interrupted', 'end completed'])
    assert.deepEqual(gathered, ['menu 2'])
  })

  test('without a key the flow goes on as soon as the prompt has ended', async () => {
    const { heard, gathered } = await run([say('menu', 'Press', goto), say('end', 'Bye')])
    assert.deepEqual([heard, gathered], [['Press until 1000', 'Bye until 2000'], []])
  })

  test('a step that gathers nothing is not cut, and its keys wait for one that does', async () => {
    const { heard, gathered } = await run(
      [say('a', 'Welcome'), say('b', 'Press', { onKeypressVar: 'v' }), say('c', 'Bye')],
      press([400, '7']),
    )
    assert.deepEqual(heard, ['Welcome until 1000', 'Bye until 2000'])
    assert.deepEqual(gathered, ['b 7'])
  })

  test('endKey and maxNumKeys mean nothing without a variable or a step to jump to', async () => {
    const { heard, keysLeft } = await run([say('a', 'Hi', { endKey: '#', maxNumKeys: 2 })], press([400, '#']))
    assert.deepEqual([heard, keysLeft], [['Hi until 1000'], 1])
  })

  for (const [name, step, keys, expected] of [
    [
      'one key is enough by default',
      {},
      [
        [100, '1'],
        [200, '2'],
      ],
      ['1', 100],
    ],
    [
      'maxNumKeys completes the gathering',
      { maxNumKeys: 3 },
      [
        [100, '1'],
        [200, '2'],
        [900, '3'],
        [950, '4'],
      ],
      ['123', 900],
    ],
    [
      'the end key completes it and is left out',
      { maxNumKeys: 8, endKey: '#' },
      [
        [100, '1'],
        [5_000, '2'],
        [9_000, '#'],
      ],
      ['12', 9_000],
    ],
    [
      'with an end key only, there is no limit',
      { endKey: '*' },
      [
        [100, '1'],
        [200, '2'],
        [300, '3'],
        [400, '*'],
      ],
      ['123', 400],
    ],
    [
      'gathering goes on after the prompt, until 5 s have passed without a key',
      { maxNumKeys: 4 },
      [
        [900, '1'],
        [5_899, '2'],
      ],
      ['12', 10_899],
    ],
    [
      'a step may set that time',
      { maxNumKeys: 4, timeout: 2 },
      [
        [900, '1'],
        [2_899, '2'],
        [5_000, '3'],
      ],
      ['12', 4_899],
    ],
    ['an end key alone counts as a press', { endKey: '#' }, [[300, '#']], ['', 300]],
    [
      'type-ahead is taken at once',
      { maxNumKeys: 2 },
      [
        [0, '1'],
        [0, '2'],
      ],
      ['12', 0],
    ],
    ['a timeout also waits for the first key after the prompt', { timeout: 3 }, [[3_500, '5']], ['5', 3_500]],
  ] as const) {
    test(`say: ${name}`, async () => {
      const { events, endedAtMs } = await run(
        [say('ask', 'Code', { onKeypressVar: 'code', ...step })],
        press(...(keys as unknown as [number, string][])),
      )
      const [text, atMs] = expected
      assert.deepEqual(
        events.filter((e) => e.type === 'keysGathered'),
        [{ type: 'keysGathered', stepId: 'ask', keys: text, variable: 'code' }],
      )
      assert.equal(endedAtMs, atMs)
    })
  }

  test('a timeout without a key ends 3 s after the prompt, with nothing gathered', async () => {
    const { gathered, endedAtMs } = await run([say('ask', 'Code', { onKeypressVar: 'code', timeout: 3 })])
    assert.deepEqual([gathered, endedAtMs], [[], 4_000])
  })

  test('a key between two repeats, or between two files, ends the playing', async () => {
    const media = ['https://example.com/1.wav', 'https://example.com/2.wav']
    const play = { id: 'a', action: 'play', options: { media }, onKeypressVar: 'v' }
    const { heard, steps } = await run([play], press([1_500, '1']))
    assert.deepEqual(heard, [
      'https://example.com/1.wav until 1000',
      'https://example.com/2.wav (key) until 1500',
    ])
    assert.deepEqual(steps, ['a interrupted'])
  })

  test('a key that comes before the first sound stops a leg that only then starts to play', async () => {
    const { steps, gathered, endedAtMs } = await run([say('ask', 'Code', { onKeypressVar: 'v' })], {
      ...press([400, '3']),
      // The sound is rendered for a minute, and this leg hears of keys only while it plays.
      extend: () => ({
        say: (_: unknown, __: unknown, signal: AbortSignal) =>
          new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      }),
    })
    assert.deepEqual([steps, gathered, endedAtMs], [['ask interrupted'], ['ask 3'], 400])
  })

  test('keys are still gathered after a prompt that failed', async () => {
    const durationMs = () => {
      throw new PromptError('no voice')
    }
    const ask = say('ask', 'x', { onKeypressVar: 'v', timeout: 3 })
    const { steps, gathered } = await run([ask], { durationMs, ...press([500, '4']) })
    assert.deepEqual([steps, gathered], [['ask failed'], ['ask 4']])
  })

  test('a pause with keypress fields waits its length for the first key', async () => {
    const wait = pause('wait', 5, { onKeypressVar: 'code', onKeypressGoto: 'end', maxNumKeys: 2 })
    const none = await run([wait, say('x', 'Late'), hangup('end')])
    assert.deepEqual([none.heard, none.gathered], [['Late until 6000'], []])

    const some = await run([wait, say('x', 'no'), hangup('end')], press([4_999, '1'], [8_000, '2']))
    assert.deepEqual([some.heard, some.gathered, some.endedAtMs], [[], ['wait 12'], 8_000])
    assert.deepEqual(some.steps, ['wait interrupted', 'end completed'])
  })
})

describe('conditions', () => {
  test('choose the steps that run by what was gathered', async () => {
    const when = (value: string) => ({ conditions: [{ variable: 'choice', operator: 'eq', value }] })
    const flow = [
      say('menu', 'Choose', { onKeypressVar: 'choice' }),
      say('one', 'First', when('1')),
      say('two', 'Second', when('2')),
      say('none', 'Nothing', when('')),
    ]
    assert.deepEqual((await run(flow, press([500, '2']))).steps, [
      'menu interrupted',
      'one skipped',
      'two completed',
      'none skipped',
    ])
    assert.deepEqual((await run(flow)).steps, [
      'menu completed',
      'one skipped',
      'two skipped',
      'none completed',
    ])
  })
})

describe('the far end hangs up', () => {
  test('during a prompt: the step is interrupted, and nothing is reported after it', async () => {
    const { end, events, endedAtMs } = await run([say('a', 'x'), say('b', 'y')], {
      acts: [{ atMs: 300, hangUp: true }],
    })
    assert.deepEqual([end, endedAtMs], [{ cause: 'hungUp' }, 300])
    assert.deepEqual(events, [
      { type: 'stepStarted', stepId: 'a', action: 'say' },
      { type: 'stepEnded', stepId: 'a', outcome: 'interrupted', detail: 'the far end hung up' },
      { type: 'flowEnded', detail: 'the far end hung up' },
    ])
  })

  for (const [name, step] of [
    ['a pause', pause('a', 9)],
    ['a wait for keys', pause('a', 9, { onKeypressVar: 'v' })],
    ['a prompt that keys would cut', say('a', 'x', { onKeypressVar: 'v' })],
    ['a fetch', { id: 'a', action: 'fetchCallFlow', options: { url: 'https://example.com/' } }],
  ] as const) {
    test(`during ${name}: the flow ends at once`, async () => {
      const { end, endedAtMs, steps } = await run([step], {
        acts: [{ atMs: 300, hangUp: true }],
        answer: () => ({ afterMs: 5_000 }),
      })
      assert.deepEqual([end, endedAtMs, steps], [{ cause: 'hungUp' }, 300, ['a interrupted']])
    })
  }
})

describe('fetched flows', () => {
  const fetch = (id: string) => ({
    id,
    action: 'fetchCallFlow',
    options: { url: 'https://example.com/flow' },
  })

  test('take the place of what is left, and keep the variables', async () => {
    const flow = [say('ask', 'Code', { onKeypressVar: 'code' }), fetch('get'), say('x', 'never')]
    const next = {
      steps: [say('b', 'Right', { conditions: [{ variable: 'code', operator: 'eq', value: '1' }] })],
    }
    const { heard, events, requests } = await run(flow, {
      ...press([200, '1']),
      answer: () => ({ body: JSON.stringify(next), afterMs: 80 }),
    })
    assert.deepEqual(heard, ['Code (key) until 200', 'Right until 1280'])
    assert.equal(new URL(requests[0]?.url ?? '').searchParams.get('variables'), '{"code":"1"}')
    assert.deepEqual(events.slice(3, 7), [
      { type: 'stepStarted', stepId: 'get', action: 'fetchCallFlow' },
      { type: 'fetch', stepId: 'get', url: requests[0]?.url, durationMs: 80, status: 200 },
      { type: 'stepEnded', stepId: 'get', outcome: 'completed' },
      { type: 'flowStarted', steps: 1, from: 'fetch' },
    ])
  })

  test('that cannot be had end the flow, and say why', async () => {
    const { end, steps, events } = await run([fetch('get'), say('x', 'never')], {
      answer: () => ({ status: 500 }),
    })
    assert.deepEqual(end, { cause: 'fetchFailed', detail: 'the answer was HTTP 500' })
    assert.deepEqual(steps, ['get failed'])
    assert.deepEqual(events.at(-1), { type: 'flowEnded', detail: 'the answer was HTTP 500' })
  })

  test('that only fetch the next end after 100', async () => {
    const { end, requests } = await run([fetch('get')], {
      answer: () => ({ body: JSON.stringify([fetch('get')]) }),
    })
    assert.deepEqual(end, { cause: 'budget', detail: 'the flow fetched more than 100 flows in a row' })
    assert.equal(requests.length, 101)
  })

  test('that wait a second each may go on for as long as the steps last', async () => {
    const { end, requests, endedAtMs } = await run([fetch('get')], {
      answer: () => ({ body: JSON.stringify([pause('p', 1), fetch('get')]) }),
    })
    assert.deepEqual(end, { cause: 'budget', detail: 'the flow ran more than 10000 steps' })
    assert.deepEqual([requests.length, endedAtMs], [5_000, 5_000_000])
  })
})

describe('budgets', () => {
  test('end a flow that runs in circles', async () => {
    const circle = pause('p', 1, { onKeypressGoto: 'p' })
    const acts = Array.from({ length: 60 }, (_, index) => ({ atMs: index * 10, press: '1' }))
    const budgets = { maxSteps: 50, maxFetchesInARow: 5 }
    const { end, steps } = await run([circle], { acts, budgets })
    assert.deepEqual(end, { cause: 'budget', detail: 'the flow ran more than 50 steps' })
    assert.equal(steps.length, 50)
  })

  test('a flow that never waits lets timers run in between', async () => {
    const skipped = Array.from({ length: 150 }, (_, index) =>
      say(`s${index}`, 'x', { conditions: [{ variable: 'v', operator: 'eq', value: '1' }] }),
    )
    const { end, steps } = await run(skipped, { acts: [{ atMs: 0, hangUp: true }] })
    assert.equal(end.cause, 'hungUp')
    assert.ok(steps.length <= 100, String(steps.length))
  })
})

describe('any flow, whatever is pressed', () => {
  const ids = ['a', 'b', 'c', 'd']
  const keypress = fc.record(
    {
      onKeypressVar: fc.constantFrom('v', 'w'),
      onKeypressGoto: fc.constantFrom(...ids),
      endKey: fc.constantFrom('#', '1'),
      maxNumKeys: fc.integer({ min: 1, max: 4 }),
      timeout: fc.integer({ min: 1, max: 9 }),
      conditions: fc.array(
        fc.record({
          variable: fc.constantFrom('v', 'w', 'keys'),
          operator: fc.constantFrom('eq', 'neq', 'lt', 'gte'),
          value: fc.constantFrom('', '1', '12'),
        }),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: [] },
  )
  const action = fc.oneof(
    fc
      .record({ payload: fc.constantFrom('Hello', 'Bad'), repeat: fc.integer({ min: 1, max: 3 }) })
      .map((o) => ({ action: 'say', options: { ...options, ...o } })),
    fc.constant({
      action: 'play',
      options: { media: ['https://example.com/1.wav', 'https://example.com/2.wav'] },
    }),
    fc.integer({ min: 1, max: 5 }).map((length) => ({ action: 'pause', options: { length } })),
    fc.constant({ action: 'fetchCallFlow', options: { url: 'https://example.com/' } }),
    fc.constant({ action: 'record', options: {} }),
    fc.constant({ action: 'hangup' }),
  )
  const flow = fc
    .tuple(...ids.map((id) => fc.tuple(action, keypress).map(([a, k]) => ({ id, ...a, ...k }))))
    .map((steps) => ({ steps }))
  const act = fc
    .tuple(fc.nat(40_000), fc.constantFrom('1', '2', '#', 'hangUp'))
    .map(([atMs, what]) => (what === 'hangUp' ? { atMs, hangUp: true as const } : { atMs, press: what }))

  test('ends, pairs its step events, and leaves no timer and no promise', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(flow, { minLength: 1, maxLength: 3 }),
        fc.array(act, { maxLength: 30 }),
        async (flows, acts) => {
          const { end, events } = await simulate(flows[0], {
            acts,
            budgets: { maxSteps: 200, maxFetchesInARow: 10 },
            durationMs: ({ say: request }) => {
              if (request?.payload === 'Bad') throw new PromptError('no voice')
              return 700
            },
            answer: (_, count) =>
              count % 4 === 0
                ? { status: 404 }
                : { body: JSON.stringify(flows[count % flows.length]), afterMs: 50 },
          })

          assert.ok(['flowEnded', 'hangupStep', 'budget', 'fetchFailed', 'hungUp'].includes(end.cause))
          assert.equal(events.filter((e) => e.type === 'flowEnded').length, 1)
          assert.equal(events.at(-1)?.type, 'flowEnded')
          const boundaries = events.filter((e) => e.type === 'stepStarted' || e.type === 'stepEnded')
          for (let index = 0; index < boundaries.length; index += 2) {
            const [started, ended] = [boundaries[index], boundaries[index + 1]]
            assert.deepEqual(
              [started?.type, ended?.type, ended?.stepId],
              ['stepStarted', 'stepEnded', started?.stepId],
            )
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
