import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { unlessAborted } from './abort.ts'

test('work that ends first gives its outcome and leaves no listener', async () => {
  const { signal } = new AbortController()

  assert.equal(await unlessAborted(Promise.resolve(1), signal), 1)
  await assert.rejects(unlessAborted(Promise.reject(new Error('broken')), signal), /broken/)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('an abort is not held up by the work, before or after it began', async () => {
  const controller = new AbortController()
  const waiting = unlessAborted(new Promise(() => {}), controller.signal)

  controller.abort(new Error('enough'))

  await assert.rejects(waiting, /enough/)
  await assert.rejects(unlessAborted(new Promise(() => {}), controller.signal), /enough/)
})
