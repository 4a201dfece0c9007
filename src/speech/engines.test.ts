import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { failOnLeaks } from '../../test/support/no-leaks.ts'
import {
  espeakProcessUrl,
  fliteProcessUrl,
  systemFolders,
  temporaryFolder,
} from '../../test/support/speech.ts'
import { measureLevel } from '../audio/level.ts'
import { decodeWav, parseWav } from '../audio/wav.ts'
import type { Voice } from '../domain/call-flow.ts'
import { PromptError } from '../domain/speech.ts'
import { systemClock as clock } from '../runtime/clock.ts'
import { silentLogger as logger } from '../runtime/logger.ts'
import { asciiOf, type SpeechEngine } from './engine.ts'
import { findProgram } from './find-programs.ts'
import { espeakHelperEngine } from './helper-engines.ts'
import { findLanguage, type SpokenLanguage, spokenLanguages } from './languages.ts'
import { openEngines } from './open-engines.ts'

failOnLeaks()

const never = new AbortController().signal
const [systemEspeak, systemFlite] = await Promise.all(
  ['espeak-ng', 'flite'].map((name) => findProgram(name, systemFolders, clock)),
)
const reason = (name: string, found: unknown) => (found ? false : `${name} is not installed here`)

async function engines(dataDir: string, programFolders: readonly string[]) {
  const list = await openEngines({
    dataDir,
    programFolders,
    espeakProcessUrl,
    fliteProcessUrl,
    clock,
    logger,
    timeoutMs: 60_000,
  })
  const [flite, espeak] = list
  assert.ok(flite && espeak && list.length === 2)
  return {
    flite,
    espeak,
    async [Symbol.asyncDispose]() {
      for (const engine of list) await engine[Symbol.asyncDispose]()
    },
  }
}

function language(code: string): SpokenLanguage {
  return findLanguage(code) ?? assert.fail(code)
}

async function speak(engine: SpeechEngine, text: string, code: string, voice: Voice = 'male') {
  const file = parseWav(await engine.synthesise({ text, language: language(code), voice }, never))
  if ('failure' in file) assert.fail(file.failure)
  const samples = decodeWav(file)
  return { seconds: samples.length / file.sampleRateHz, level: measureLevel(samples), samples }
}

/** Every language speaks some digits, in turns by both voices: more than a second of sound if the voice is a real one. */
async function speaksAllLanguages(engine: SpeechEngine): Promise<void> {
  for (const [index, { code }] of spokenLanguages.entries()) {
    const voice = index % 2 === 0 ? 'male' : 'female'
    const { seconds, level } = await speak(engine, '1 2 3 4 5', code, voice)
    assert.ok(seconds > 1 && seconds < 10, `${code} ${voice}: ${seconds} s`)
    assert.ok(level.rmsDbfs > -40, `${code} ${voice}: ${level.rmsDbfs} dBFS`)
  }
  const [male, female] = [
    await speak(engine, 'een', 'nl-nl', 'male'),
    await speak(engine, 'een', 'nl-nl', 'female'),
  ]
  assert.notDeepEqual(male.samples, female.samples)
}

async function speaksEnglish(flite: SpeechEngine, folder: string): Promise<void> {
  const male = await speak(flite, 'Please hold the line.', 'en-us', 'male')
  const female = await speak(flite, 'Please hold the line.', 'en-gb', 'female')

  assert.ok(male.seconds > 0.8 && male.seconds < 4, `${male.seconds}`)
  assert.ok(female.seconds > 0.8 && female.seconds < 4, `${female.seconds}`)
  assert.notDeepEqual(male.samples, female.samples)
  assert.deepEqual(readdirSync(join(folder, 'speech-work')), [])
}

test('espeak-ng from npm speaks all 38 languages', async () => {
  await using folder = await temporaryFolder()
  await using npm = await engines(folder.path, [])

  assert.match(npm.espeak.id, /emscripten/)
  await speaksAllLanguages(npm.espeak)
})

test("the system's espeak-ng speaks all 38 languages", {
  skip: reason('espeak-ng', systemEspeak),
}, async () => {
  await using folder = await temporaryFolder()
  await using system = await engines(folder.path, systemFolders)

  assert.equal(system.espeak.id, `espeak-ng ${systemEspeak?.version}`)
  assert.match(system.espeak.id, /\d\.\d/)
  await speaksAllLanguages(system.espeak)
})

test('flite from npm speaks English in two voices and leaves no files', async () => {
  await using folder = await temporaryFolder()
  await using npm = await engines(folder.path, [])

  assert.match(npm.flite.id, /wasi/)
  await speaksEnglish(npm.flite, folder.path)
})

