import assert from 'node:assert/strict'
import { readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeWav, parseWav } from '../../src/audio/wav.ts'
import { type HttpFiles, serveFiles } from '../support/http-files.ts'
import { audibleKeys, toneLevelDb } from '../support/listen/tones.ts'
import { compareHeard } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import { Phone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { babble } from '../support/sounds.ts'

failOnLeaks()

const BEEP_HZ = 1_000
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

const record = (options: object = {}) => ({ id: 'record', action: 'record', options })
const pause = (length: number, more: object = {}) => ({ action: 'pause', options: { length }, ...more })

/** Calls a number from a fresh phone; the caller disposes the phone. */
async function dial(number: string, options: Parameters<Phone['call']>[1] = {}, on = server) {
  const phone = await Phone.open({ user: '31600000001' })
  const call = await phone.call(on.sipUri(number), options)
  await call.waitFor('200 INVITE')
  return { call, [Symbol.asyncDispose]: () => phone[Symbol.asyncDispose]() }
}

type Caller = Awaited<ReturnType<typeof dial>>

/** Resolves when the beep has been heard and is over: the recording has begun. */
async function afterBeep({ call }: Caller): Promise<void> {
  const deadline = performance.now() + 5_000
  for (;;) {
    const { samples } = call.media.heard()
    const last = samples.subarray(-160)
    const heard = samples.length > 4_000 && toneLevelDb(samples.subarray(-4_320, -320), BEEP_HZ) > -18
    if (heard && toneLevelDb(last, BEEP_HZ) < -40) return
    assert.ok(performance.now() < deadline, 'no beep was heard')
    await sleep(5)
  }
}

/** Presses keys of which the last may end the call while it is still held. */
async function pressLast({ call }: Caller, keys: string): Promise<void> {
  await call.media.press(keys).catch(() => {})
}

/** The stored call with this SIP Call-ID, and its journal. */
async function callOf({ call }: Caller, on = server) {
  const { items } = await on.api('GET', '/calls?perPage=50')
  for (const item of items) {
    const events = await on.journal(String(item['id']))
    if (events.some((entry) => JSON.stringify(entry).includes(call.callId))) return { item, events }
  }
  throw new Error('the call is not stored')
}

/** The call's only recording once it has ended: as the API shows it, its journal entry, and its sound. */
async function recordingOf(caller: Caller, on = server) {
  const deadline = performance.now() + 5_000
  for (;;) {
    const { events, item } = await callOf(caller, on)
    const end = events.find((event) => event['type'] === 'recordingEnded')
    if (end) {
      const { data } = await on.api('GET', `/recordings/${String(end['recordingId'])}`)
      return { end, events, data, call: item }
    }
    assert.ok(performance.now() < deadline, 'no recording has ended')
    await sleep(20)
  }
}

async function download(recordingId: unknown, on = server): Promise<Int16Array> {
  const response = await fetch(`${on.http}/recordings/${String(recordingId)}.wav`, {
    headers: { authorization: `AccessKey ${on.key}` },
  })
  assert.equal(response.status, 200)
  const bytes = new Uint8Array(await response.arrayBuffer())
  assert.equal(bytes.length, Number(response.headers.get('content-length')))
  const file = parseWav(bytes)
  assert.ok(!('failure' in file))
  assert.deepEqual([file.encoding, file.sampleRateHz, file.channels], ['pcm16', 8_000, 1])
  assert.equal(file.data.length, bytes.length - 44, 'the header tells the length')
  return decodeWav(file)
}

function stepEnd(events: readonly Record<string, unknown>[]): Record<string, unknown> | undefined {
  return events.find((event) => event['type'] === 'stepEnded' && event['stepId'] === 'record')
}

test('what a caller says after the beep is in the file to the sample, and the key that ends it is not', async () => {
  await server.assign('31200000101', [record({ finishOnKey: '#' }), pause(1)])
  await using caller = await dial('31200000101')
  await afterBeep(caller)
  const said = babble(3)
  await caller.call.media.play(said)
  await caller.call.media.press('#')
  await caller.call.waitForEnd()

  const { end, data, events } = await recordingOf(caller)
  assert.deepEqual([end['how'], end['key'], end['status']], ['key', '#', 'done'])
  assert.deepEqual(
    [data['status'], data['state'], data['type'], data['duration'], data['format']],
    ['done', 'done', 'ivr', 3, 'wav'],
  )
  assert.equal(stepEnd(events)?.['outcome'], 'completed')
  assert.ok(events.some((event) => event['type'] === 'key' && event['key'] === '#'))
  const samples = await download(data['id'])
  const { correlation, longestGapMs, slips, offsetSamples, heardMs } = compareHeard(samples, said)
  assert.ok(correlation > 0.99, `correlation ${correlation}`)
  assert.deepEqual([longestGapMs, slips], [0, []])
  assert.ok(heardMs >= 2_990, `${heardMs} ms`)
  assert.ok(offsetSamples >= 0 && offsetSamples < 200 * 8, `begins after ${offsetSamples / 8} ms`)
  const afterSpeech = samples.length - offsetSamples - said.length
  assert.ok(afterSpeech >= 0 && afterSpeech <= 320, `${afterSpeech / 8} ms after the speech`)
  assert.ok(Math.abs(Number(end['durationSeconds']) - samples.length / 8_000) < 0.001)
  assert.equal(audibleKeys(samples), '')
  assert.ok(toneLevelDb(samples.subarray(0, 800), BEEP_HZ) < -40, 'the beep is not in the file')
})

test('other keys neither end a recording nor get lost: the next step that gathers has them', async () => {
  const gather = pause(5, { onKeypressVar: 'code', maxNumKeys: 2 })
  await server.assign('31200000102', [record({ finishOnKey: '#' }), gather])
  await using caller = await dial('31200000102')
  await afterBeep(caller)
  await pressLast(caller, '12#')
  await caller.call.waitForEnd()
  const { end, events } = await recordingOf(caller)
  assert.equal(end['key'], '#')
  assert.equal(events.find((event) => event['type'] === 'keysGathered')?.['keys'], '12')
})

test('lost packets are silence of the right length', async () => {
  await server.assign('31200000103', [record({ finishOnKey: 'any' }), pause(1)])
  await using caller = await dial('31200000103', { sdp: { codecs: ['PCMA'] } })
  await afterBeep(caller)
  const { media } = caller.call
  const first = media.packetsSent + 50
  media.lose = (packet) => (packet >= first && packet < first + 20) || packet === first + 60
  const said = babble(3, 5)
  await media.play(said)
  await media.press('7')
  await caller.call.waitForEnd()

  const { data } = await recordingOf(caller)
  const samples = await download(data['id'])
  const { slips, gaps, offsetSamples } = compareHeard(samples, said)
  assert.deepEqual(slips, [])
  const lengths = gaps.map(({ lengthMs }) => Math.round(lengthMs / 20) * 20)
  assert.deepEqual(lengths, [400, 20], JSON.stringify(gaps))
  assert.ok(Math.abs(samples.length - offsetSamples - said.length) <= 320)
})

test('silence ends a recording, and so does its longest length, to the sample', async () => {
  await server.assign('31200000104', [record({ timeout: 1 }), pause(1)])
  await using quiet = await dial('31200000104')
  await afterBeep(quiet)
  await quiet.call.media.play(babble(1))
  await quiet.call.waitForEnd()
  const silence = await recordingOf(quiet)
  assert.equal(silence.end['how'], 'silence')
  const seconds = Number(silence.end['durationSeconds'])
  assert.ok(seconds > 1.7 && seconds < 2.4, `${seconds} s`)

  await server.assign('31200000105', [
    record({ maxLength: 1, transcribe: true, transcribeLanguage: 'en-US' }),
  ])
  await using talker = await dial('31200000105')
  await afterBeep(talker)
  await talker.call.media.play(babble(2)).catch(() => {}) // the call ends before
  await talker.call.waitForEnd()
  const full = await recordingOf(talker)
  assert.equal(full.end['how'], 'maxLength')
  assert.match(String(full.end['detail']), /not transcribed/)
  assert.equal((await download(full.data['id'])).length, 8_000)
})

test('onFinish gets the finished recording, can download it at once, and its flow runs', async () => {
  let downloaded: Promise<Int16Array> | undefined
  const url = files.answer('/finished', ({ body }) => {
    downloaded = download((JSON.parse(body) as { id: string }).id)
    return { contentType: 'application/json', body: JSON.stringify({ steps: [pause(1, { id: 'after' })] }) }
  })
  await server.assign('31200000106', [record({ finishOnKey: 'any', onFinish: url }), pause(60)])
  await using caller = await dial('31200000106')
  await afterBeep(caller)
  await caller.call.media.play(babble(1))
  await caller.call.media.press('1')
  await caller.call.waitForEnd()

  const { data, events, call } = await recordingOf(caller)
  const request = await files.waitForRequest('/finished')
  assert.equal(request.method, 'POST')
  assert.deepEqual(JSON.parse(request.body), data)
  assert.equal(request.url.searchParams.get('callID'), call['id'])
  const samples = await downloaded
  assert.ok(samples && samples.length >= 8_000 && samples.length < 9_600)
  assert.ok(events.some((event) => event['type'] === 'flowStarted' && event['from'] === 'onFinish'))
  assert.ok(events.some((event) => event['stepId'] === 'after'))
})

test('a caller who hangs up leaves a finished recording of all that was said', async () => {
  await server.assign('31200000107', [record(), pause(1)])
  await using caller = await dial('31200000107')
  await afterBeep(caller)
  const said = babble(2, 3)
  await caller.call.media.play(said)
  await caller.call.bye()
  const { data, end } = await recordingOf(caller)
  assert.deepEqual([end['how'], data['status']], ['stopped', 'done'])
  const { correlation, heardMs } = compareHeard(await download(data['id']), said)
  assert.ok(correlation > 0.99 && heardMs >= 1_990, `${correlation}, ${heardMs} ms`)
})

test('onFinish hears of a message whose caller hung up, and may download it', async () => {
  let downloaded: Promise<Int16Array> | undefined
  const url = files.answer('/voicemail', ({ body }) => {
    downloaded = download((JSON.parse(body) as { id: string }).id)
    return { contentType: 'application/json', body: '{"steps":[]}' }
  })
  await server.assign('31200000111', [record({ onFinish: url })])
  await using caller = await dial('31200000111')
  await afterBeep(caller)
  await caller.call.media.play(babble(1))
  await caller.call.bye()
  const { data } = await recordingOf(caller)
  const { body } = await files.waitForRequest('/voicemail')
  assert.deepEqual(JSON.parse(body), data)
  assert.ok(((await downloaded)?.length ?? 0) >= 8_000)
})

test('a folder that can not be written fails the recording with its reason, and the flow goes on', async () => {
  await using broken = await startServer({ env: { LINNET_RECORD_BEEP: 'no' } })
  const folder = join(broken.dataDir, 'recordings')
  await broken.assign('31200000108', [record({ finishOnKey: 'any' }), pause(1, { id: 'next' })])
  await using first = await dial('31200000108', {}, broken)
  await sleep(300)
  await first.call.media.press('1')
  await first.call.waitForEnd()
  assert.deepEqual((await readdir(folder)).length, 1)

  await rename(folder, `${folder}.away`)
  await writeFile(folder, 'a file where the folder should be')
  await using caller = await dial('31200000108', {}, broken)
  await caller.call.waitForEnd()
  const { end, data, events } = await recordingOf(caller, broken)
  assert.deepEqual([end['status'], end['how'], data['status']], ['failed', 'failed', 'failed'])
  assert.match(String(end['detail']), /can't be written: .*(ENOTDIR|EEXIST)/)
  assert.equal(stepEnd(events)?.['outcome'], 'failed')
  assert.ok(events.some((event) => event['stepId'] === 'next'))
  assert.equal((await broken.api('GET', `/recordings/${String(data['id'])}.wav`)).status, 404)
})

test('kill -9 while recording: after the restart it is done, playable, and complete to the last half second', async () => {
  await using dying = await startServer()
  await dying.assign('31200000109', [record()])
  await using caller = await dial('31200000109', {}, dying)
  await afterBeep(caller)
  const said = babble(4, 11)
  const { media } = caller.call
  void media.play(said).catch(() => {})
  const startedAt = performance.now()
  await sleep(2_500)
  await dying.kill9()
  const spokenMs = performance.now() - startedAt
  media.end()
  const [file = ''] = await readdir(join(dying.dataDir, 'recordings'))
  const { size } = await stat(join(dying.dataDir, 'recordings', file))
  assert.ok(size > 2_000 * 16)
  await dying.restart()

  const { data, end, events } = await recordingOf(caller, dying)
  assert.deepEqual([data['status'], end['how']], ['done', 'lost'])
  const samples = await download(data['id'], dying)
  const { correlation, slips, longestGapMs } = compareHeard(samples, said.subarray(0, samples.length))
  assert.ok(correlation > 0.98, `correlation ${correlation}`)
  assert.deepEqual([slips, longestGapMs], [[], 0])
  const missingMs = spokenMs - samples.length / 8
  assert.ok(missingMs < 500, `${missingMs} ms are missing`)
  assert.ok(Math.abs(Number(end['durationSeconds']) - samples.length / 8_000) < 0.001)
  assert.equal(events.at(-1)?.['type'], 'callStatus')
})

test('a stop of the server ends a recording properly', async () => {
  await using stopping = await startServer({ env: { LINNET_DRAIN_SECONDS: '0' } })
  await stopping.assign('31200000112', [record()])
  await using caller = await dial('31200000112', {}, stopping)
  await afterBeep(caller)
  await caller.call.media.play(babble(1))
  assert.equal(await stopping.stop(), 0)
  await stopping.restart()
  const { data, end } = await recordingOf(caller, stopping)
  assert.deepEqual([data['status'], end['how']], ['done', 'stopped'])
  assert.ok((await download(data['id'], stopping)).length >= 8_000)
})

test('a deleted recording is gone with its file', async () => {
  await server.assign('31200000110', [record({ finishOnKey: 'any' })])
  await using caller = await dial('31200000110')
  await afterBeep(caller)
  await pressLast(caller, '1')
  await caller.call.waitForEnd()
  const { data } = await recordingOf(caller)
  const id = String(data['id'])
  const folder = join(server.dataDir, 'recordings')
  assert.ok((await readdir(folder)).includes(`${id}.wav`))
  assert.equal((await server.api('DELETE', `/recordings/${id}`)).status, 204)
  assert.ok(!(await readdir(folder)).includes(`${id}.wav`))
  assert.equal((await server.api('GET', `/recordings/${id}`)).status, 404)
})
