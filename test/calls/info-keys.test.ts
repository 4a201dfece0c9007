import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { serializeWav } from '../../src/audio/wav.ts'
import { type HttpFiles, serveFiles } from '../support/http-files.ts'
import { compareHeard } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import type { PhoneCall } from '../support/phone/call.ts'
import { statusOf } from '../support/phone/sip-text.ts'
import { Phone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { babble } from '../support/sounds.ts'

failOnLeaks()

const SOUND = babble(3)
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

/** Sends an INFO and returns the status of its response. */
async function inform(call: PhoneCall, body: string, contentType = 'application/dtmf-relay') {
  const { message } = await call.request('INFO', { headers: [['Content-Type', contentType]], body })
  return statusOf(message)
}

async function gathered(number: string): Promise<unknown> {
  const journal = await server.journalOfCallTo(number)
  return journal.find((event) => event['type'] === 'keysGathered')?.['keys']
}

test('a key by INFO stops the prompt at once, and both kinds of INFO fill a gathering', async () => {
  const url = files.serve('/sound.wav', serializeWav(SOUND, 8_000), 'audio/wav')
  const gather = { onKeypressVar: 'pin', maxNumKeys: 4 }
  await server.assign('31200000101', [{ action: 'play', options: { media: url }, ...gather }])
  await using phone = await Phone.open({ user: 'caller' })
  const call = await phone.call(server.sipUri('31200000101'), { sdp: { telephoneEvent: undefined } })
  await call.waitFor('200 INVITE')
  await sleep(400)
  const pressedAt = performance.now()
  assert.equal(await inform(call, 'Signal=5\r\nDuration=160\r\n'), 200)
  assert.equal(await inform(call, '5', 'application/dtmf; charset=utf-8'), 200)
  assert.equal(await inform(call, 'Signal=16\r\nDuration=160\r\n'), 415)
  assert.equal(await inform(call, 'Signal=10\r\n'), 200)
  assert.equal(await inform(call, '#', 'application/dtmf'), 200)
  await call.waitForEnd()

  const heard = call.media.heard()
  const { offsetMs, heardMs } = compareHeard(heard.samples, SOUND)
  const wentOnMs = heard.startedAtMs + offsetMs + heardMs - pressedAt
  assert.ok(wentOnMs < 150, `the prompt went on for ${wentOnMs} ms`)
  assert.equal(await gathered('31200000101'), '55*#')
})

test('keys that a phone sends by INFO and as telephone events count once each', async () => {
  const gather = { onKeypressVar: 'pin', endKey: '#' }
  await server.assign('31200000102', [{ action: 'pause', options: { length: 10 }, ...gather }])
  await using phone = await Phone.open({ user: 'caller' })
  const call = await phone.call(server.sipUri('31200000102'))
  await call.waitFor('200 INVITE')
  for (const key of '112') {
    const pressed = call.media.press(key, { durationMs: 80, gapMs: 60 })
    assert.equal(await inform(call, `Signal=${key}\r\nDuration=80\r\n`), 200)
    await pressed
  }
  assert.equal(await inform(call, '#', 'application/dtmf'), 200)
  await call.waitForEnd()
  assert.equal(await gathered('31200000102'), '112')
})
