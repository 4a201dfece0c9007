import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureLevel } from './level.ts'
import { concatSamples, openResampler } from './resample.ts'

const sine = (hertz: number, rateHz: number, count: number) =>
  Int16Array.from({ length: count }, (_, i) =>
    Math.round(10000 * Math.sin((2 * Math.PI * hertz * i) / rateHz)),
  )

test('one second at any rate becomes one second at 8 kHz', async () => {
  const { resample } = await openResampler()

  for (const rateHz of [6000, 8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000]) {
    assert.equal(resample(sine(440, rateHz, rateHz), rateHz, 8000).length, 8000)
  }
})

test('a tone keeps its pitch, its level and its phase', async () => {
  const { resample } = await openResampler()

  for (const rateHz of [11025, 16000, 22050, 44100, 48000]) {
    const expected = sine(440, 8000, 8000).subarray(200, 7800)
    const actual = resample(sine(440, rateHz, rateHz), rateHz, 8000).subarray(200, 7800)
    const difference = actual.map((sample, i) => sample - (expected[i] ?? 0))
    assert.ok(measureLevel(difference).rmsDbfs < -50, `${rateHz}: ${measureLevel(difference).rmsDbfs} dBFS`)
  }
})

test('what 8 kHz cannot carry is filtered out instead of folding back', async () => {
  const { resample } = await openResampler()

  assert.ok(measureLevel(resample(sine(6000, 16000, 16000), 16000, 8000)).rmsDbfs < -50)
})

test('the end of a sound is not swallowed by the filter', async () => {
  const { resample } = await openResampler()
  const samples = new Int16Array(48000)
  samples.set(sine(440, 48000, 480), 48000 - 480)

  const end = resample(samples, 48000, 8000).subarray(-80)

  assert.ok(measureLevel(end).rmsDbfs > -16)
})

test('samples of the wanted rate are returned as they are, and nothing stays nothing', async () => {
  const { resample } = await openResampler()
  const samples = sine(440, 8000, 100)

  assert.equal(resample(samples, 8000, 8000), samples)
  assert.equal(resample(new Int16Array(0), 48000, 8000).length, 0)
})

test('a long sound needs no more memory than a block', async () => {
  const { resample } = await openResampler()

  assert.equal(resample(new Int16Array(48000 * 120), 48000, 8000).length, 8000 * 120)
})

test('a sound in pieces becomes the same samples as in one', async () => {
  const { resample, open } = await openResampler()
  const samples = sine(440, 44_100, 44_100)
  for (const toHz of [8_000, 44_100]) {
    using stream = open(44_100, toHz)
    const pieces: Int16Array[] = []
    for (let at = 0; at < samples.length; at += 997) pieces.push(stream.push(samples.subarray(at, at + 997)))
    assert.deepEqual(concatSamples([...pieces, stream.end()]), resample(samples, 44_100, toHz))
  }
})
