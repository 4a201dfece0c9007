import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_FAULTS } from './limits.ts'
import { parseCallFlow, parseCallFlowPatch } from './parse-call-flow.ts'
import { callFlowToJson } from './serialize.ts'

const say = (options: object = {}, step: object = {}) => ({
  action: 'say',
  options: { payload: 'Hello', language: 'en-gb', voice: 'female', ...options },
  ...step,
})

function parse(input: unknown, options: Partial<Parameters<typeof parseCallFlow>[1]> = {}) {
  let count = 0
  return parseCallFlow(input, { newId: () => `new-${++count}`, ...options })
}

/** The flow of a valid input. */
function accepted(input: unknown) {
  const result = parse(input)
  if ('faults' in result) assert.fail(JSON.stringify(result.faults))
  return result.flow
}

/** Kind and parameter of every fault of an invalid input. */
function refused(input: unknown, options?: Parameters<typeof parse>[1]): string[] {
  const result = parse(input, options)
  if ('flow' in result) assert.fail('was accepted')
  return result.faults.map(({ kind, parameter }) => `${kind} ${parameter ?? '-'}`)
}

describe('what SDKs send', () => {
  test('a minimal flow gets an id for its step, and record and default are off', () => {
    assert.deepEqual(accepted({ steps: [say()] }), {
      record: false,
      default: false,
      steps: [
        { id: 'new-1', action: 'say', options: { payload: 'Hello', language: 'en-gb', voice: 'female' } },
      ],
    })
  })

  test('names are case-insensitive, and the exact spelling wins', () => {
    const flow = accepted({
      TITLE: 'no',
      title: 'yes',
      Steps: [{ Action: 'Say', OPTIONS: { Payload: 'Hi', LANGUAGE: 'en-US', Voice: 'Male', Repeat: 2 } }],
    })
    assert.equal(flow.title, 'yes')
    assert.deepEqual(flow.steps[0], {
      id: 'new-1',
      action: 'say',
      options: { payload: 'Hi', language: 'en-US', voice: 'male', repeat: 2 },
    })
  })

  test('the zero values that Java and Go send for everything are not set', () => {
    const zeros = {
      destination: '',
      repeat: 0,
      ifMachine: '',
      machineTimeout: 0,
      media: null,
      length: 0,
      maxLength: 0,
      timeout: 0,
      finishOnKey: '',
      transcribe: false,
      transcribeLanguage: '',
      onFinish: '',
      mask: false,
      record: null,
      url: null,
    }
    const flow = accepted({
      id: '',
      title: null,
      maxDuration: 0,
      createdAt: '0001-01-01T00:00:00Z',
      steps: [
        say(zeros, { conditions: [], onKeypressGoto: '', onKeypressVar: '', endKey: '', maxNumKeys: 0 }),
        { action: 'record', options: zeros, conditions: null },
        { action: 'hangup', options: zeros },
        { action: 'hangup', options: [] },
        { action: 'hangup' },
      ],
    })
    assert.deepEqual(flow.steps[0]?.options, { payload: 'Hello', language: 'en-gb', voice: 'female' })
    assert.deepEqual(Object.keys(flow.steps[0] ?? {}), ['id', 'action', 'options'])
    assert.deepEqual(
      flow.steps.slice(1).map(({ options }) => options),
      [{}, {}, {}, {}],
    )
  })

  test('durations of the Go SDK are nanoseconds', () => {
    const flow = accepted({
      maxDuration: 28_800e9,
      steps: [
        { action: 'record', options: { maxLength: 10_000_000_000, timeout: 5_500_000_000 } },
        { action: 'pause', options: { length: 1_000_000_000 } },
      ],
    })
    assert.equal(flow.maxDuration, 28_800)
    assert.deepEqual(
      flow.steps.map(({ options }) => options),
      [{ maxLength: 10, timeout: 6 }, { length: 1 }],
    )
  })

  test('numbers and booleans may be strings', () => {
    const flow = accepted({
      record: 'true',
      default: 'false',
      steps: [
        say({ repeat: '3', machineTimeout: '0' }, { maxNumKeys: '4', timeout: '7', endKey: 5 }),
        {
          action: 'record',
          options: { transcribe: 'false', maxLength: '0', timeout: '10', finishOnKey: 1 },
        },
      ],
    })
    assert.deepEqual([flow.record, flow.default], [true, false])
    assert.deepEqual(flow.steps[0], {
      id: 'new-1',
      action: 'say',
      options: { payload: 'Hello', language: 'en-gb', voice: 'female', repeat: 3 },
      maxNumKeys: 4,
      timeout: 7,
      endKey: '5',
    })
    assert.deepEqual(flow.steps[1]?.options, { timeout: 10, finishOnKey: '1' })
  })

  test('a flow, or its steps, may be JSON in a string', () => {
    const flow = { steps: [say({}, { id: 'a' })] }
    assert.deepEqual(accepted(JSON.stringify(flow)), accepted(flow))
    assert.deepEqual(accepted({ steps: JSON.stringify(flow.steps) }), accepted(flow))
  })

  test('unknown fields are ignored, also those that try to reach the prototype', () => {
    const flow = accepted(
      JSON.parse(`{"_links":{}, "__proto__":{"polluted":1}, "constructor":{"prototype":{"polluted":1}},
        "steps":[{"action":"hangup","loop":2,"__proto__":{"id":"x"},"options":{"__proto__":{"length":3},"make":true}}]}`),
    )
    assert.deepEqual(flow.steps, [{ id: 'new-1', action: 'hangup', options: {} }])
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })

  test('ids are free text and kept; a number becomes its digits', () => {
    const flow = accepted({ steps: [say({}, { id: 'foo bar/1' }), say({}, { id: 7 })] })
    assert.deepEqual(
      flow.steps.map(({ id }) => id),
      ['foo bar/1', '7'],
    )
  })

  test('conditions take the operators of several dialects and keep an empty value', () => {
    const condition = (operator: string, value?: unknown) => ({ variable: 'key', operator, value })
    const flow = accepted({
      steps: [
        say(
          {},
          { conditions: [condition('==', 1), condition('NEQ'), condition('<=', 0), condition('gt', '')] },
        ),
      ],
    })
    assert.deepEqual(flow.steps[0]?.conditions, [
      { variable: 'key', operator: 'eq', value: '1' },
      { variable: 'key', operator: 'neq', value: '' },
      { variable: 'key', operator: 'lte', value: '0' },
      { variable: 'key', operator: 'gt', value: '' },
    ])
  })
})

