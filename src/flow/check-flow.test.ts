import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFlow } from './check-flow.ts'
import { readFlow } from './check-text.ts'

type Raw = Record<string, unknown>

const voiced = { payload: 'Press a key.', language: 'en-GB', voice: 'female' }
const say = (id: string, more: Raw = {}) => ({ id, action: 'say', options: voiced, ...more })
const pause = (id: string, length: number, more: Raw = {}) => ({
  id,
  action: 'pause',
  options: { length },
  ...more,
})
const hangup = (id: string, more: Raw = {}) => ({ id, action: 'hangup', ...more })
const fetchFlow = (id: string, more: Raw = {}) => ({
  id,
  action: 'fetchCallFlow',
  options: { url: 'https://example.com/' },
  ...more,
})
const record = (id: string, options: Raw = {}) => ({ id, action: 'record', options })
const when = (variable: string, value: string, operator = 'eq') => ({
  conditions: [{ variable, operator, value }],
})

/** Such as `warning unreachable bye`. */
function check(steps: readonly Raw[], speaks?: (language: string) => boolean): string[] {
  return findings(steps, speaks).map(({ severity, rule, stepId }) => `${severity} ${rule} ${stepId}`)
}

function findings(steps: readonly Raw[], speaks?: (language: string) => boolean) {
  const result = readFlow({ steps })
  if ('faults' in result) assert.fail(JSON.stringify(result.faults))
  return checkFlow(result.flow, speaks && { speaks })
}

const cases: Record<string, readonly [steps: readonly Raw[], ...expected: string[]]> = {
  'a flow that ends with its last step': [[say('hello')]],
  'one that hangs up at its end': [[say('hello'), hangup('end')]],
  'a step after hangup': [[hangup('end'), say('bye')], 'warning unreachable bye'],
  'all steps after a fetch': [
    [fetchFlow('next'), say('one'), say('two')],
    'warning unreachable one',
    'warning unreachable two',
  ],
  'a step after a hangup that has a condition': [
    [say('ask', { onKeypressVar: 'a', timeout: 5 }), hangup('end', when('a', '1')), say('bye')],
  ],
  'steps that a jump leads to': [
    [say('ask', { onKeypressGoto: 'more', timeout: 5 }), hangup('end'), say('more')],
  ],
  'a jump from a step that never runs': [
    [hangup('end'), say('ask', { onKeypressGoto: 'more', timeout: 5 }), hangup('stop'), say('more')],
    'warning unreachable ask',
    'warning unreachable stop',
    'warning unreachable more',
  ],
  'a jump from a step that takes no keys': [
    [{ ...record('rec', { maxLength: 5 }), onKeypressGoto: 'more' }, hangup('end'), say('more')],
    'warning keysIgnored rec',
    'warning unreachable more',
  ],
  'steps after a recording whose onFinish takes over, since a leg may not record': [
    [record('rec', { maxLength: 5, onFinish: 'https://example.com/' }), say('sorry')],
  ],
  'a menu that jumps to itself and waits': [
    [say('menu', { onKeypressGoto: 'menu' }), pause('wait', 5, { onKeypressGoto: 'menu' })],
  ],

  'conditions that exclude each other': [
    [
      say('ask', { onKeypressVar: 'a', timeout: 5 }),
      say('both', { conditions: [...when('a', '1').conditions, ...when('a', '2').conditions] }),
    ],
    'error neverHolds both',
  ],
  'a hangup that never runs hides no steps': [
    [
      say('ask', { onKeypressVar: 'a', timeout: 5 }),
      hangup('end', { conditions: [...when('a', '1').conditions, ...when('a', '2').conditions] }),
      say('bye'),
    ],
    'error neverHolds end',
  ],
  'a variable that no step sets': [[say('hello', when('a', '1'))], 'warning variableNotSet hello'],
  'a variable that is set too late': [
    [
      say('hello', when('a', '1')),
      say('ask', { onKeypressVar: 'a', timeout: 5 }),
      say('bye', when('a', '1')),
    ],
    'warning variableNotSet hello',
  ],
  'a variable that is set later in a loop': [
    [say('hello', when('a', '1')), say('ask', { onKeypressVar: 'a', onKeypressGoto: 'hello', timeout: 5 })],
  ],
  'a variable whose step jumps over the condition': [
    [
      say('ask', { onKeypressVar: 'a', onKeypressGoto: 'bye', timeout: 5 }),
      say('hello', when('a', '1')),
      say('bye', when('a', '1')),
    ],
    'warning variableNotSet hello',
  ],
  'keys, which every step that takes keys sets': [
    [say('ask', { onKeypressVar: 'a', timeout: 5 }), say('hello', when('keys', '1'))],
  ],
  'keys without a step that takes any': [[say('hello', when('keys', '1'))], 'warning variableNotSet hello'],
  'a variable that is set before it is fetched, or not at all': [
    [say('hello', when('a', '', 'neq'))],
    'warning variableNotSet hello',
  ],
  'a value of two keys where one is taken': [
    [say('ask', { onKeypressVar: 'a', timeout: 5 }), say('hello', when('a', '42'))],
    'warning valueNeverGathered hello',
  ],
  'a value of two keys where an end key lifts the limit': [
    [say('ask', { onKeypressVar: 'a', timeout: 5, endKey: '#' }), say('hello', when('a', '42'))],
  ],
  'a value that holds the end key': [
    [say('ask', { onKeypressVar: 'a', timeout: 5, endKey: '#' }), say('hello', when('a', '4#'))],
    'warning valueNeverGathered hello',
  ],
  'a value that is no key': [
    [say('ask', { onKeypressVar: 'a', timeout: 5 }), say('hello', when('a', 'yes'))],
    'warning valueNeverGathered hello',
  ],
  'a value that one of two steps can take': [
    [
      say('ask', { onKeypressVar: 'a', timeout: 5 }),
      say('again', { onKeypressVar: 'a', timeout: 5, maxNumKeys: 2, ...when('a', '') }),
      say('hello', when('a', '42')),
    ],
  ],

  'keys that nothing uses': [[say('ask', { onKeypressVar: 'a', timeout: 5 })], 'warning keysUnused ask'],
  'keys that only an earlier step compares': [
    [say('hello', when('a', '')), say('ask', { onKeypressVar: 'a', timeout: 5 })],
    'warning variableNotSet hello',
    'warning keysUnused ask',
  ],
  'keys that a fetch sends': [[say('ask', { onKeypressVar: 'a', timeout: 5 }), fetchFlow('next')]],
  'keys that the end of a recording sends': [
    [
      say('ask', { onKeypressVar: 'a', timeout: 5 }),
      record('rec', { maxLength: 5, onFinish: 'https://example.com/' }),
    ],
  ],
  'keys that are asked for again at once': [
    [
      say('ask', { onKeypressVar: 'a' }),
      pause('wait', 5, { onKeypressVar: 'a' }),
      say('hello', when('a', '1')),
    ],
    'warning askedTwice ask',
  ],
  'keys that are asked for again unless they came': [
    [
      say('ask', { onKeypressVar: 'a' }),
      pause('wait', 5, { onKeypressVar: 'a', ...when('a', '') }),
      say('hello', when('a', '1')),
    ],
  ],
  'rules for keys on a step that takes none': [
    [say('hello', { endKey: '#', maxNumKeys: 3 })],
    'warning keysIgnored hello',
  ],
  'a prompt that leaves no time': [
    [say('ask', { onKeypressGoto: 'end' }), hangup('end')],
    'warning noTimeForKeys ask',
  ],
  'a prompt and a pause of a second for one key': [
    [say('ask', { onKeypressGoto: 'end' }), pause('wait', 1, { onKeypressGoto: 'end' }), hangup('end')],
  ],
  'a pause of a second for many keys': [
    [pause('wait', 1, { onKeypressGoto: 'end', maxNumKeys: 10 }), hangup('end')],
    'warning noTimeForKeys wait',
  ],
  'a pause of a second for one key, without a prompt that asks': [
    [say('hello'), pause('wait', 1, { onKeypressGoto: 'end' }), hangup('end')],
    'warning noTimeForKeys wait',
  ],

  'a recording without end': [[record('rec')], 'warning endlessRecording rec'],
  'a recording that no key ends': [[record('rec', { finishOnKey: 'None' })], 'warning endlessRecording rec'],
  'a recording that silence ends': [[record('rec', { timeout: 5 })]],
  'a recording that a key ends': [[record('rec', { finishOnKey: '#' })]],
}

