import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serializeWav } from '../../src/audio/wav.ts'
import { type HttpFiles, serveFiles } from '../support/http-files.ts'
import { compareHeard } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import type { PhoneCall } from '../support/phone/call.ts'
import { Phone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { babble } from '../support/sounds.ts'

failOnLeaks()

const SOUND = babble(2)
let server: TestServer
let files: HttpFiles
let sound: string

before(async () => {
  server = await startServer()
  files = await serveFiles()
  sound = files.serve('/sound.wav', wav(SOUND), 'audio/wav')
})

after(async () => {
  await files[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const wav = (samples: Int16Array) => serializeWav(samples, 8_000)
const play = (media: string, more: object = {}) => ({ action: 'play', options: { media }, ...more })
const pause = (length: number, more: object = {}) => ({ action: 'pause', options: { length }, ...more })
const hangup = { action: 'hangup' }

/** Calls a number from a fresh phone; the caller disposes the phone. */
async function dial(number: string, options: Parameters<Phone['call']>[1] = {}) {
  const phone = await Phone.open({ user: '31600000001' })
  const call = await phone.call(server.sipUri(number), options)
  return { phone, call, [Symbol.asyncDispose]: () => phone[Symbol.asyncDispose]() }
}

/** The stored call with this SIP Call-ID, once it has ended, and its journal. */
async function ended(call: PhoneCall) {
  const deadline = performance.now() + 5_000
  for (;;) {
    const { items } = await server.api('GET', '/calls?perPage=20')
    for (const item of items) {
      const journal = await server.journal(String(item['id']))
      const mine = journal.some((entry) => JSON.stringify(entry).includes(call.callId))
      if (mine && item['endedAt'] !== null) return { item, events: journal }
    }
    assert.ok(performance.now() < deadline, 'the call did not end')
  }
}

test('a caller hears the file of a play step to the sample, then the call is hung up', async () => {
  await server.assign('31200000001', [play(sound), hangup])
  await using caller = await dial('31200000001')
  assert.equal(await caller.call.waitForEnd(), 'them')

  const heard = caller.call.media.heard()
  const comparison = compareHeard(heard.samples, SOUND)
  assert.ok(comparison.correlation > 0.99, `correlation ${comparison.correlation}`)
  assert.ok(Math.abs(comparison.levelDifferenceDb) < 0.5, `level ${comparison.levelDifferenceDb} dB`)
  assert.deepEqual([comparison.longestGapMs, comparison.slips, heard.lost, heard.reordered], [0, [], 0, 0])
  assert.ok(comparison.heardMs >= 1_950, `heard ${comparison.heardMs} ms`)
  const { item, events } = await ended(caller.call)
  assert.equal(item['status'], 'ended')
  assert.ok(
    events.some((event) => event['type'] === 'media' && JSON.stringify(event).includes('packetsSent')),
  )
})

test('a phone that only speaks A-law hears the same', async () => {
  await server.assign('31200000002', [play(sound), hangup])
  await using caller = await dial('31200000002', { sdp: { codecs: ['PCMA'] } })
  await caller.call.waitForEnd()
  const comparison = compareHeard(caller.call.media.heard().samples, SOUND)
  assert.ok(comparison.correlation > 0.99)
  assert.equal(comparison.longestGapMs, 0)
})

test('a 16 kHz stereo file is converted', async () => {
  const stereo = new Int16Array(SOUND.length * 4)
  for (const [index, sample] of SOUND.entries()) stereo.fill(sample, index * 4, index * 4 + 4)
  const file = serializeWav(stereo, 16_000)
  file.writeUInt16LE(2, 22) // channels
  file.writeUInt32LE(16_000 * 4, 28) // bytes a second
  file.writeUInt16LE(4, 32) // bytes of all channels a sample
  const url = files.serve('/stereo.wav', file, 'audio/wav')
  await server.assign('31200000003', [play(url), hangup])
  await using caller = await dial('31200000003')
  await caller.call.waitForEnd()
  const { correlation, longestGapMs } = compareHeard(caller.call.media.heard().samples, SOUND)
  assert.ok(correlation > 0.95, `correlation ${correlation}`)
  assert.equal(longestGapMs, 0)
})

test('a key stops the prompt and jumps to its step', async () => {
  const other = babble(1, 7)
  const news = files.serve('/news.wav', wav(other), 'audio/wav')
  await server.assign('31200000004', [
    play(sound, { onKeypressGoto: 'news' }),
    hangup,
    play(news, { id: 'news' }),
  ])
  await using caller = await dial('31200000004')
  await caller.call.waitFor('200 INVITE')
  await new Promise((resolve) => setTimeout(resolve, 500))
  await caller.call.media.press('5')
  await caller.call.waitForEnd()

  const { samples } = caller.call.media.heard()
  const first = compareHeard(samples, SOUND)
  const second = compareHeard(samples, other)
  const cutAfterMs = second.offsetMs - first.offsetMs
  assert.ok(cutAfterMs < 1_300, `the prompt went on for ${cutAfterMs} ms`)
  assert.ok(second.correlation > 0.99 && second.longestGapMs === 0)
  const { events } = await ended(caller.call)
  const gathered = events.find((event) => event['type'] === 'keysGathered')
  assert.equal(gathered?.['keys'], '5')
})

test('keys are gathered up to the end key, and lost event packets lose no key', async () => {
  const keys = { onKeypressVar: 'code', endKey: '#', onKeypressGoto: 'done' }
  await server.assign('31200000005', [pause(10, keys), hangup, pause(1, { id: 'done' })])
  await using caller = await dial('31200000005')
  await caller.call.waitFor('200 INVITE')
  await caller.call.media.press('12', { loseFirst: 1 })
  await caller.call.media.press('33', { loseEnds: 3 })
  await caller.call.media.press('*')
  void caller.call.media.press('#') // ends the call at once
  await caller.call.waitForEnd()

  const { events } = await ended(caller.call)
  const gathered = events.find((event) => event['type'] === 'keysGathered')
  assert.deepEqual([gathered?.['keys'], gathered?.['variable']], ['1233*', 'code'])
})

test('maxNumKeys ends the gathering by itself', async () => {
  await server.assign('31200000006', [pause(10, { onKeypressVar: 'pin', maxNumKeys: 4 })])
  await using caller = await dial('31200000006')
  await caller.call.waitFor('200 INVITE')
  const startedAt = performance.now()
  void caller.call.media.press('9876') // the call ends with the last key's first packet
  await caller.call.waitForEnd()
  assert.ok(performance.now() - startedAt < 4_000)
  const { events } = await ended(caller.call)
  assert.equal(events.find((event) => event['type'] === 'keysGathered')?.['keys'], '9876')
})

test('a caller may hang up in the middle of a prompt', async () => {
  await server.assign('31200000007', [play(sound), play(sound)])
  await using caller = await dial('31200000007')
  await caller.call.waitFor('200 INVITE')
  await new Promise((resolve) => setTimeout(resolve, 300))
  await caller.call.bye()
  const { item, events } = await ended(caller.call)
  assert.equal(item['status'], 'ended')
  const last = events.at(-1)?.['endReason'] as { by: string; cause: string }
  assert.deepEqual([last.by, last.cause], ['remote', 'hangup'])
})

test('a lost ACK: the 200 is repeated until it comes, and the call goes on', async () => {
  await server.assign('31200000008', [pause(3), hangup])
  await using caller = await dial('31200000008', { ack: { afterMs: 1_700 } })
  await caller.call.waitFor('200 INVITE', { count: 3 })
  await caller.call.waitForEnd()
  assert.equal(caller.call.all('BYE').length, 1)
  assert.equal(caller.call.all('200 INVITE').length, 3)
})

test('a repeated INVITE gets the same answer and makes no second call', async () => {
  await server.assign('31200000009', [pause(1), hangup])
  await using caller = await dial('31200000009')
  await caller.call.waitFor('200 INVITE')
  caller.call.repeatInvite()
  await caller.call.waitForEnd()
  const { items } = await server.api('GET', '/calls?perPage=100')
  assert.equal(items.filter((item) => item['destination'] === '31200000009').length, 1)
})

test('a lost BYE is repeated until it is answered', async () => {
  await server.assign('31200000010', [pause(1), hangup])
  const phone = await Phone.open({ user: 'x' })
  await using _phone = phone
  phone.lose({ kind: 'BYE', direction: 'in', count: 1 })
  const call = await phone.call(server.sipUri('31200000010'))
  assert.equal(await call.waitForEnd(), 'them')
})

for (const [what, path, body, type] of [
  ['is not there', '/missing.wav', undefined, ''],
  ['is a web page', '/page.wav', '<html>', 'text/html'],
  ['is cut off', '/cut.wav', wav(SOUND).subarray(0, 20), 'audio/wav'],
] as const) {
  test(`a file that ${what} is told in the journal, and the flow goes on`, async () => {
    const url = body === undefined ? `${files.url}${path}` : files.serve(path, Buffer.from(body), type)
    await server.assign('31200000011', [play(url, { id: 'bad' }), play(sound), hangup])
    await using caller = await dial('31200000011')
    await caller.call.waitForEnd()
    assert.ok(compareHeard(caller.call.media.heard().samples, SOUND).correlation > 0.99)
    const { events } = await ended(caller.call)
    const step = events.find((event) => event['type'] === 'stepEnded' && event['stepId'] === 'bad')
    assert.equal(step?.['outcome'], 'failed')
    assert.ok(String(step?.['detail']).length > 20, String(step?.['detail']))
  })
}

test('an unassigned number is a 404 until there is a default flow', async () => {
  await using stranger = await dial('31299999999')
  await stranger.call.waitFor('404 INVITE')

  const flow = await server.create('/call-flows', { default: true, steps: [pause(1), hangup] })
  await using caller = await dial('31299999999')
  await caller.call.waitForEnd()
  assert.equal((await server.api('DELETE', `/call-flows/${String(flow['id'])}`)).status, 204)
})

test('an offer without a codec that we speak is a 488', async () => {
  await server.assign('31200000012', [hangup])
  const offer =
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n'
  await using caller = await dial('31200000012', { sdp: offer })
  await caller.call.waitFor('488 INVITE')
})

test('garbage on the SIP port is survived: 400 where RFC 3261 wants one, silence otherwise', async () => {
  const phone = await Phone.open({ user: 'x' })
  await using _phone = phone
  const { address, port } = phone.local
  phone.sendRaw('\0\0\0\0', server.sip)
  phone.sendRaw('INVITE\r\n\r\n', server.sip)
  phone.sendRaw('SIP/2.0 200 OK\r\n\r\n', server.sip)
  phone.sendRaw(
    `INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP ${address}:${port};branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n` +
      'Call-ID: broken\r\nCSeq: nonsense INVITE\r\nContent-Length: 0\r\n\r\n',
    server.sip,
  )
  await server.assign('31200000013', [pause(1), hangup])
  await using caller = await dial('31200000013')
  await caller.call.waitForEnd()
})
