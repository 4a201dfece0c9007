import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { failOnLeaks } from '../../test/support/no-leaks.ts'
import { ScriptedHttp } from '../../test/support/scripted-http.ts'
import {
  espeakProcessUrl,
  fliteProcessUrl,
  promptWorkerUrl,
  systemFolders,
  temporaryFolder,
} from '../../test/support/speech.ts'
import { g711 } from '../audio/g711.ts'
import { openResampler } from '../audio/resample.ts'
import { serializeWav } from '../audio/wav.ts'
import { systemClock as clock } from '../runtime/clock.ts'
import { silentLogger as logger } from '../runtime/logger.ts'
import { findProgram } from './find-programs.ts'
import { openEngines } from './open-engines.ts'
import { openPrompts } from './prompts.ts'
import { runProgram } from './run-program.ts'

failOnLeaks()

const never = new AbortController().signal
const recogniser = await findProgram('pocketsphinx_continuous', systemFolders, clock)
const skip = recogniser ? false : 'pocketsphinx is not installed here'

const MIRROR_GAIN = 0.4

const sentences = [
  'please hold the line and we will connect you with a person',
  'your order will be delivered on monday morning between nine and eleven',
  'press one for sales and press two for support',
]

/**
 * What a recogniser hears in 8 kHz speech brought to 16 kHz. Its models know wide-band speech, so the half above 4 kHz is filled
 * with a mirror image of the lower one.
 */
async function recognise(samples: Int16Array, folder: string): Promise<string> {
  const file = join(folder, 'heard.wav')
  const { resample } = await openResampler()
  const wide = resample(samples, 8000, 16_000).map(
    (sample, i) => sample * (i % 2 === 0 ? 1 + MIRROR_GAIN : 1 - MIRROR_GAIN),
  )
  await writeFile(file, serializeWav(wide, 16_000))
  const run = {
    path: recogniser?.path ?? '',
    args: ['-infile', file, '-logfn', '/dev/null'],
    input: '',
    maxBytes: 10_000,
  }
  return (await runProgram({ ...run, timeoutMs: 90_000, clock }, never))
    .toString()
    .trim()
    .replace(/\s+/g, ' ')
}

/** Levenshtein distance in words. */
function wordErrors(spoken: readonly string[], heard: readonly string[]): number {
  let row = heard.map((_, i) => i + 1)
  spoken.forEach((word, i) => {
    let [diagonal, left] = [i, i + 1]
    row = row.map((above, j) => {
      const cost = Math.min(above + 1, left + 1, diagonal + (word === heard[j] ? 0 : 1))
      ;[diagonal, left] = [above, cost]
      return cost
    })
  })
  return row.at(-1) ?? spoken.length
}

for (const [engines, programFolders] of [
  ["the machine's", systemFolders],
  ["npm's", []],
] as const) {
  test(`English spoken by ${engines} engine is understood through either law of G.711`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder()
    const dataDir = folder.path
    await using prompts = await openPrompts({
      dataDir,
      engines: await openEngines({
        dataDir,
        programFolders,
        espeakProcessUrl,
        fliteProcessUrl,
        clock,
        logger,
      }),
      workerUrl: promptWorkerUrl,
      httpClient: new ScriptedHttp(clock, () => ({ status: 404 })),
      clock,
      logger,
    })
    let [errors, words] = [0, 0]
    for (const [index, text] of sentences.entries()) {
      const prompt = await prompts.say({ text, language: 'en-us', voice: 'male' }, never)
      const samples = new Int16Array(prompt.pcmu.byteLength)
      if (index % 2 === 0) g711.PCMU.decode(new Uint8Array(prompt.pcmu), samples)
      else g711.PCMA.decode(new Uint8Array(prompt.pcma), samples)
      const spoken = text.split(' ')
      errors += wordErrors(spoken, (await recognise(samples, folder.path)).split(' '))
      words += spoken.length
    }
    assert.ok(errors / words <= 0.35, `${errors} of ${words} words were not understood`)
  })
}
