import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../support/eventually.ts'
import { serveFiles } from '../support/http-files.ts'
import { isInstalled, recognise } from '../support/listen/recognise.ts'
import { runsOf } from '../support/listen/tones.ts'
import { wavOf } from '../support/listen/wav.ts'
import { type Comparison, compareHeard } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import { openPhone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { babble } from '../support/sounds.ts'
import { openBaresip, withoutBaresip } from './baresip.ts'
import { countReceived, startSipp, withoutCaptures, withoutSipp } from './sipp.ts'

failOnLeaks()

const [welcome, sales, support] = [babble(2, 11), babble(2, 12), babble(2, 13)]

/** A server, and files that its flows play. */
async function start() {
  await using stack = new AsyncDisposableStack()
  const files = stack.use(await serveFiles())
  const server = stack.use(await startServer())
  const serve = (name: string, samples: Int16Array) =>
    files.serve(`/${name}.wav`, wavOf({ samples, sampleRateHz: 8_000 }), 'audio/wav')
  const media = {
    welcome: serve('welcome', welcome),
    sales: serve('sales', sales),
    support: serve('support', support),
  }
  const open = stack.move()
  return { server, media, [Symbol.asyncDispose]: () => open.disposeAsync() }
}

const hangup = { action: 'hangup', options: {} }
const play = (media: string, more: object = {}) => ({ action: 'play', options: { media }, ...more })

/** Welcome, then wait: 1 leads to sales, 2 to support; each ends with a hang-up. */
function menu(media: { readonly welcome: string; readonly sales: string; readonly support: string }) {
  const gather = { onKeypressVar: 'choice', onKeypressGoto: 'chosen' }
  return [
    { id: 'welcome', ...play(media.welcome, gather) },
    { id: 'wait', action: 'pause', options: { length: 10 }, ...gather },
    { id: 'nobody', ...hangup },
    {
      id: 'chosen',
      ...play(media.sales, { conditions: [{ variable: 'choice', operator: '==', value: '1' }] }),
    },
    {
      id: 'second',
      ...play(media.support, { conditions: [{ variable: 'choice', operator: '==', value: '2' }] }),
    },
    { id: 'end', ...hangup },
  ]
}

function assertClean(found: Comparison): void {
  assert.ok(found.correlation > 0.99, `correlation ${found.correlation}`)
  assert.ok(Math.abs(found.levelDifferenceDb) < 1, `level ${found.levelDifferenceDb} dB`)
  assert.deepEqual(found.gaps, [])
  assert.deepEqual(found.slips, [])
}

/** The call that is not live any more, once there is one. */
async function endedCall(server: TestServer): Promise<Record<string, unknown>> {
  const { data } = await server.until('/calls', ({ data: call }) => call['status'] === 'ended')
  return data
}

test('a caller hears a played file whole, at its level and without gaps, then Linnet hangs up', async () => {
  await using place = await start()
  const { server, media } = place
  await server.assign('31612345678', [play(media.welcome), hangup])
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri('31612345678'))
  await call.waitFor('200 INVITE')
  assert.equal(await call.waitForEnd(), 'them')

  const heard = call.media.heard()
  const found = compareHeard(heard.samples, welcome)
  assertClean(found)
  assert.ok(found.heardMs > 1_950, `${found.heardMs} ms`)
  assert.equal(heard.lost, 0)
  assert.equal(heard.ssrcs.length, 1)
  await endedCall(server)
})

test('baresip hears a played file whole, and its own hang-up ends the call', {
  skip: withoutBaresip,
}, async () => {
  await using place = await start()
  const { server, media } = place
  await server.assign('31612345678', [play(media.welcome), { action: 'pause', options: { length: 30 } }])
  await using baresip = await openBaresip()
  baresip.dial(server.sipUri('31612345678'))
  await baresip.waitFor('CALL_ESTABLISHED')
  const { data: call } = await server.until('/calls', ({ data }) => data['status'] === 'ongoing')
  await server.until(`/calls/${String(call['id'])}/journal?perPage=100`, ({ items }) =>
    items.some(({ event }) => JSON.stringify(event).includes('"pause"')),
  )
  baresip.hangUp()
  await baresip.waitFor('CALL_CLOSED')
  assertClean(compareHeard(baresip.heard(), welcome))
  const ended = await endedCall(server)
  const journal = JSON.stringify(await server.journal(String(ended['id'])))
  assert.match(journal, /"by":"remote"/)
})