test("the system's flite speaks English in two voices and leaves no files", {
  skip: reason('flite', systemFlite),
}, async () => {
  await using folder = await temporaryFolder()
  await using system = await engines(folder.path, systemFolders)

  assert.equal(system.flite.id, `flite ${systemFlite?.version}`)
  await speaksEnglish(system.flite, folder.path)
})

test("the packages' versions in the cache keys are those installed", async () => {
  await using folder = await temporaryFolder()
  await using npm = await engines(folder.path, [])
  for (const { id } of [npm.flite, npm.espeak]) {
    const [name, version] = id.split(' ')
    const manifest = await import(
      join(import.meta.dirname, '../../node_modules', String(name), 'package.json'),
      {
        with: { type: 'json' },
      }
    )
    assert.equal(version, manifest.default.version)
  }
})

test('text never reaches a command line or a shell', {
  skip: reason('espeak-ng', systemEspeak),
}, async () => {
  await using folder = await temporaryFolder()
  await using system = await engines(folder.path, systemFolders)

  const { seconds } = await speak(system.espeak, '--version; $(reboot) `id` -w /tmp/x', 'nl-nl')

  assert.ok(seconds > 1)
})

test('flite takes English that can be written in ASCII, espeak-ng all else', async () => {
  await using folder = await temporaryFolder()
  await using npm = await engines(folder.path, [])

  assert.ok(npm.flite.speaks(language('en-au'), 'It’s a “café” – naïve…'))
  assert.ok(!npm.flite.speaks(language('en-au'), 'That is £5'))
  assert.ok(!npm.flite.speaks(language('nl-nl'), 'goedendag'))
  assert.ok(npm.espeak.speaks(language('en-au'), 'That is £5'))
  assert.equal(asciiOf('It’s a “café” – naïve…'), 'It\'s a "cafe" - naive...')
})

test('a helper process ends when it is idle, and the next text starts another', async () => {
  const scheduled: (() => void)[] = []
  const idleClock = {
    now: () => 0,
    after: (ms: number, callback: () => void) => {
      if (ms === 77) scheduled.push(callback)
      return { [Symbol.dispose]: () => {} }
    },
  }
  await using engine = espeakHelperEngine({
    url: espeakProcessUrl,
    clock: idleClock,
    logger,
    timeoutMs: 60_000,
    idleMs: 77,
  })
  await speak(engine, 'one', 'nl-nl')
  assert.equal(childProcesses(), 1)

  scheduled[0]?.()

  while (childProcesses() > 0) await new Promise(setImmediate)
  assert.ok((await speak(engine, 'two', 'nl-nl')).seconds > 0.2)
})

test('an abort and a time limit end the helper process, and the next text is spoken', async () => {
  await using engine = espeakHelperEngine({
    url: espeakProcessUrl,
    clock,
    logger,
    timeoutMs: 60_000,
    idleMs: 60_000,
  })
  await using hasty = espeakHelperEngine({
    url: espeakProcessUrl,
    clock,
    logger,
    timeoutMs: 1,
    idleMs: 60_000,
  })
  const hangUp = new AbortController()
  const request = { text: 'een', language: language('nl-nl'), voice: 'male' } as const
  const abandoned = engine.synthesise(request, hangUp.signal)
  const queued = engine.synthesise(request, never)

  hangUp.abort(new Error('the caller hung up'))

  await assert.rejects(abandoned, /the caller hung up/)
  assert.ok((await queued).length > 1000)
  await assert.rejects(hasty.synthesise(request, never), (error: unknown) => {
    assert.ok(error instanceof PromptError)
    assert.match(error.message, /took more than 1 ms/)
    return true
  })
})

test('a helper that dies fails its text, and a voice that does not exist is an error instead of noise', async () => {
  await using nowhere = espeakHelperEngine({
    url: new URL('./no-such-file.ts', import.meta.url),
    clock,
    logger,
    timeoutMs: 60_000,
    idleMs: 60_000,
  })
  await using engine = espeakHelperEngine({
    url: espeakProcessUrl,
    clock,
    logger,
    timeoutMs: 60_000,
    idleMs: 60_000,
  })
  const wrong = { ...language('en-gb'), espeakFile: 'en-gb' }

  await assert.rejects(
    nowhere.synthesise({ text: 'a', language: language('nl-nl'), voice: 'male' }, never),
    /ended while it worked/,
  )
  await assert.rejects(
    engine.synthesise({ text: 'a', language: wrong, voice: 'male' }, never),
    /there is no voice en-gb\+m3/,
  )
})

function childProcesses(): number {
  return process.getActiveResourcesInfo().filter((kind) => /process/i.test(kind)).length
}
