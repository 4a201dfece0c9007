import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { serializeWav } from '../../src/audio/wav.ts'
import { type HttpFiles, serveFiles } from '../support/http-files.ts'
import { findOffset } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import type { PhoneCall } from '../support/phone/call.ts'
import { Phone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { babble } from '../support/sounds.ts'

failOnLeaks()

const SLOW = { delayMs: 400, headers: { 'cache-control': 'no-store' } }
let server: TestServer
let files: HttpFiles

before(async () => {
  server = await startServer()
  files = await serveFiles()
})

after(async () => {
  await files[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const serve = (path: string, samples: Int16Array, misbehaviour = {}) =>
  files.serve(path, serializeWav(samples, 8_000), 'audio/wav', misbehaviour)
const play = (media: string | string[], more: object = {}) => ({
  action: 'play',
  options: { media },
  ...more,
})

async function dial(number: string) {
  const phone = await Phone.open({ user: 'caller' })
  const call = await phone.call(server.sipUri(number))
  await call.waitFor('200 INVITE')
  return { call, [Symbol.asyncDispose]: () => phone[Symbol.asyncDispose]() }
}

/** Silence between the end of one sound and the beginning of the next, as the phone heard it. */
function gapMs(call: PhoneCall, first: Int16Array, second: Int16Array): number {
  const { samples } = call.media.heard()
  return (findOffset(samples, second) - findOffset(samples, first) - first.length) / 8
}

for (const [what, number, steps] of [
  ['two steps', '31200000401', (first: string, second: string) => [play(first), play(second)]],
  ['two files of one step', '31200000402', (first: string, second: string) => [play([first, second])]],
] as const) {
  test(`there is no gap between ${what} when the second file comes slowly`, async () => {
    const [one, two] = [babble(2, 3), babble(1, 4)]
    const first = serve('/first.wav', one)
    const second = serve(`/second-${number}.wav`, two, SLOW)
    await server.assign(number, steps(first, second))
    await using caller = await dial(number)
    await caller.call.waitForEnd()
    const gap = gapMs(caller.call, one, two)
    assert.ok(gap >= 0 && gap <= 100, `a gap of ${gap} ms`)
    const path = new URL(second).pathname
    assert.equal(files.requests.filter(({ url }) => url.pathname === path).length, 1, 'fetched once')
  })
}

test('the target of a key is there when the key is pressed', async () => {
  const [one, two] = [babble(2, 5), babble(1, 6)]
  const menu = serve('/menu.wav', one)
  const news = serve('/news.wav', two, SLOW)
  const steps = [play(menu, { onKeypressGoto: 'news' }), { action: 'hangup' }, play(news, { id: 'news' })]
  await server.assign('31200000403', steps)
  await using caller = await dial('31200000403')
  await sleep(900)
  const pressedAt = performance.now()
  void caller.call.media.press('1')
  await caller.call.waitForEnd()
  const heard = caller.call.media.heard()
  const afterMs = heard.startedAtMs + findOffset(heard.samples, two) / 8 - pressedAt
  assert.ok(afterMs < 200, `heard ${afterMs} ms after the key`)
})

test('a file that is never wanted does not keep a call from ending, and a missing one is told when its step comes', async () => {
  const one = babble(1, 7)
  const first = serve('/short.wav', one)
  const missing = `${files.url}/missing.wav`
  const stuck = files.serve('/stuck.wav', 'RIFF', 'audio/wav', { stallAfterBytes: 2 })
  const steps = [
    play(first, { onKeypressGoto: 'never' }),
    play(missing, { id: 'missing' }),
    { action: 'hangup' },
    play(stuck, { id: 'never' }),
  ]
  await server.assign('31200000404', steps)
  await using caller = await dial('31200000404')
  await caller.call.waitForEnd(5_000)
  const journal = await server.journalOfCallTo('31200000404')
  const step = journal.find((event) => event['type'] === 'stepEnded' && event['stepId'] === 'missing')
  assert.match(String(step?.['detail']), /missing\.wav can't be played: the server answered 404/)
})
