import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiResponseCode, outcomeOf } from './outcome.ts'

for (const [status, code] of [
  [486, 486],
  [600, 486],
  [603, 403],
  [604, 404],
  [487, 480],
  [404, 404],
  [410, 410],
  [484, 484],
  [488, 488],
  [606, 488],
  [408, 408],
  [480, 480],
  [400, 480],
  [415, 480],
  [500, 500],
  [503, 503],
  [504, 503],
  [580, 503],
  [699, 480],
  [302, 480],
] as const) {
  test(`a ${status} is told as ${code}`, () => assert.equal(apiResponseCode(status), code))
}

test('busy, no answer, refused and unreachable are told apart', () => {
  const seen = (status: number, local?: 'timeout' | 'transportError', rang = false) => {
    const outcome = outcomeOf({ status, reason: 'x', ...(local && { local }) }, rang)
    return [outcome.legStatus, outcome.endReason.cause, outcome.endReason.by]
  }

  assert.deepEqual(seen(486), ['busy', 'busy', 'remote'])
  assert.deepEqual(seen(600), ['busy', 'busy', 'remote'])
  assert.deepEqual(seen(480), ['no_answer', 'noAnswer', 'remote'])
  assert.deepEqual(seen(408), ['no_answer', 'noAnswer', 'remote'])
  assert.deepEqual(seen(408, 'timeout', true), ['no_answer', 'noAnswer', 'linnet'])
  assert.deepEqual(seen(408, 'timeout'), ['failed', 'unreachable', 'linnet'])
  assert.deepEqual(seen(503, 'transportError'), ['failed', 'unreachable', 'linnet'])
  assert.deepEqual(seen(603), ['failed', 'rejected', 'remote'])
  assert.deepEqual(seen(488), ['failed', 'noCommonCodec', 'remote'])
})

test('the detail holds the status line and the Reason header', () => {
  const { endReason } = outcomeOf({ status: 603, reason: 'Decline', reasonHeader: 'Q.850;cause=21' }, true)
  assert.equal(endReason.detail, '603 Decline (Q.850;cause=21)')
})
