import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveFiles } from '../support/http-files.ts'
import { wavOf } from '../support/listen/wav.ts'
import { compareHeard } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import type { Peer } from '../support/phone/wire.ts'
import { openPhone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { babble } from '../support/sounds.ts'
import { openBaresip, withoutBaresip } from './baresip.ts'
import { startSipp, withoutSipp } from './sipp.ts'

failOnLeaks()

const prompt = babble(2, 21)

/** A server with a prompt to play; `trunk` takes its calls to numbers. */
async function start(trunk?: Peer) {
  await using stack = new AsyncDisposableStack()
  const files = stack.use(await serveFiles())
  const media = files.serve('/prompt.wav', wavOf({ samples: prompt, sampleRateHz: 8_000 }), 'audio/wav')
  const env = trunk && {
    LINNET_TRUNK: `sip:linnet:secret@${trunk.address}:${trunk.port};transport=udp`,
  }
  const server = stack.use(await startServer(env ? { env } : {}))
  const open = stack.move()
  return { server, media, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

async function originate(server: TestServer, destination: string, media: string): Promise<string> {
  const callFlow = { steps: [{ action: 'play', options: { media } }] }
  const call = await server.create('/calls', { source: '31611111111', destination, callFlow })
  return String(call['id'])
}

const untilStatus = (server: TestServer, id: string, status: string) =>
  server.until(`/calls/${id}`, ({ data }) => data['status'] === status, 20_000)

test('a call to a SIP phone: it rings, answers, hears the prompt whole, and is hung up on', async () => {
  await using place = await start()
  const { server, media } = place
  await using phone = await openPhone()
  phone.onInvite((call) => {
    call.ring()
    call.answer()
  })
  const id = await originate(server, phone.uri, media)
  const call = await phone.nextCall()
  assert.equal(await call.waitForEnd(), 'them')
  await untilStatus(server, id, 'ended')

  const found = compareHeard(call.media.heard().samples, prompt)
  assert.ok(found.correlation > 0.99, `${found.correlation}`)
  assert.ok(Math.abs(found.levelDifferenceDb) < 1)
  assert.deepEqual(found.gaps, [])
  const { items } = await server.api('GET', `/calls/${id}/legs`)
  assert.deepEqual(
    items.map(({ direction, status }) => ({ direction, status })),
    [{ direction: 'outgoing', status: 'hangup' }],
  )
})

test('a call to baresip: it answers by itself and hears the prompt', { skip: withoutBaresip }, async () => {
  await using place = await start()
  const { server, media } = place
  await using baresip = await openBaresip()
  const id = await originate(server, baresip.uri, media)
  await baresip.waitFor('CALL_CLOSED', { timeoutMs: 15_000 })
  await untilStatus(server, id, 'ended')
  assert.ok(compareHeard(baresip.heard(), prompt).correlation > 0.99)
})

test('a call to a number goes through the trunk, which SIPp plays: digest, answer, BYE', {
  skip: withoutSipp,
}, async () => {
  await using sipp = await startSipp({ scenario: 'trunk', echo: true })
  await using place = await start(sipp.local)
  const { server, media } = place
  const id = await originate(server, '31687654321', media)
  const { messages } = await sipp.succeeded()
  assert.match(messages, /INVITE sip:\+?31687654321@/)
  await untilStatus(server, id, 'ended')
})

for (const algorithm of ['MD5', 'SHA-256'] as const) {
  test(`a trunk that asks for ${algorithm} by 407 gets the right answer`, async () => {
    await using trunk = await openPhone({ user: 'trunk' })
    await using place = await start(trunk.local)
    const { server, media } = place
    const verdicts: (string | undefined)[] = []
    trunk.onInvite(async (call) => {
      verdicts.push(await call.challenge({ user: 'linnet', password: 'secret', algorithm }))
      call.answer()
    })
    const id = await originate(server, '31687654321', media)
    const call = await trunk.nextCall()
    assert.equal(await call.waitForEnd(), 'them')
    assert.deepEqual(verdicts, [undefined])
    await untilStatus(server, id, 'ended')
  })
}

for (const [scenario, status] of [
  ['busy', 'busy'],
  ['unavailable', 'failed'],
] as const) {
  test(`SIPp is ${scenario}: the call ends as ${status}`, { skip: withoutSipp }, async () => {
    await using sipp = await startSipp({ scenario })
    await using place = await start()
    const { server, media } = place
    const id = await originate(server, `sip:someone@127.0.0.1:${sipp.local.port}`, media)
    await untilStatus(server, id, status)
    await sipp.succeeded()
  })
}

test('a phone that hangs up first ends the call', { skip: withoutSipp }, async () => {
  await using sipp = await startSipp({ scenario: 'answer-and-hang-up', pauseMs: 500 })
  await using place = await start()
  const { server, media } = place
  const id = await originate(server, `sip:someone@127.0.0.1:${sipp.local.port}`, media)
  await sipp.succeeded()
  await untilStatus(server, id, 'ended')
  assert.match(JSON.stringify(await server.journal(id)), /"by":"remote"/)
})

test('deleting a ringing call cancels it', { skip: withoutSipp }, async () => {
  await using sipp = await startSipp({ scenario: 'no-answer' })
  await using place = await start()
  const { server, media } = place
  const id = await originate(server, `sip:someone@127.0.0.1:${sipp.local.port}`, media)
  await server.until(`/calls/${id}/legs`, ({ data }) => data['status'] === 'ringing')
  assert.equal((await server.api('DELETE', `/calls/${id}`)).status, 204)
  await sipp.succeeded()
})
