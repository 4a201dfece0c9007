import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCallWorld } from '../../test/support/call-world.ts'
import { FakeCaller } from '../../test/support/fake-sip.ts'
import type { Step } from '../domain/call-flow.ts'

const NUMBER = '31201234567'
const RELAY = 'application/dtmf-relay'
const sendKeys = (options: Extract<Step, { action: 'sendKeys' }>['options']): Step => ({
  id: 'keys',
  action: 'sendKeys',
  options,
})

/** A call to a flow with these steps, and what became of it. */
async function callTo(...steps: Step[]) {
  const world = createCallWorld()
  await world.giveNumber(NUMBER, { record: false, steps })
  const caller = new FakeCaller()
  caller.call((invite) => world.control.onInvite(invite))
  await world.settle()
  await world.settle()
  const journal = async () => {
    const call = await world.lastCall()
    return call ? await world.journalOf(call.id) : []
  }
  return { world, caller, audio: world.media.legs[0], journal }
}

test('a key by INFO is journalled, gathered and stops the prompt; what is no key is refused', async () => {
  const say = { payload: 'long enough.', language: 'en-gb', voice: 'male' } as const
  const { world, caller, audio, journal } = await callTo({
    id: 'ask',
    action: 'say',
    options: say,
    onKeypressVar: 'digit',
    maxNumKeys: 2,
  })
  await world.clock.advance(100)
  assert.equal(audio?.playing, true)

  assert.equal(caller.informs(RELAY, 'Signal=16\r\nDuration=160\r\n'), false)
  assert.equal(caller.informs('application/json', '{}'), false)
  assert.equal(audio?.playing, true)
  assert.equal(caller.informs(RELAY, 'Signal=5\r\nDuration=160\r\n'), true)
  assert.equal(audio?.playing, false)
  assert.equal(caller.informs('application/dtmf', '#'), true)
  await world.settle()

  const events = await journal()
  assert.deepEqual(
    events.flatMap((event) => (event.type === 'key' ? [event.key] : [])),
    ['5', '#'],
  )
  const gathered = events.find((event) => event.type === 'keysGathered')
  assert.equal(gathered?.type === 'keysGathered' && gathered.keys, '5#')
  assert.deepEqual(caller.heard, ['200', 'BYE'])
  assert.equal(caller.informs('application/dtmf', '1'), true, 'a late key does no harm')
})

test('sendKeys presses the keys at the far end and goes on when they have been sent', async () => {
  const { world, caller, audio, journal } = await callTo(
    sendKeys({ keys: '12#', duration: 200, interval: 50 }),
  )
  assert.deepEqual(audio?.sentKeys, [{ keys: '12#', durationMs: 200, intervalMs: 50 }])
  await world.clock.advance(749)
  assert.deepEqual(caller.heard, ['200'])
  await world.clock.advance(1)
  assert.deepEqual(caller.heard, ['200', 'BYE'])
  const ended = (await journal()).find((event) => event.type === 'stepEnded')
  assert.equal(ended?.type === 'stepEnded' && ended.outcome, 'completed')
  assert.equal(world.clock.pendingTimers, 0)
})

test('a caller who hangs up stops the keys at once', async () => {
  const { world, caller, journal } = await callTo(sendKeys({ keys: '1'.repeat(100), duration: 1_000 }))
  await world.clock.advance(1_000)
  caller.hangUp()
  await world.settle()
  assert.equal(world.clock.pendingTimers, 0)
  assert.equal(world.control.liveCalls, 0)
  const ended = (await journal()).find((event) => event.type === 'stepEnded')
  assert.equal(ended?.type === 'stepEnded' && ended.outcome, 'interrupted')
})
