import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isInstalled, recognise } from './listen/recognise.ts'
import { audibleKeys, levelDb, runsOf, toneLevelDb } from './listen/tones.ts'
import { parseWav, readWav, wavOf } from './listen/wav.ts'
import { compareHeard } from './listen.ts'
import { decodeAudio, encodeAudio } from './phone/codec.ts'
import { babble } from './sounds.ts'

const prompt = babble(4)

/** What is heard of `sound` after `delaySamples`, through µ-law. */
function hear(sound: Int16Array, delaySamples: number): Int16Array {
  const line = new Int16Array(delaySamples + sound.length + 4_000)
  line.set(sound, delaySamples)
  return decodeAudio(encodeAudio(line, 0), 0)
}

for (const delay of [0, 1, 159, 12_345]) {
  test(`a prompt that begins ${delay} samples late is found to the sample`, () => {
    const found = compareHeard(hear(prompt, delay), prompt)
    assert.equal(found.offsetSamples, delay)
    assert.ok(found.correlation > 0.995, `${found.correlation}`)
    assert.ok(Math.abs(found.levelDifferenceDb) < 0.1, `${found.levelDifferenceDb}`)
    assert.deepEqual(found.gaps, [])
    assert.deepEqual(found.slips, [])
    assert.ok(found.heardMs > 3_900, `${found.heardMs}`)
  })
}

test('a beginning that was cut off is a negative offset', () => {
  assert.equal(compareHeard(hear(prompt.subarray(1_000), 0), prompt).offsetSamples, -1_000)
})

test('a lost packet is a gap in its place, and its length is right to a block', () => {
  const heard = hear(prompt, 800)
  heard.fill(0, 800 + 16_000, 800 + 16_000 + 320)
  const { gaps, longestGapMs, slips } = compareHeard(heard, prompt)
  assert.deepEqual(gaps, [{ atMs: 2_000, lengthMs: 40 }])
  assert.equal(longestGapMs, 40)
  assert.deepEqual(slips, [])
})

test('20 ms that were left out are a slip: the rest is early by as much', () => {
  const spliced = new Int16Array(prompt.length - 160)
  spliced.set(prompt.subarray(0, 20_000))
  spliced.set(prompt.subarray(20_160), 20_000)
  const { slips } = compareHeard(hear(spliced, 500), prompt)
  assert.ok(slips.length >= 2, JSON.stringify(slips))
  assert.ok(
    slips.every(({ atMs, byMs }) => byMs === -20 && atMs > 2_000),
    JSON.stringify(slips),
  )
})

test('a prompt that was interrupted has no gaps, and says how much was heard', () => {
  const heard = hear(prompt, 100)
  heard.fill(0, 100 + 8_000)
  const { heardMs, gaps, offsetSamples } = compareHeard(heard, prompt)
  assert.equal(offsetSamples, 100)
  assert.equal(heardMs, 1_000)
  assert.deepEqual(gaps, [])
})

test('half the amplitude is 6 dB less; another sound does not correlate', () => {
  const half = prompt.map((sample) => sample / 2)
  assert.ok(Math.abs(compareHeard(hear(half, 7), prompt).levelDifferenceDb + 6.02) < 0.1)
  assert.ok(compareHeard(hear(babble(4, 99), 7), prompt).correlation < 0.2)
})

function tones(seconds: number, ...frequencies: number[]): Int16Array {
  return Int16Array.from({ length: 8_000 * seconds }, (_, index) =>
    frequencies.reduce((sum, hz) => sum + 8_192 * Math.sin((2 * Math.PI * hz * index) / 8_000), 0),
  )
}

test('the level of a tone is measured at its frequency and nowhere else', () => {
  const tone = tones(0.1, 1_000)
  assert.ok(Math.abs(toneLevelDb(tone, 1_000) + 12.04) < 0.05)
  assert.ok(toneLevelDb(tone, 1_500) < -60)
  assert.ok(Math.abs(levelDb(tone) + 15.05) < 0.05)
})

test('keys are heard as pairs of tones; speech-like noise is no key', () => {
  const silence = new Int16Array(800)
  const line = [tones(0.1, 697, 1_209), silence, tones(0.1, 941, 1_477), silence].flatMap((part) => [...part])
  assert.equal(audibleKeys(Int16Array.from(line)), '1#')
  assert.equal(audibleKeys(prompt), '')
})

test('sound and silence come as alternating runs', () => {
  const line = new Int16Array(16_000)
  line.set(tones(0.5, 440), 4_000)
  assert.deepEqual(runsOf(line), [
    { kind: 'silence', atMs: 0, lengthMs: 500 },
    { kind: 'sound', atMs: 500, lengthMs: 500 },
    { kind: 'silence', atMs: 1_000, lengthMs: 1_000 },
  ])
})

test('a WAV file comes back as it was written, also with a data length of 0', () => {
  const file = wavOf({ samples: prompt, sampleRateHz: 8_000 })
  assert.deepEqual(parseWav(file), { samples: prompt, sampleRateHz: 8_000 })
  file.writeUInt32LE(0, 40)
  assert.deepEqual(parseWav(file).samples, prompt)
  assert.throws(() => parseWav(Buffer.from('RIFF')), /not a WAV file/)
})

const missing = ['flite', 'sox', 'pocketsphinx_continuous'].filter((program) => !isInstalled(program))

test('a spoken sentence is recognised', {
  skip: missing.length > 0 && `not installed: ${missing.join(', ')}`,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-recognise-'))
  try {
    const [spoken, narrow] = [join(folder, 'spoken.wav'), join(folder, 'narrow.wav')]
    execFileSync('flite', ['-voice', 'rms', '-t', 'Press one for sales.', '-o', spoken])
    execFileSync('sox', [spoken, '-r', '8000', narrow])
    const { samples } = readWav(narrow)
    assert.equal(
      recognise(samples, ['press one for sales', 'press two for support', 'thank you and goodbye']),
      'press one for sales',
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
