import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import { openPhone, type Phone } from '../support/phone.ts'
import { countReceived, startSipp, withoutCaptures, withoutSipp } from './sipp.ts'

failOnLeaks()

// The tools against each other: what later tests conclude about the server rests on this.

/** A phone that answers every call. */
async function answeringPhone(): Promise<Phone> {
  const phone = await openPhone()
  phone.onInvite((call) => {
    call.ring()
    call.answer()
  })
  return phone
}

test('SIPp as caller that hangs up', { skip: withoutSipp }, async () => {
  await using phone = await answeringPhone()
  await using sipp = await startSipp({ scenario: 'caller-hangs-up', target: phone.local, pauseMs: 200 })
  await sipp.succeeded()
  assert.equal(await (await phone.nextCall()).waitForEnd(), 'them')
})

test('SIPp as caller with a late ACK gets the 200 three times', { skip: withoutSipp }, async () => {
  await using phone = await answeringPhone()
  await using sipp = await startSipp({ scenario: 'late-ack', target: phone.local })
  // Three of the INVITE, one of the BYE.
  assert.equal(countReceived(await sipp.succeeded(), '200 OK'), 4)
})

test('SIPp as caller that never acknowledges: the 200 is repeated until the phone hangs up', {
  skip: withoutSipp,
}, async () => {
  await using phone = await answeringPhone()
  await using sipp = await startSipp({ scenario: 'no-ack', target: phone.local })
  const call = await phone.nextCall()
  const repeated = () => phone.log.filter(({ kind }) => kind === '200 INVITE').length
  await eventually('four 200s', () => repeated() >= 4)
  await call.bye()
  await sipp.succeeded()
})

test('SIPp as caller that waits for the phone to hang up', { skip: withoutSipp }, async () => {
  await using phone = await answeringPhone()
  await using sipp = await startSipp({ scenario: 'callee-hangs-up', target: phone.local })
  const call = await phone.nextCall()
  await call.waitFor('ACK')
  await call.bye()
  await sipp.succeeded()
})

test('SIPp as caller that gives up', { skip: withoutSipp }, async () => {
  await using phone = await openPhone()
  phone.onInvite((call) => call.ring())
  await using sipp = await startSipp({ scenario: 'caller-gives-up', target: phone.local })
  await sipp.succeeded()
  assert.equal(await (await phone.nextCall()).waitForEnd(), 'them')
})

test('SIPp as caller presses 1', { skip: withoutCaptures }, async () => {
  await using phone = await answeringPhone()
  await using sipp = await startSipp({ scenario: 'press-1', target: phone.local, pauseMs: 200 })
  const call = await phone.nextCall()
  await call.waitFor('ACK')
  await eventually('the end of the key', () => (call.media.heardKeys()[0]?.endPackets ?? 0) > 0)
  await call.bye()
  await sipp.succeeded()
  assert.equal(call.media.heardKeys()[0]?.key, '1')
})

for (const scenario of ['answer', 'trunk']) {
  test(`SIPp as callee: ${scenario}`, { skip: withoutSipp }, async () => {
    await using sipp = await startSipp({ scenario, echo: true })
    await using phone = await openPhone()
    const call = await phone.call(`sip:31687654321@127.0.0.1:${sipp.local.port}`, {
      credentials: { user: 'linnet', password: 'secret' },
    })
    await call.waitFor('200 INVITE')
    await call.media.play(new Int16Array(800))
    await call.bye()
    await sipp.succeeded()
    assert.ok(call.media.received.length > 0, 'nothing was echoed')
  })
}

test('SIPp as trunk refuses a wrong password', { skip: withoutSipp }, async () => {
  await using sipp = await startSipp({ scenario: 'trunk' })
  await using phone = await openPhone()
  const call = await phone.call(`sip:31687654321@127.0.0.1:${sipp.local.port}`, {
    credentials: { user: 'linnet', password: 'guess' },
  })
  await call.waitFor('403')
  assert.equal((await sipp.result).ok, false)
})

test('SIPp as callee that hangs up', { skip: withoutSipp }, async () => {
  await using sipp = await startSipp({ scenario: 'answer-and-hang-up', pauseMs: 200 })
  await using phone = await openPhone()
  const call = await phone.call(`sip:31687654321@127.0.0.1:${sipp.local.port}`)
  assert.equal(await call.waitForEnd(), 'them')
  await sipp.succeeded()
})

for (const [scenario, status] of [
  ['busy', '486'],
  ['unavailable', '503'],
] as const) {
  test(`SIPp as callee: ${scenario}`, { skip: withoutSipp }, async () => {
    await using sipp = await startSipp({ scenario })
    await using phone = await openPhone()
    const call = await phone.call(`sip:31687654321@127.0.0.1:${sipp.local.port}`)
    await call.waitFor(status)
    await sipp.succeeded()
  })
}

test('SIPp as callee that does not answer', { skip: withoutSipp }, async () => {
  await using sipp = await startSipp({ scenario: 'no-answer' })
  await using phone = await openPhone()
  const call = await phone.call(`sip:31687654321@127.0.0.1:${sipp.local.port}`)
  await call.waitFor('180')
  call.cancel()
  await call.waitFor('487 INVITE')
  await sipp.succeeded()
})
