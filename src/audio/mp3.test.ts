import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareHeard } from '../../test/support/listen.ts'
import { babble } from '../../test/support/sounds.ts'
import { decodeMp3 } from './mp3.ts'
import { openResampler } from './resample.ts'

/** Both are `babble(1)`, encoded by LAME 3.100; see test/support/README.md. */
const fixture = (name: string) =>
  readFileSync(new URL(`../../test/support/sounds/${name}.mp3`, import.meta.url))
const STEREO = fixture('stereo-44100') // ID3v2, LAME tag, ID3v1
const MONO = fixture('mono-16000') // no tag at all

const resampler = await openResampler()
const decode = (bytes: Uint8Array, maxSeconds = 1_800) =>
  decodeMp3(bytes, { resampler, rateHz: 8_000, maxSeconds, breathe: async () => {} })

async function samplesOf(bytes: Uint8Array): Promise<Int16Array> {
  const sound = await decode(bytes)
  assert.ok('samples' in sound, JSON.stringify(sound))
  return sound.samples
}

async function failureOf(bytes: Uint8Array, maxSeconds?: number): Promise<string> {
  const sound = await decode(bytes, maxSeconds)
  return 'failure' in sound ? sound.failure : `${sound.samples.length} samples`
}

test('a stereo file with tags becomes the sound it was made of, without the padding of its encoder', async () => {
  const samples = await samplesOf(STEREO)
  assert.equal(samples.length, 8_000)
  const { correlation, offsetSamples, levelDifferenceDb, longestGapMs } = compareHeard(samples, babble(1))
  assert.ok(correlation > 0.95, `correlation ${correlation}`)
  assert.ok(Math.abs(levelDifferenceDb) < 1, `${levelDifferenceDb} dB`)
  assert.deepEqual([offsetSamples, longestGapMs], [0, 0])
})

test('a mono MPEG-2 file without any tag is heard whole, after the silence that its encoder puts first', async () => {
  const { correlation, offsetMs, levelDifferenceDb } = compareHeard(await samplesOf(MONO), babble(1))
  // LAME's delay of 1,105 samples at 16 kHz leaves the sound half a sample off ours, which costs the treble its correlation.
  assert.ok(correlation > 0.88, `correlation ${correlation}`)
  assert.ok(Math.abs(levelDifferenceDb) < 1, `${levelDifferenceDb} dB`)
  assert.ok(offsetMs > 0 && offsetMs < 100, `${offsetMs} ms`)
})

test('a file that is cut off is heard up to there', async () => {
  const samples = await samplesOf(MONO.subarray(0, MONO.length / 2))
  assert.ok(samples.length > 3_500 && samples.length < 5_000, `${samples.length}`)
})

test('a longer sound than is allowed is refused before it has been decoded', async () => {
  const long = Buffer.concat(Array.from({ length: 100 }, () => MONO))
  assert.equal(await failureOf(long, 20), 'it lasts longer than 20 s')
  const startedAt = performance.now()
  await failureOf(Buffer.concat(Array.from({ length: 40 }, () => long)), 20)
  assert.ok(performance.now() - startedAt < 5_000)
})

test('two files of different rates in one are refused', async () => {
  assert.equal(
    await failureOf(Buffer.concat([STEREO, MONO])),
    'its sample rate changes from 44100 Hz to 16000 Hz',
  )
})

test('what has no frame in it is refused in words', async () => {
  const header = Buffer.from('ID3\x03\0\0\0\0\0\x0a', 'latin1')
  const noSound = 'it is an MP3 file without sound that can be decoded'
  assert.equal(await failureOf(Buffer.alloc(0)), noSound)
  assert.equal(await failureOf(header), noSound)
  assert.equal(await failureOf(Buffer.concat([header, Buffer.alloc(100_000)])), noSound)
  const noise = Buffer.from(babble(20).buffer)
  assert.match(await failureOf(Buffer.concat([header, noise])), /^it is an MP3 file that can't be decoded: /)
})

test('the next file is decoded after one that broke the decoder', async () => {
  await failureOf(Buffer.from(babble(20).buffer))
  assert.equal((await samplesOf(STEREO)).length, 8_000)
})

test('no damage whatsoever hangs the decoder or makes it throw', async () => {
  const damage = fc.array(fc.tuple(fc.nat(STEREO.length - 1), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 40,
  })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(STEREO, MONO), damage, async (file, changes) => {
      const damaged = Buffer.from(file)
      for (const [at, byte] of changes) damaged[at % damaged.length] = byte
      const sound = await decode(damaged)
      assert.ok('failure' in sound ? sound.failure.length > 20 : sound.samples.length < 100_000)
    }),
    { numRuns: 200 },
  )
})