for (const [key, chosen, other] of [
  ['1', sales, support],
  ['2', support, sales],
] as const) {
  test(`baresip presses ${key} in a menu: the welcome stops and the right prompt follows`, {
    skip: withoutBaresip,
  }, async () => {
    await using place = await start()
    const { server, media } = place
    await server.assign('31612345678', menu(media))
    await using baresip = await openBaresip()
    baresip.dial(server.sipUri('31612345678'))
    await baresip.waitFor('CALL_ESTABLISHED')
    await baresip.press(key)
    await baresip.waitFor('CALL_CLOSED', { timeoutMs: 15_000 })
    const heard = baresip.heard()
    assertClean(compareHeard(heard, chosen))
    assert.ok(compareHeard(heard, other).correlation < 0.3, 'the other prompt was heard')
    assert.ok(compareHeard(heard, welcome).heardMs < 1_500, 'the welcome went on')
  })
}

test('a key cuts the prompt short within 100 ms of its first packet', async () => {
  await using place = await start()
  const { server, media } = place
  const onKey = { onKeypressGoto: 'silence' }
  await server.assign('31612345678', [
    play(media.welcome, onKey),
    hangup,
    { id: 'silence', action: 'pause', options: { length: 1 } },
  ])
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri('31612345678'))
  await call.waitFor('200 INVITE')
  await eventually('half a second of the prompt', () => call.media.heard().samples.length > 4_000)
  const pressedAt = performance.now()
  await call.media.press('1')
  await call.waitForEnd()
  const { samples, startedAtMs } = call.media.heard()
  const { offsetMs, heardMs } = compareHeard(samples, welcome)
  const stoppedAt = startedAtMs + offsetMs + heardMs
  // 20 ms until the phone's next packet, 20 ms at most until the server's, and this machine's own delays.
  assert.ok(stoppedAt - pressedAt < 100, `the prompt went on for ${stoppedAt - pressedAt} ms`)
})

test('SIPp presses 1 in a menu, and Linnet hangs up after the prompt', {
  skip: withoutCaptures,
}, async () => {
  await using place = await start()
  const { server, media } = place
  await server.assign('31612345678', menu(media))
  await using sipp = await startSipp({ scenario: 'press-1', target: server.sip, pauseMs: 500 })
  await sipp.succeeded()
  const journal = JSON.stringify(await server.journal(String((await endedCall(server))['id'])))
  assert.match(journal, /"keys":"1"/)
})

for (const scenario of ['caller-hangs-up', 'callee-hangs-up']) {
  test(`SIPp, ten calls at once: ${scenario}`, { skip: withoutSipp }, async () => {
    await using place = await start()
    const { server, media } = place
    const steps =
      scenario === 'caller-hangs-up' ? [play(media.welcome), play(media.sales)] : [play(media.welcome)]
    await server.assign('31612345678', steps)
    await using sipp = await startSipp({ scenario, target: server.sip, calls: 10, pauseMs: 1_000 })
    await sipp.succeeded()
    const { items } = await server.until('/calls?perPage=100', ({ items: calls }) =>
      calls.every(({ status }) => status === 'ended'),
    )
    assert.equal(items.length, 10)
  })
}

test('a late ACK: the 200 comes again until then, and the call goes on', { skip: withoutSipp }, async () => {
  await using place = await start()
  const { server, media } = place
  await server.assign('31612345678', [play(media.welcome), play(media.sales)])
  await using sipp = await startSipp({ scenario: 'late-ack', target: server.sip })
  // Three of the INVITE, one of the BYE.
  assert.equal(countReceived(await sipp.succeeded(), '200 OK'), 4)
})

test('an INVITE that comes twice is one call', async () => {
  await using place = await start()
  const { server, media } = place
  await server.assign('31612345678', [play(media.welcome), hangup])
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri('31612345678'))
  call.repeatInvite()
  await call.waitForEnd()
  const { items } = await server.api('GET', '/calls')
  assert.equal(items.length, 1)
})

test('a number without a flow is refused with 404', async () => {
  await using server = await startServer()
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri('31600000000'))
  await call.waitFor('404 INVITE')
})

const missing = ['flite', 'pocketsphinx_continuous'].filter((program) => !isInstalled(program))

test('a spoken sentence is understood by a speech recogniser', {
  skip: missing.length > 0 && `not installed: ${missing.join(', ')}`,
}, async () => {
  await using server = await startServer()
  const say = { payload: 'Press one for sales.', language: 'en-US', voice: 'male' }
  await server.assign('31612345678', [{ action: 'say', options: say }, hangup])
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri('31612345678'))
  await call.waitForEnd()
  const { samples, gaps } = call.media.heard()
  assert.deepEqual(gaps, [])
  assert.ok(runsOf(samples).some(({ kind, lengthMs }) => kind === 'sound' && lengthMs > 500))
  const sentences = ['press one for sales', 'press two for support', 'thank you and goodbye']
  assert.equal(recognise(samples, sentences), 'press one for sales')
})
