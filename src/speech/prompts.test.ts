import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { failOnLeaks } from '../../test/support/no-leaks.ts'
import { type ScriptedAnswer, ScriptedHttp } from '../../test/support/scripted-http.ts'
import { promptWorkerUrl, ToneEngine, temporaryFolder, tone } from '../../test/support/speech.ts'
import { pcma, pcmu } from '../audio/g711.ts'
import { measureLevel } from '../audio/level.ts'
import { serializeWav } from '../audio/wav.ts'
import { type Prompt, PromptError } from '../domain/speech.ts'
import type { HttpRequest } from '../runtime/http-client.ts'
import { type Logger, silentLogger } from '../runtime/logger.ts'
import { openPrompts, type PromptsOptions } from './prompts.ts'

failOnLeaks()

const never = new AbortController().signal
const english = { language: 'en-gb', voice: 'female' } as const
const wavOfASecond = serializeWav(tone(1, 8000), 8000)

interface Setup extends Partial<PromptsOptions> {
  readonly answer?: (request: HttpRequest, count: number) => ScriptedAnswer
}

async function open(dataDir: string, { answer = () => ({ body: wavOfASecond }), ...options }: Setup = {}) {
  const clock = new FakeClock()
  const engine = new ToneEngine()
  const httpClient = new ScriptedHttp(clock, answer)
  const defaults = {
    dataDir,
    workerUrl: promptWorkerUrl,
    engines: [engine],
    httpClient,
    clock,
    logger: silentLogger,
  }
  const prompts = await openPrompts({ ...defaults, ...options })
  return {
    prompts,
    engine,
    clock,
    requests: httpClient.requests,
    [Symbol.asyncDispose]: () => prompts[Symbol.asyncDispose](),
  }
}

function decode({ pcmu: bytes }: Prompt): Int16Array {
  const samples = new Int16Array(bytes.byteLength)
  pcmu.decode(new Uint8Array(bytes), samples)
  return samples
}

function failsWith(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof PromptError, String(error))
    assert.match(error.message, message)
    return true
  }
}

test('text becomes whole frames at the level of speech, the same in both laws', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)

  const prompt = await setup.prompts.say({ text: 'a'.repeat(21), ...english }, never)

  assert.equal(prompt.durationMs, 1060) // 1,050 ms fill 53 frames
  assert.equal(prompt.pcmu.byteLength, 53 * 160)
  const samples = decode(prompt)
  const inPcma = new Int16Array(samples.length)
  pcma.decode(new Uint8Array(prompt.pcma), inPcma)
  assert.ok(Math.abs(measureLevel(samples).rmsDbfs + 20) < 0.2)
  assert.ok(measureLevel(samples.map((sample, i) => sample - (inPcma[i] ?? 0))).rmsDbfs < -50)
})

test('the same text is rendered once, then comes from memory', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)

  const first = await setup.prompts.say({ text: 'hello', ...english }, never)
  const again = await setup.prompts.say({ text: 'hello', ...english, language: 'EN-GB' }, never)

  assert.equal(again, first)
  assert.equal(setup.engine.requests.length, 1)
})

test('another voice, language or engine is another prompt', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)
  await using other = await open(folder.path, { engines: [new ToneEngine('tone 2')] })
  for (const request of [
    english,
    { ...english, voice: 'male' },
    { ...english, language: 'en-us' },
  ] as const) {
    await setup.prompts.say({ text: 'hello', ...request }, never)
  }

  await other.prompts.say({ text: 'hello', ...english }, never)

  assert.equal(setup.engine.requests.length, 3)
  assert.equal(readdirSync(join(folder.path, 'prompts')).length, 4)
})

test('after a restart a prompt comes from disk', async () => {
  await using folder = await temporaryFolder()
  const text = 'read from disk'
  const before = await (async () => {
    await using setup = await open(folder.path)
    return await setup.prompts.say({ text, ...english }, never)
  })()
  await using setup = await open(folder.path)

  const after = await setup.prompts.say({ text, ...english }, never)

  assert.deepEqual(decode(after), decode(before))
  assert.deepEqual(setup.engine.requests, [])
})

test('a damaged file is rendered anew', async () => {
  await using folder = await temporaryFolder()
  const say = async () => {
    await using setup = await open(folder.path)
    await setup.prompts.say({ text: 'hello', ...english }, never)
    return setup.engine.requests.length
  }
  await say()
  const [name] = readdirSync(join(folder.path, 'prompts'))
  const path = join(folder.path, 'prompts', String(name))
  const good = readFileSync(path)

  for (const bad of [
    good.subarray(0, good.length - 1),
    good.subarray(0, 10),
    Buffer.alloc(0),
    Buffer.from(good).fill(1, 500, 501),
  ]) {
    writeFileSync(path, bad)
    assert.equal(await say(), 1)
    assert.deepEqual(readFileSync(path), good)
  }
  assert.equal(await say(), 0)
})