describe('options', () => {
  const base: Record<string, Record<string, unknown>> = {
    say: { payload: 'Hello', language: 'en-gb', voice: 'female' },
    play: { media: 'https://example.com/a.wav' },
    pause: { length: 1 },
    record: {},
    transfer: { destination: '31612345678' },
    fetchCallFlow: { url: 'https://example.com/flow' },
    sendKeys: { keys: '1' },
    hangup: {},
  }
  const url = 'https://example.com/x?flowId=1&invocationId=&nextStepId='
  const media = (path: string) => `https://example.com/${path}`

  const valid: [string, string, unknown][] = [
    ['say', 'payload', 'é'.repeat(1000)],
    ['say', 'payload', '😀'.repeat(1000)],
    ['say', 'payload', 'a\nb\tc'],
    ['say', 'language', 'el-GR'],
    ['say', 'language', 'bg-BG'],
    ['say', 'language', 'en-gb-wls'],
    ['say', 'repeat', 1],
    ['say', 'repeat', 10],
    ['say', 'ifMachine', 'continue'],
    ['say', 'machineTimeout', 400],
    ['say', 'machineTimeout', 10_000],
    ['play', 'media', media('A.MP3')],
    ['play', 'media', media('x?id=3&format=.mp3')],
    ['play', 'media', [media('x.mp3')]],
    ['play', 'media', [media('x.wav'), media('y.wav?token=1')]],
    ['pause', 'length', 86_400],
    ['record', 'maxLength', 1],
    ['record', 'timeout', 10],
    ['record', 'finishOnKey', 'any'],
    ['record', 'finishOnKey', 'none'],
    ['record', 'finishOnKey', '#'],
    ['record', 'transcribeLanguage', 'pt-Br'],
    ['record', 'onFinish', url],
    ['transfer', 'destination', '+31612345678'],
    ['transfer', 'destination', 'sip:alice@example.com;transport=tcp'],
    ['transfer', 'destination', 'client:alice'],
    ['transfer', 'record', 'both'],
    ['transfer', 'mask', true],
    ['transfer', 'ifMachine', 'hangup'],
    ['transfer', 'machineTimeout', 7000],
    ['fetchCallFlow', 'url', url],
    ['fetchCallFlow', 'url', 'http://127.0.0.1:8000'],
    ['fetchCallFlow', 'token', 'eyJ0=='],
    ['sendKeys', 'keys', '0123456789*#ABCD'],
    ['sendKeys', 'duration', 100],
    ['sendKeys', 'interval', 5_000],
  ]
  for (const [action, name, value] of valid) {
    test(`${action} takes ${name} ${JSON.stringify(value).slice(0, 60)} and echoes it as given`, () => {
      const flow = accepted({ steps: [{ action, options: { ...base[action], [name]: value } }] })
      assert.deepEqual(flow.steps[0]?.options, { ...base[action], [name]: value })
      assert.deepEqual(callFlowToJson(flow).steps[0]?.options, { ...base[action], [name]: value })
    })
  }

  const invalid: [string, string, unknown][] = [
    ['say', 'payload', 'a'.repeat(1001)],
    ['say', 'payload', '😀'.repeat(1001)],
    ['say', 'payload', '  \n '],
    ['say', 'payload', 'bell \u0007'],
    ['say', 'payload', '\ud800'],
    ['say', 'payload', 12],
    ['say', 'payload', ['Hello']],
    ['say', 'language', 'en'],
    ['say', 'language', 'xx-yy'],
    ['say', 'voice', 'robot'],
    ['say', 'voice', true],
    ['say', 'repeat', 11],
    ['say', 'repeat', -1],
    ['say', 'repeat', 1.5],
    ['say', 'repeat', 'two'],
    ['say', 'repeat', {}.toString],
    ['say', 'ifMachine', 'wait'],
    ['say', 'machineTimeout', 399],
    ['say', 'machineTimeout', 10_001],
    ['play', 'media', media('a.ogg')],
    ['play', 'media', media('a')],
    ['play', 'media', 'a.wav'],
    ['play', 'media', [media('a.wav'), media('b.mp3')]],
    ['play', 'media', [media('a.wav'), 3]],
    ['play', 'media', Array(101).fill(media('a.wav'))],
    ['play', 'media', { 0: media('a.wav') }],
    ['pause', 'length', -1],
    ['pause', 'length', 0.5],
    ['pause', 'length', 86_401],
    ['pause', 'length', '0'],
    ['record', 'maxLength', -1],
    ['record', 'timeout', 'soon'],
    ['record', 'finishOnKey', '##'],
    ['record', 'finishOnKey', 'x'],
    ['record', 'transcribe', 'maybe'],
    ['record', 'transcribeLanguage', 'da-DK'],
    ['record', 'onFinish', 'example.com/x'],
    ['record', 'onFinish', 'ftp://example.com/x'],
    ['transfer', 'destination', 'alice'],
    ['transfer', 'destination', '1'],
    ['transfer', 'destination', 'sip:a@b>\r\nX: y'],
    ['transfer', 'destination', `sip:${'a'.repeat(255)}@b`],
    ['transfer', 'record', 'all'],
    ['transfer', 'mask', 'yes'],
    ['fetchCallFlow', 'url', 'example.com/flow'],
    ['fetchCallFlow', 'url', '//example.com/flow'],
    ['fetchCallFlow', 'url', 'javascript:alert(1)'],
    ['fetchCallFlow', 'url', 'http://'],
    ['fetchCallFlow', 'url', 'http://exa mple.com'],
    ['fetchCallFlow', 'url', `http://example.com/${'a'.repeat(4096)}`],
    ['fetchCallFlow', 'token', 5],
    ['sendKeys', 'keys', '12E'],
    ['sendKeys', 'keys', '1'.repeat(101)],
    ['sendKeys', 'duration', 99],
    ['sendKeys', 'interval', 5_001],
  ]
  for (const [action, name, value] of invalid) {
    test(`${action} refuses ${name} ${String(JSON.stringify(value)).slice(0, 60)}`, () => {
      const faults = refused({ steps: [{ action, options: { ...base[action], [name]: value } }] })
      const expected = typeof value === 'function' ? 'invalid -' : `invalid steps[0].options.${name}`
      assert.deepEqual(faults, [expected])
    })
  }

  for (const [action, name] of [
    ['say', 'payload'],
    ['say', 'language'],
    ['say', 'voice'],
    ['play', 'media'],
    ['pause', 'length'],
    ['transfer', 'destination'],
    ['fetchCallFlow', 'url'],
    ['sendKeys', 'keys'],
  ] as const) {
    for (const empty of [undefined, null, '', 0, false, [], {}]) {
      test(`${action} requires ${name}: ${JSON.stringify(empty)} is nothing`, () => {
        assert.deepEqual(refused({ steps: [{ action, options: { ...base[action], [name]: empty } }] }), [
          `missing steps[0].options.${name}`,
        ])
      })
    }
  }

  test('transcribe requires transcribeLanguage', () => {
    assert.deepEqual(refused({ steps: [{ action: 'record', options: { transcribe: true } }] }), [
      'missing steps[0].options.transcribeLanguage',
    ])
  })

  test('a language without a voice here is refused, where the caller asks for that', () => {
    const speaks = (language: string) => language === 'en-gb'
    assert.deepEqual(refused({ steps: [say({ language: 'th-TH' })] }, { speaks }), [
      'unprocessable steps[0].options.language',
    ])
    assert.ok('flow' in parse({ steps: [say({ language: 'en-GB' })] }, { speaks }))
  })
})

