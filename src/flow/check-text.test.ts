import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkText, readFlow } from './check-text.ts'

const ids = (input: unknown) => {
  const result = readFlow(input)
  return 'faults' in result ? result.faults : result.flow.steps.map(({ id }) => id)
}

test('JSON, XML, objects and arrays of steps are told apart by what they are', () => {
  const steps = [{ id: 'end', action: 'hangup' }]
  for (const input of [
    { steps },
    steps,
    JSON.stringify({ steps }),
    ` ${JSON.stringify(steps)}`,
    '\ufeff<CallFlow><Hangup id="end"/></CallFlow>',
  ]) {
    assert.deepEqual(ids(input), ['end'])
  }
})

test('steps without id are called by their place, also beside a step that has that name', () => {
  const [bare, named] = [{ action: 'hangup' }, { id: 'steps[2]', action: 'hangup' }]
  assert.deepEqual(ids([bare, named, bare]), ['steps[0]', 'steps[2]', "steps[2]'"])
})

test('every fault is an error with its kind and field', () => {
  const { findings } = checkText('{"steps": [{"action": "pause"}, {"action": "dance"}]}')
  assert.deepEqual(
    findings.map(({ severity, rule, field }) => [severity, rule, field]),
    [
      ['error', 'missing', 'steps[0].options.length'],
      ['error', 'invalid', 'steps[1].action'],
    ],
  )
})

test('text that is neither JSON nor XML is one error', () => {
  for (const text of ['', 'hello', 'two\nlines', '{"steps": [', '<CallFlow>']) {
    const { findings } = checkText(text)
    assert.equal(findings.length, 1)
    assert.doesNotMatch(findings[0]?.message ?? '', /\n/)
    assert.deepEqual([findings[0]?.severity, findings[0]?.rule], ['error', 'unparsable'])
  }
})

test('a valid flow is analysed', () => {
  const { steps, findings } = checkText('<CallFlow><Hangup/><Pause length="1"/></CallFlow>')
  assert.equal(steps, 2)
  assert.deepEqual(
    findings.map(({ rule, stepId }) => [rule, stepId]),
    [['unreachable', 'steps[1]']],
  )
})
