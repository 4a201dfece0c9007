import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PromptMemory } from './prompt-memory.ts'
import { allocatePrompt } from './render-prompt.ts'

const ofBytes = (bytes: number) => allocatePrompt(bytes / 2)

test('the prompt that was not used for longest gives way', () => {
  const memory = new PromptMemory(1000)
  for (const key of ['a', 'b']) memory.store(key, ofBytes(400))
  memory.find('a')

  memory.store('c', ofBytes(400))

  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => memory.find(key) !== undefined),
    [true, false, true],
  )
})

test('a prompt stored again counts once', () => {
  const memory = new PromptMemory(1000)
  for (let i = 0; i < 10; i += 1) memory.store('a', ofBytes(600))

  memory.store('b', ofBytes(400))

  assert.ok(memory.find('a') && memory.find('b'))
})

test('one that is larger than the bound is not kept and drives nothing out', () => {
  const memory = new PromptMemory(1000)
  memory.store('a', ofBytes(600))

  memory.store('b', ofBytes(1200))

  assert.ok(memory.find('a'))
  assert.equal(memory.find('b'), undefined)
})
