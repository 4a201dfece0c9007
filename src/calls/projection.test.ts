import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call } from '../domain/call.ts'
import type { JournalEvent } from '../domain/journal.ts'
import { type CallState, isLegLive, project } from './projection.ts'

const call: Call = {
  id: 'call',
  accountId: 'account',
  status: 'queued',
  direction: 'outgoing',
  callFlow: { record: false, steps: [] },
  test: false,
  createdAt: 0,
  updatedAt: 0,
}
const hangup = { by: 'remote', cause: 'hangup' } as const

/** Applies events at 1, 2, 3 ... ms. */
function after(...events: JournalEvent[]): CallState {
  return events.reduce((state, event, index) => project(state, event, index + 1), {
    call,
    legs: new Map(),
  } as CallState)
}

test('an answered call is told by its events: times, codes and the reason of its end', () => {
  const { call: ended, legs } = after(
    { type: 'callStatus', status: 'starting' },
    { type: 'legCreated', legId: 'leg', direction: 'outgoing', source: '31', destination: '32' },
    { type: 'legStatus', legId: 'leg', status: 'ringing' },
    { type: 'legStatus', legId: 'leg', status: 'ongoing', sipResponseCode: 200 },
    { type: 'callStatus', status: 'ongoing' },
    { type: 'key', legId: 'leg', key: '1' },
    { type: 'legStatus', legId: 'leg', status: 'hangup', endReason: hangup },
    { type: 'callStatus', status: 'ended', endReason: hangup },
  )

  assert.deepEqual(ended, { ...call, status: 'ended', updatedAt: 8, endedAt: 8, endReason: hangup })
  assert.deepEqual(legs.get('leg'), {
    id: 'leg',
    callId: 'call',
    status: 'hangup',
    direction: 'outgoing',
    source: '31',
    destination: '32',
    sipResponseCode: 200,
    createdAt: 2,
    updatedAt: 7,
    answeredAt: 4,
    endedAt: 7,
    endReason: hangup,
  })
})

test('what has ended stays as it ended', () => {
  const state = after(
    { type: 'callStatus', status: 'starting' },
    { type: 'legCreated', legId: 'leg', direction: 'outgoing' },
    { type: 'legStatus', legId: 'leg', status: 'busy', sipResponseCode: 486 },
    { type: 'callStatus', status: 'busy' },
  )

  assert.equal(project(state, { type: 'callStatus', status: 'ongoing' }, 9), state)
  assert.equal(project(state, { type: 'legStatus', legId: 'leg', status: 'ongoing' }, 9), state)
  assert.equal(project(state, { type: 'legStatus', legId: 'nobody', status: 'ongoing' }, 9), state)
})

test('a leg is live until its last status', () => {
  const leg = (status: 'ringing' | 'hangup') =>
    after(
      { type: 'legCreated', legId: 'leg', direction: 'incoming' },
      { type: 'legStatus', legId: 'leg', status },
    ).legs.get('leg')
  const [ringing, gone] = [leg('ringing'), leg('hangup')]
  assert.ok(ringing && isLegLive(ringing))
  assert.ok(gone && !isLegLive(gone))
})