test('the disk keeps no more than it may: the oldest give way', async () => {
  await using folder = await temporaryFolder()
  const bytesOfOne = 40 + 2 * 8000
  await using setup = await open(folder.path, { maxDiskBytes: 2 * bytesOfOne, maxMemoryBytes: 0 })
  const say = (letter: string) => setup.prompts.say({ text: letter.repeat(20), ...english }, never)
  await say('a')
  await say('b')
  await say('a') // used again: b is now the oldest

  await say('c')

  assert.equal(readdirSync(join(folder.path, 'prompts')).length, 2)
  await say('a')
  assert.equal(setup.engine.requests.length, 3)
  await say('b')
  assert.equal(setup.engine.requests.length, 4)
})

test('requests at the same time share one rendering, and one that gives up does not spoil it', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)
  setup.engine.held = true
  const hangUp = new AbortController()
  const say = (signal: AbortSignal) => setup.prompts.say({ text: 'shared', ...english }, signal)
  const abandoned = say(hangUp.signal)
  const [second, third] = [say(never), say(never)]
  while (setup.engine.running === 0) await setImmediate()

  hangUp.abort(new Error('the caller hung up'))

  await assert.rejects(abandoned, /the caller hung up/)
  setup.engine.release()
  assert.equal(await second, await third)
  assert.equal(setup.engine.requests.length, 1)
})

test('a rendering that nobody waits for any more is aborted', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)
  setup.engine.held = true
  const hangUp = new AbortController()
  const abandoned = setup.prompts.say({ text: 'nobody listens', ...english }, hangUp.signal)
  while (setup.engine.running === 0) await setImmediate()

  hangUp.abort(new Error('the caller hung up'))

  await assert.rejects(abandoned, /the caller hung up/)
  while (setup.engine.running > 0) await setImmediate()
  assert.equal(setup.engine.aborted, 1)
})

test('no more texts are synthesised at the same time than allowed', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path, { maxSyntheses: 2 })
  setup.engine.held = true
  const all = ['one', 'two', 'three'].map((text) => setup.prompts.say({ text, ...english }, never))
  while (setup.engine.running < 2) await setImmediate()
  for (let i = 0; i < 20; i += 1) await setImmediate()
  assert.equal(setup.engine.running, 2)

  setup.engine.held = false
  setup.engine.release()

  await Promise.all(all)
  assert.equal(setup.engine.requests.length, 3)
})

test('texts that cannot be spoken are refused with a reason', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)
  const say = (text: string, language = 'en-gb') =>
    setup.prompts.say({ text, language, voice: 'male' }, never)

  await assert.rejects(say('x'.repeat(1001)), failsWith(/the text has 1001 characters, more than 1000/))
  await assert.rejects(say(' \0\n'), failsWith(/no text/))
  await assert.rejects(say('hello', 'tlh'), failsWith(/"tlh" is not a language/))
  await assert.rejects(say('please fail'), failsWith(/the engine failed/))
  await say('😀'.repeat(1000)) // characters, not UTF-16 units
  assert.equal(setup.engine.requests.at(-1)?.text.length, 2000)
})

test('control characters and broken surrogates never reach an engine', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)

  await setup.prompts.say({ text: ' one\0two\n\tthree \ud800', ...english }, never)

  assert.equal(setup.engine.requests[0]?.text, 'one two three \ufffd')
})

test('only what an engine speaks is spoken', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)
  await using mute = await open(folder.path, { engines: [] })

  assert.ok(setup.prompts.speaks('zh-CN'))
  assert.ok(!setup.prompts.speaks('tlh'))
  assert.ok(!mute.prompts.speaks('en-us'))
  await assert.rejects(
    mute.prompts.say({ text: 'hello', ...english }, never),
    failsWith(/no speech engine here speaks en-gb/),
  )
})

test('a sound file keeps its own level', async () => {
  await using folder = await temporaryFolder()
  const quiet = serializeWav(tone(1, 44_100, 300), 44_100)
  await using setup = await open(folder.path, { answer: () => ({ body: quiet }) })

  const prompt = await setup.prompts.load('http://sounds.test/quiet.wav', never)

  assert.equal(prompt.durationMs, 1000)
  assert.ok(Math.abs(measureLevel(decode(prompt)).rmsDbfs - measureLevel(tone(1, 8000, 300)).rmsDbfs) < 0.5)
})

test('an 8 kHz 16-bit mono file is encoded sample by sample', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)

  const prompt = await setup.prompts.load('http://sounds.test/tone.wav', never)

  const expected = new Uint8Array(8000)
  pcmu.encode(tone(1, 8000), expected)
  assert.deepEqual(new Uint8Array(prompt.pcmu), expected)
})

test('a file without cache headers is used for a minute unasked', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)
  const load = () => setup.prompts.load('http://sounds.test/a.wav', never)

  const first = await load()
  await setup.clock.advance(59_999)
  assert.equal(await load(), first)
  assert.equal(setup.requests.length, 1)
  await setup.clock.advance(1)
  await load()

  assert.equal(setup.requests.length, 2)
})

