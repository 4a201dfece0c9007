import assert from 'node:assert/strict'
import { test } from 'node:test'
import { audibleKeys, levelDb, toneLevelDb } from '../../test/support/listen/tones.ts'
import { g711 } from './g711.ts'
import { writeKeyTone } from './tones.ts'

const KEYS = '0123456789*#ABCD'

function tone(key: string, ms: number): Int16Array {
  const samples = new Int16Array(ms * 8)
  writeKeyTone(key, 0, samples)
  return samples
}

test('every key is told by its tones, also after G.711 in either law', () => {
  for (const law of [g711.PCMU, g711.PCMA]) {
    const heard = [...KEYS].map((key) => {
      const samples = tone(key, 100)
      const bytes = new Uint8Array(samples.length)
      law.encode(samples, bytes)
      law.decode(bytes, samples)
      return audibleKeys(samples)
    })
    assert.equal(heard.join(''), KEYS)
  }
})

test('each of the two tones has −10 dBm0', () => {
  const samples = tone('5', 1_000)
  for (const hz of [770, 1_336]) assert.ok(Math.abs(toneLevelDb(samples, hz) - (-10 - 3.14)) < 0.1)
  for (const hz of [697, 852, 1_209, 1_477, 1_540]) assert.ok(toneLevelDb(samples, hz) < -50)
})

test('a tone that is made in pieces has no seam', () => {
  const whole = tone('#', 60)
  const pieces = [0, 160, 320].flatMap((from) => {
    const piece = new Int16Array(160)
    writeKeyTone('#', from, piece)
    return [...piece]
  })
  assert.deepEqual(pieces, [...whole])
})

test('what is no key is silent', () => {
  for (const key of ['', 'E', '12', 'é']) assert.ok(levelDb(tone(key, 20)) < -90)
})
