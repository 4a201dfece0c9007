import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
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

/** One server for this file, and files that its flows play; each test has a number of its own. */
let server: TestServer
const media = { welcome: '', sales: '', support: '' }
const place = new AsyncDisposableStack()
let numbers = 31_600_000_000

before(async () => {
  const files = place.use(await serveFiles())
  server = place.use(await startServer())
  for (const [name, samples] of Object.entries({ welcome, sales, support })) {
    const url = files.serve(`/${name}.wav`, wavOf({ samples, sampleRateHz: 8_000 }), 'audio/wav')
    Object.assign(media, { [name]: url })
  }
})

after(() => place.disposeAsync())

/** A number that leads to these steps. */
async function numberFor(steps: readonly unknown[]): Promise<string> {
  numbers += 1
  await server.assign(String(numbers), steps)
  return String(numbers)
}

const hangup = { action: 'hangup', options: {} }
const play = (media: string, more: object = {}) => ({ action: 'play', options: { media }, ...more })

/** Welcome, then wait: 1 leads to sales, 2 to support; each ends with a hang-up. */
function menu() {
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

/** The call to a number, once it has a status. */
async function callTo(number: string, status: string): Promise<Record<string, unknown>> {
  const find = ({ items }: { readonly items: readonly Record<string, unknown>[] }) =>
    items.find((call) => call['destination'] === number && call['status'] === status)
  const answer = await server.until('/calls?perPage=100', (calls) => find(calls) !== undefined)
  return find(answer) ?? {}
}

test('a caller hears a played file whole, at its level and without gaps, then Linnet hangs up', async () => {
  const number = await numberFor([play(media.welcome), hangup])
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri(number))
  await call.waitFor('200 INVITE')
  assert.equal(await call.waitForEnd(), 'them')

  const heard = call.media.heard()
  const found = compareHeard(heard.samples, welcome)
  assertClean(found)
  assert.ok(found.heardMs > 1_950, `${found.heardMs} ms`)
  assert.equal(heard.lost, 0)
  assert.equal(heard.ssrcs.length, 1)
  await callTo(number, 'ended')
})

test('baresip hears a played file whole, and its own hang-up ends the call', {
  skip: withoutBaresip,
}, async () => {
  const number = await numberFor([play(media.welcome), { action: 'pause', options: { length: 30 } }])
  await using baresip = await openBaresip()
  baresip.dial(server.sipUri(number))
  await baresip.waitFor('CALL_ESTABLISHED')
  const { id } = await callTo(number, 'ongoing')
  await server.until(`/calls/${String(id)}/journal?perPage=100`, ({ items }) =>
    items.some(({ type, action }) => type === 'stepStarted' && action === 'pause'),
  )
  baresip.hangUp()
  await baresip.waitFor('CALL_CLOSED')
  assertClean(compareHeard(baresip.heard(), welcome))
  await callTo(number, 'ended')
  const journal = JSON.stringify(await server.journal(String(id)))
  assert.match(journal, /"by":"remote"/)
})

for (const [key, chosen, other] of [
  ['1', sales, support],
  ['2', support, sales],
] as const) {
  test(`baresip presses ${key} in a menu: the welcome stops and the right prompt follows`, {
    skip: withoutBaresip,
  }, async () => {
    const number = await numberFor(menu())
    await using baresip = await openBaresip()
    baresip.dial(server.sipUri(number))
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
  const onKey = { onKeypressGoto: 'silence' }
  const number = await numberFor([
    play(media.welcome, onKey),
    hangup,
    { id: 'silence', action: 'pause', options: { length: 1 } },
  ])
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri(number))
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
  const number = await numberFor(menu())
  await using sipp = await startSipp({ scenario: 'press-1', target: server.sip, user: number, pauseMs: 500 })
  await sipp.succeeded()
  const journal = JSON.stringify(await server.journal(String((await callTo(number, 'ended'))['id'])))
  assert.match(journal, /"keys":"1"/)
})

for (const scenario of ['caller-hangs-up', 'callee-hangs-up']) {
  test(`SIPp, ten calls at once: ${scenario}`, { skip: withoutSipp }, async () => {
    const steps =
      scenario === 'caller-hangs-up' ? [play(media.welcome), play(media.sales)] : [play(media.welcome)]
    const number = await numberFor(steps)
    await using sipp = await startSipp({
      scenario,
      target: server.sip,
      user: number,
      calls: 10,
      pauseMs: 1_000,
    })
    await sipp.succeeded()
    await server.until('/calls?perPage=100', ({ items }) => {
      const calls = items.filter(({ destination }) => destination === number)
      return calls.length === 10 && calls.every(({ status }) => status === 'ended')
    })
  })
}

test('a late ACK: the 200 comes again until then, and the call goes on', { skip: withoutSipp }, async () => {
  const number = await numberFor([play(media.welcome), play(media.sales)])
  await using sipp = await startSipp({ scenario: 'late-ack', target: server.sip, user: number })
  // Three of the INVITE, one of the BYE.
  assert.equal(countReceived(await sipp.succeeded(), '200 OK'), 4)
})

test('an INVITE that comes twice is one call', async () => {
  const number = await numberFor([play(media.welcome), hangup])
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri(number))
  call.repeatInvite()
  await call.waitForEnd()
  const { items } = await server.api('GET', '/calls?perPage=100')
  assert.equal(items.filter(({ destination }) => destination === number).length, 1)
})

test('a number without a flow is refused with 404', async () => {
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri('31600000000'))
  await call.waitFor('404 INVITE')
})

const missing = ['flite', 'pocketsphinx_continuous'].filter((program) => !isInstalled(program))

test('a spoken sentence is understood by a speech recogniser', {
  skip: missing.length > 0 && `not installed: ${missing.join(', ')}`,
}, async () => {
  const say = { payload: 'Press one for sales.', language: 'en-US', voice: 'male' }
  const number = await numberFor([{ action: 'say', options: say }, hangup])
  await using phone = await openPhone()
  const call = await phone.call(server.sipUri(number))
  await call.waitFor('200 INVITE')
  await call.waitForEnd()
  const { samples, gaps } = call.media.heard()
  assert.deepEqual(gaps, [])
  assert.ok(runsOf(samples).some(({ kind, lengthMs }) => kind === 'sound' && lengthMs > 500))
  const sentences = ['press one for sales', 'press two for support', 'thank you and goodbye']
  assert.equal(recognise(samples, sentences), 'press one for sales')
})