describe('faults', () => {
  test('all of a flow are told at once, each with its path', () => {
    const faults = refused({
      title: 5,
      maxDuration: 'long',
      record: 'perhaps',
      steps: [
        say({ voice: 'robot', language: undefined }),
        { options: {} },
        { action: 'dance' },
        'hangup',
        { action: 'pause', options: 'x' },
        {
          action: 'hangup',
          conditions: [{ operator: 'like' }, 3],
          endKey: '##',
          maxNumKeys: 101,
          timeout: -1,
        },
      ],
    })
    assert.deepEqual(faults, [
      'invalid title',
      'invalid record',
      'invalid maxDuration',
      'missing steps[0].options.language',
      'invalid steps[0].options.voice',
      'missing steps[1].action',
      'invalid steps[2].action',
      'invalid steps[3]',
      'invalid steps[4].options',
      'missing steps[5].conditions[0].variable',
      'invalid steps[5].conditions[0].operator',
      'invalid steps[5].conditions[1]',
      'invalid steps[5].endKey',
      'invalid steps[5].maxNumKeys',
      'invalid steps[5].timeout',
    ])
  })

  test('texts that hold control characters or half an emoji are refused wherever they are', () => {
    for (const text of ['a\u0000b', '\u001b[2J', '\udc00']) {
      const condition = { variable: text, operator: 'eq', value: text }
      const step = { id: text, action: 'hangup', onKeypressVar: text, conditions: [condition] }
      assert.deepEqual(refused({ title: text, steps: [step] }), [
        'invalid title',
        'invalid steps[0].id',
        'invalid steps[0].conditions[0].variable',
        'invalid steps[0].conditions[0].value',
        'invalid steps[0].onKeypressVar',
      ])
    }
  })

  test('a token or an id that would begin a new header line is refused', () => {
    const options = { url: 'https://example.com', token: 'a\r\nb' }
    assert.deepEqual(refused({ steps: [{ id: 'a\nb', action: 'fetchCallFlow', options }] }), [
      'invalid steps[0].id',
      'invalid steps[0].options.token',
    ])
  })

  test("their sentences are MessageBird's where one is known", () => {
    const result = parse({ steps: [{ action: 'pause' }, say({ voice: 'robot' })] }, { path: 'callFlow' })
    assert.deepEqual('faults' in result && result.faults, [
      {
        kind: 'missing',
        message: 'The `callFlow.steps[0].options.length` parameter is required.',
        parameter: 'callFlow.steps[0].options.length',
      },
      {
        kind: 'invalid',
        message: 'The `callFlow.steps[1].options.voice` parameter must be `male` or `female`.',
        parameter: 'callFlow.steps[1].options.voice',
      },
    ])
  })

  test('a list of faults is bounded', () => {
    assert.equal(refused({ steps: Array(200).fill({}) }).length, MAX_FAULTS)
  })

  test('steps are required', () => {
    for (const steps of [undefined, null, [], {}, '']) assert.deepEqual(refused({ steps }), ['missing steps'])
    assert.deepEqual(refused([]), ['missing steps'])
    assert.deepEqual(refused({}, { path: 'callFlow' }), ['missing callFlow.steps'])
    assert.deepEqual(refused({ steps: 'say' }), ['invalid steps'])
  })

  test('what is no object is no call flow', () => {
    for (const input of [undefined, null, 5, 'x', '{', true, [1]])
      assert.deepEqual(refused(input), ['invalid -'])
  })

  test('ids must be unique, and goto must name a step', () => {
    assert.deepEqual(
      refused({
        steps: [say({}, { id: 'a', onKeypressGoto: 'b' }), say({}, { id: 'a', onKeypressGoto: 'a' })],
      }),
      ['invalid steps[1].id', 'invalid steps[0].onKeypressGoto'],
    )
  })
})

