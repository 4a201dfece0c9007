import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failOnLeaks } from '../support/no-leaks.ts'
import { Phone } from '../support/phone.ts'
import { startServer } from '../support/server.ts'

failOnLeaks()

const pause = { action: 'pause', options: { length: 60 } }

test('kill -9 during calls: what was acknowledged is there, and the calls are closed with their reason', async () => {
  await using server = await startServer()
  await using caller = await Phone.open({ user: '31600000001' })
  await using callee = await Phone.open({ user: 'bob' })
  callee.onInvite((call) => call.answer())
  await server.assign('31200000001', [pause])
  const incoming = await caller.call(server.sipUri('31200000001'))
  await incoming.waitFor('200 INVITE')
  const outgoing = await server.create('/calls', {
    source: '3120',
    destination: callee.uri,
    callFlow: { steps: [pause] },
  })
  await (await callee.nextCall()).waitFor('ACK')
  const ringing = await Phone.open({ user: 'ringing' })
  await using _ringing = ringing
  ringing.onInvite((call) => call.ring())
  const queued = await server.create('/calls', {
    source: '3120',
    destination: ringing.uri,
    callFlow: { steps: [pause] },
  })
  await server.until(
    '/calls',
    ({ items }) => items.filter((call) => call['status'] === 'ongoing').length === 2,
  )
  const flows = (await server.api('GET', '/call-flows')).body
  // Acknowledged and killed in the same breath.
  const last = await server.create('/calls', {
    source: '3120',
    destination: ringing.uri,
    callFlow: { steps: [pause] },
  })
  await server.kill9()
  await server.restart()

  assert.deepEqual((await server.api('GET', '/call-flows')).body, flows)
  const { items } = await server.api('GET', '/calls')
  assert.equal(items.length, 4)
  const statuses = new Map(items.map((call) => [call['id'], call['status']]))
  assert.equal(statuses.get(outgoing['id']), 'ended')
  assert.equal(statuses.get(queued['id']), 'failed')
  assert.equal(statuses.get(last['id']), 'failed')
  for (const { id, endedAt } of items) {
    assert.notEqual(endedAt, null)
    const journal = await server.journal(String(id))
    const { endReason } = journal.at(-1) as unknown as { endReason: { cause: string } }
    assert.equal(endReason.cause, 'crash')
    assert.deepEqual(
      journal.map((entry) => entry['sequence']),
      journal.map((_, index) => index + 1),
    )
    for (const leg of (await server.api('GET', `/calls/${String(id)}/legs`)).items)
      assert.notEqual(leg['endedAt'], null)
  }
  incoming.media.end()
})

test('SIGTERM hangs up what does not end by itself, and exits with 0', async () => {
  await using server = await startServer({ env: { LINNET_DRAIN_SECONDS: '1' } })
  await using caller = await Phone.open({ user: '31600000001' })
  await server.assign('31200000001', [pause])
  const call = await caller.call(server.sipUri('31200000001'))
  await call.waitFor('200 INVITE')
  const stopped = server.stop()
  assert.equal(await call.waitForEnd(), 'them')
  assert.equal(await stopped, 0)
})
