import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import type { Call } from '../domain/call.ts'
import type { CallChange, CallRepository } from '../domain/repositories.ts'
import { systemIds } from '../runtime/ids.ts'
import { silentLogger } from '../runtime/logger.ts'
import { CallRecord } from './call-record.ts'

const call: Call = {
  id: 'call',
  accountId: 'account',
  status: 'queued',
  direction: 'outgoing',
  callFlow: { record: false, steps: [] },
  webhook: { url: 'http://127.0.0.1/' },
  test: false,
  createdAt: 0,
  updatedAt: 0,
}

/** A record over a database that takes 4 ms for a commit; `commits` tells when each began and what it held. */
function setup() {
  const clock = new FakeClock()
  const commits: { readonly at: number; readonly change: CallChange }[] = []
  const calls = {
    commit: async (change: CallChange) => {
      commits.push({ at: clock.now(), change })
      await new Promise<void>((resolve) => void clock.after(4, resolve))
    },
  } as unknown as CallRepository // nothing else is called
  const record = new CallRecord(call, [], { calls, clock, ids: systemIds, logger: silentLogger })
  const sequences = () => commits.map(({ change }) => change.journal?.map(({ sequence }) => sequence))
  return { clock, commits, record, sequences }
}

const key = (pressed: string) => ({ type: 'key', legId: 'leg', key: pressed }) as const

test('what happens within ten milliseconds is one commit, and what comes during a commit is in the next', async () => {
  const { clock, commits, record, sequences } = setup()
  record.report(key('1'))
  await clock.advance(6)
  record.report(key('2'), key('3'))
  await clock.advance(6) // 12 ms: the commit runs since 10
  record.report(key('4'))
  await clock.advance(50)

  assert.deepEqual(sequences(), [[1, 2, 3], [4]])
  assert.deepEqual(
    commits.map(({ at }) => at),
    [10, 24],
  )
  assert.equal(clock.pendingTimers, 0)
})

test('whoever waits for the disk does not wait for more to join', async () => {
  const { clock, commits, record } = setup()
  record.report(key('1'))
  const settled = record.settled()
  await clock.advance(0)
  assert.deepEqual(
    commits.map(({ at }) => at),
    [0],
  )
  record.report(key('2')) // joins the wait: settled means everything reported so far and until then
  await clock.advance(8)
  await settled
  assert.deepEqual(
    commits.map(({ at }) => at),
    [0, 4],
  )
})

test('each change of the call leaves one event with the call as it was then, in the same commit', async () => {
  const { clock, commits, record } = setup()
  record.report({ type: 'callStatus', status: 'starting' }, key('1'), {
    type: 'callStatus',
    status: 'ongoing',
  })
  await clock.advance(20)
  const events = commits.flatMap(({ change }) => change.events ?? [])
  assert.deepEqual(
    events.map(({ event, payload }) => [event, JSON.parse(payload).status]),
    [
      ['callUpdated', 'starting'],
      ['callUpdated', 'ongoing'],
    ],
  )
  assert.equal(commits[0]?.change.call?.status, 'ongoing')
})
