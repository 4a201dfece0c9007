import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from '../../test/support/simulated-flow.ts'
import type { Step } from '../domain/call-flow.ts'
import { type PromptHint, promptsAhead } from './prompts-ahead.ts'

const say = (id: string, more: Partial<Step> = {}) =>
  ({ id, action: 'say', options: { payload: id, language: 'en-gb', voice: 'male' }, ...more }) as Step
const play = (id: string, media: string | string[]): Step => ({ id, action: 'play', options: { media } })
const pause = (id: string, more: Partial<Step> = {}) =>
  ({ id, action: 'pause', options: { length: 1 }, ...more }) as Step
const condition = { conditions: [{ variable: 'a', operator: 'eq', value: '1' }] } as const

const names = (hints: readonly PromptHint[]) =>
  hints.map((hint) => ('say' in hint ? hint.say.payload : hint.play))
const ahead = (steps: Step[], index = 0) => names(promptsAhead(steps, index))

test('the step itself comes first, then the next one, and no more', () => {
  assert.deepEqual(ahead([say('a'), say('b'), say('c')]), ['a', 'b'])
  assert.deepEqual(ahead([play('a', ['1.wav', '2.wav']), play('b', '3.wav')]), ['1.wav', '2.wav', '3.wav'])
  assert.deepEqual(ahead([pause('a'), say('b')]), ['b'])
  assert.deepEqual(ahead([say('a'), pause('b'), say('c')]), ['a'])
})

test('the target of a key is told after the next step', () => {
  const steps = [say('a', { onKeypressGoto: 'd' }), say('b'), say('c'), say('d'), say('e')]
  assert.deepEqual(ahead(steps), ['a', 'b', 'd'])
})

test('past steps that may be skipped the next one is told too, up to four in all', () => {
  assert.deepEqual(ahead([say('a'), say('b', condition), say('c'), say('d')]), ['a', 'b', 'c'])
  const steps = ['b', 'c', 'd', 'e', 'f'].map((id) => say(id, condition))
  assert.deepEqual(ahead([say('a'), ...steps]), ['a', 'b', 'c', 'd', 'e'])
})

test('at the end, and past it, nothing follows', () => {
  assert.deepEqual(ahead([say('a')]), ['a'])
  assert.deepEqual(ahead([say('a')], 1), [])
})

test('a flow tells them before each step that runs, and not for one that is skipped', async () => {
  const told: string[][] = []
  const steps = [say('a'), say('b', condition), pause('c'), say('d')]
  await simulate(steps, {
    durationMs: () => 1_000,
    extend: () => ({ prefetch: (hints: readonly PromptHint[]) => void told.push(names(hints)) }),
  })
  assert.deepEqual(told, [['a', 'b'], ['d'], ['d']])
})