describe('limits', () => {
  const hangups = (count: number) => ({ steps: Array(count).fill({ action: 'hangup' }) })

  test('a flow has at most 1,000 steps', () => {
    assert.equal(accepted(hangups(1000)).steps.length, 1000)
    assert.deepEqual(refused(hangups(1001)), ['unprocessable steps'])
  })

  test('a flow has at most 32 KB', () => {
    const flow = (length: number) => ({ title: 'é'.repeat(length), steps: [{ action: 'hangup' }] })
    assert.ok(accepted(flow(16_000)))
    assert.deepEqual(refused(flow(16_400)), ['unprocessable -'])
  })

  test('a flow is at most 64 levels deep, also in what is ignored', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 0 : [nested(depth - 1)])
    assert.ok(accepted({ ...hangups(1), x: nested(63) }))
    assert.deepEqual(refused({ ...hangups(1), x: nested(64) }), ['unprocessable -'])
    assert.deepEqual(refused({ x: nested(5_000) }), ['unprocessable -'])
  })

  test('what JSON does not have is refused', () => {
    assert.deepEqual(refused({ ...hangups(1), x: 1n }), ['invalid -'])
  })
})

describe('changes', () => {
  const patchOf = (input: unknown) => {
    const result = parseCallFlowPatch(input, { newId: () => 'new' })
    return 'patch' in result ? result.patch : result.faults
  }

  test('a patch holds what is set, and `false` sets record and default', () => {
    assert.deepEqual(patchOf({ title: 'New' }), { title: 'New' })
    assert.deepEqual(patchOf({ record: false, default: false, maxDuration: 0, title: '', steps: null }), {
      record: false,
      default: false,
    })
    assert.deepEqual(patchOf([]), {})
    assert.deepEqual(patchOf({ record: null, steps: [] }), {})
  })

  test('a patch is validated like a flow', () => {
    assert.deepEqual(patchOf({ steps: [{}] }), [
      {
        kind: 'missing',
        message: 'The `steps[0].action` parameter is required.',
        parameter: 'steps[0].action',
      },
    ])
  })
})