test('max-age is honoured, and a stale file is revalidated by its validators', async () => {
  await using folder = await temporaryFolder()
  const headers = {
    'cache-control': 'public, max-age=600',
    etag: '"v1"',
    'last-modified': 'Sun, 06 Nov 1994 08:49:37 GMT',
    age: '100',
  }
  await using setup = await open(folder.path, {
    answer: (_, count) => (count === 1 ? { body: wavOfASecond, headers } : { status: 304 }),
  })
  const load = () => setup.prompts.load('http://sounds.test/a.wav', never)
  const first = await load()
  await setup.clock.advance(499_000)
  await load()
  assert.equal(setup.requests.length, 1)

  await setup.clock.advance(1000)
  const validated = await load()

  assert.deepEqual(decode(validated), decode(first))
  assert.equal(setup.requests.length, 2)
  assert.equal(setup.requests[1]?.headers?.['if-none-match'], '"v1"')
  assert.equal(setup.requests[1]?.headers?.['if-modified-since'], 'Sun, 06 Nov 1994 08:49:37 GMT')
})

test('a changed file replaces the former one', async () => {
  await using folder = await temporaryFolder()
  const headers = { 'cache-control': 'no-cache' }
  await using setup = await open(folder.path, {
    answer: (_, count) => ({ body: serializeWav(tone(count, 8000), 8000), headers }),
  })

  assert.equal((await setup.prompts.load('http://sounds.test/a.wav', never)).durationMs, 1000)
  assert.equal((await setup.prompts.load('http://sounds.test/a.wav', never)).durationMs, 2000)
})

test('no-store leaves nothing in memory and nothing on disk', async () => {
  await using folder = await temporaryFolder()
  const headers = { 'cache-control': 'no-store', etag: '"v1"' }
  await using setup = await open(folder.path, { answer: () => ({ body: wavOfASecond, headers }) })

  await setup.prompts.load('http://sounds.test/a.wav', never)
  await setup.prompts.load('http://sounds.test/a.wav', never)

  assert.equal(setup.requests.length, 2)
  assert.equal(setup.requests[1]?.headers?.['if-none-match'], undefined)
  assert.deepEqual(readdirSync(join(folder.path, 'prompts')), [])
})

test('a sound that lasts too long or whose format is unknown is refused with a reason', async () => {
  await using folder = await temporaryFolder()
  const gsm = Buffer.from(wavOfASecond)
  gsm.writeUInt16LE(49, 20)
  await using setup = await open(folder.path, {
    maxPromptSeconds: 2,
    answer: ({ url }) => ({ body: url.includes('gsm.wav') ? gsm : serializeWav(tone(3, 8000), 8000) }),
  })

  await assert.rejects(
    setup.prompts.load('http://sounds.test/long.wav', never),
    failsWith(/it lasts 3 s, longer than 2 s/),
  )
  await assert.rejects(
    setup.prompts.load('http://sounds.test/gsm.wav?token=secret', never),
    failsWith(
      /^http:\/\/sounds\.test\/gsm\.wav can't be played: its samples are GSM 6\.10, which is not supported$/,
    ),
  )
})

test('files of this machine are never played', async () => {
  await using folder = await temporaryFolder()
  await using setup = await open(folder.path)

  for (const url of ['file:///etc/passwd', 'data:audio/wav;base64,AAAA', 'sounds/a.wav']) {
    await assert.rejects(setup.prompts.load(url, never), failsWith(/can't be played, only http|is not a URL/))
  }
  assert.deepEqual(setup.requests, [])
})

test('the prompt thread ends when it is idle, and the next prompt starts another', async () => {
  await using folder = await temporaryFolder()
  const ended = Promise.withResolvers<void>()
  const logger: Logger = {
    ...silentLogger,
    debug: (_, message) => message === 'prompt thread ended' && ended.resolve(),
  }
  await using setup = await open(folder.path, { threadIdleMs: 1000, maxMemoryBytes: 0, logger })
  const say = () => setup.prompts.say({ text: 'hello', ...english }, never)
  const first = await say()

  await setup.clock.advance(1000)

  await ended.promise
  assert.deepEqual(decode(await say()), decode(first))
  assert.equal(setup.engine.requests.length, 1)
})

test('disposing ends what is under way', async () => {
  await using folder = await temporaryFolder()
  const setup = await open(folder.path)
  setup.engine.held = true
  const underWay = assert.rejects(
    setup.prompts.say({ text: 'late', ...english }, never),
    failsWith(/prompts are closed/),
  )
  while (setup.engine.running === 0) await setImmediate()

  await setup.prompts[Symbol.asyncDispose]()

  await underWay
  await assert.rejects(
    setup.prompts.say({ text: 'later', ...english }, never),
    failsWith(/prompts are closed/),
  )
})
