import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type HttpFiles, serveFiles } from '../support/http-files.ts'
import { compareHeard } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import { Phone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { babble } from '../support/sounds.ts'

failOnLeaks()

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

const mp3 = readFileSync(new URL('../support/sounds/stereo-44100.mp3', import.meta.url))
const play = (media: string, more: object = {}) => ({ action: 'play', options: { media }, ...more })

/** Calls a flow of these steps; what was heard, and how the step with the id `mp3` ended. */
async function hear(number: string, steps: readonly object[]) {
  await server.assign(number, steps)
  await using phone = await Phone.open({ user: 'caller' })
  const call = await phone.call(server.sipUri(number))
  await call.waitForEnd()
  const journal = await server.journalOfCallTo(number)
  const step = journal.find((event) => event['type'] === 'stepEnded' && event['stepId'] === 'mp3')
  return { samples: call.media.heard().samples, step }
}

test('a caller hears an MP3 file, whatever its type and its name say', async () => {
  const url = files.serve('/sound.wav', mp3, 'application/octet-stream')
  const { samples, step } = await hear('31200000301', [play(url, { id: 'mp3' })])
  const { correlation, longestGapMs, levelDifferenceDb } = compareHeard(samples, babble(1))
  assert.ok(correlation > 0.95, `correlation ${correlation}`)
  assert.ok(Math.abs(levelDifferenceDb) < 1, `${levelDifferenceDb} dB`)
  assert.equal(longestGapMs, 0)
  assert.equal(step?.['outcome'], 'completed')
})

test('a broken MP3 file is told in the journal, and the flow goes on with the next one', async () => {
  const broken = files.serve(
    '/broken.mp3',
    Buffer.concat([mp3.subarray(0, 20), Buffer.alloc(5_000, 7)]),
    'audio/mpeg',
  )
  const whole = files.serve('/whole.mp3', mp3, 'audio/mpeg')
  const { samples, step } = await hear('31200000302', [play(broken, { id: 'mp3' }), play(whole)])
  assert.ok(compareHeard(samples, babble(1)).correlation > 0.95)
  assert.equal(step?.['outcome'], 'failed')
  assert.match(String(step?.['detail']), /broken\.mp3 can't be played: it is an MP3 file /)
})
