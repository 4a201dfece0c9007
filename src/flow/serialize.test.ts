import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callFlowToJson } from './serialize.ts'

test('the JSON of a flow has only what is set, with keypress fields beside the options', () => {
  const json = callFlowToJson({
    title: 'Menu',
    record: false,
    default: true,
    maxDuration: 60,
    steps: [
      {
        id: 'ask',
        action: 'pause',
        options: { length: 5 },
        conditions: [{ variable: 'a', operator: 'eq', value: '1' }],
        onKeypressGoto: 'end',
        onKeypressVar: 'code',
        endKey: '#',
        maxNumKeys: 8,
        timeout: 3,
      },
      { id: 'end', action: 'hangup', options: {} },
    ],
  })

  assert.deepEqual(json, {
    title: 'Menu',
    record: false,
    default: true,
    maxDuration: 60,
    steps: [
      {
        id: 'ask',
        action: 'pause',
        options: { length: 5 },
        conditions: [{ variable: 'a', operator: 'eq', value: '1' }],
        onKeypressGoto: 'end',
        onKeypressVar: 'code',
        endKey: '#',
        maxNumKeys: 8,
        timeout: 3,
      },
      { id: 'end', action: 'hangup' },
    ],
  })
})

test('a flow inside a call has no default flag', () => {
  assert.deepEqual(callFlowToJson({ record: true, steps: [] }), { record: true, steps: [] })
})