for (const [name, [steps, ...expected]] of Object.entries(cases)) {
  test(`${expected.length === 0 ? 'finds nothing wrong with' : 'finds'} ${name}`, () => {
    assert.deepEqual(check(steps), expected)
  })
}

test('a language without a voice is an error, where voices are known', () => {
  const welsh = say('croeso', { options: { ...voiced, language: 'cy-GB' } })
  assert.deepEqual(check([say('hello'), welsh]), [])
  assert.deepEqual(
    check([say('hello'), welsh], (language) => language === 'en-gb'),
    ['error noVoice croeso'],
  )
})

test('findings say what is wrong, and where', () => {
  const [first] = findings([
    say('ask', { onKeypressVar: 'code', timeout: 5 }),
    { ...say('', when('code', '42')), id: '' },
  ])
  assert.deepEqual(first, {
    severity: 'warning',
    rule: 'valueNeverGathered',
    stepId: 'steps[1]',
    field: 'steps[1]',
    message: "`code` is never `42`: that can't be pressed at `ask` with at most 1 key (maxNumKeys).",
  })
})

test('the largest flow of conditions and keys is checked in time', () => {
  const steps = Array.from({ length: 220 }, (_, index) =>
    pause(`${index}`, 5, { onKeypressVar: `v${index % 7}`, ...when('keys', '1') }),
  )
  const startedAt = process.cpuUsage().user
  findings(steps)
  assert.ok(process.cpuUsage().user - startedAt < 2_000_000, 'it takes more than 2 s')
})