describe('any input', () => {
  const likeAFlow = fc.object({
    key: fc.constantFrom(
      ...[
        'steps',
        'Steps',
        'title',
        'action',
        'options',
        'conditions',
        'payload',
        'media',
        'id',
        '__proto__',
      ],
      ...['record', 'length', 'maxNumKeys', 'variable', 'operator', 'value', 'onKeypressGoto', 'toString'],
    ),
    values: [
      fc.constantFrom('say', 'play', 'pause', 'record', 'hangup', 'eq', 'male', 'en-gb', '', 0, null, true),
      fc.string(),
      fc.double(),
    ],
    maxDepth: 5,
  })

  test('is accepted or refused, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.anything(), likeAFlow, fc.array(likeAFlow)), (input) => {
        for (const value of [input, { steps: [input] }, { steps: [{ action: 'say', options: input }] }]) {
          const result = parse(value)
          assert.ok('flow' in result ? result.flow.steps.length > 0 : result.faults.length > 0)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('that is accepted comes back the same from its JSON', () => {
    const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((s) => s.trim() !== '')
    const step = fc.oneof(
      fc.record({
        action: fc.constant('say'),
        options: fc.record(
          {
            payload: text,
            language: fc.constantFrom('en-GB', 'nl-nl'),
            voice: fc.constantFrom('male', 'female'),
            repeat: fc.integer({ min: 1, max: 10 }),
            ifMachine: fc.constantFrom('delay', 'hangup'),
          },
          { requiredKeys: ['payload', 'language', 'voice'] },
        ),
        onKeypressVar: text,
        endKey: fc.constantFrom('#', '5'),
        conditions: fc.array(
          fc.record({
            variable: text,
            operator: fc.constantFrom('eq', 'neq', 'lt', 'lte', 'gt', 'gte'),
            value: fc.constantFrom('', '1', 'x'),
          }),
          { minLength: 1, maxLength: 3 },
        ),
      }),
      fc.record({
        action: fc.constant('pause'),
        options: fc.record({ length: fc.integer({ min: 1, max: 100 }) }),
      }),
      fc.record({ action: fc.constant('hangup') }),
    )
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), fc.boolean(), (steps, record) => {
        const first = parse({ steps, record })
        fc.pre('flow' in first)
        const json = JSON.parse(JSON.stringify(callFlowToJson(first.flow)))
        assert.deepEqual(parse(json), first)
      }),
    )
  })
})
