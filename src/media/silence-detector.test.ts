import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { babble, tone } from '../../test/support/sounds.ts'
import { g711 } from '../audio/g711.ts'
import { measureLevel } from '../audio/level.ts'
import { SilenceDetector } from './silence-detector.ts'

const FRAME = 160
const SEEDS = [1, 2, 3, 4, 5]

/** Even noise with this root mean square, in dB below full scale. */
function noise(seconds: number, levelDb: number, seed: number): Int16Array {
  let state = seed
  const peak = 32_768 * 10 ** (levelDb / 20) * Math.sqrt(3)
  return Int16Array.from({ length: seconds * 8_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return Math.round(peak * (state / 2 ** 31))
  })
}

/** Noise as a street or a room makes it: it rumbles, and swells by a few decibels. */
function street(seconds: number, levelDb: number, seed: number): Int16Array {
  let low = 0
  return noise(seconds, levelDb + 9, seed).map((sample, i) => {
    low = 0.8 * low + 0.2 * sample
    return low * (1 + 0.25 * Math.sin((2 * Math.PI * 0.4 * i) / 8_000))
  })
}

const silence = (seconds: number) => new Int16Array(seconds * 8_000)
const scaled = (samples: Int16Array, gainDb: number) =>
  samples.map((s) => Math.round(s * 10 ** (gainDb / 20)))
/** Syllables with this root mean square, in dB below full scale. */
const voice = (seconds: number, levelDb: number, seed = 1) => {
  const sound = babble(seconds, seed)
  return scaled(sound, levelDb - measureLevel(sound).rmsDbfs)
}
const mix = (a: Int16Array, b: Int16Array) => a.map((sample, i) => sample + (b[i] ?? 0))
const join = (...parts: readonly Int16Array[]) => Int16Array.of(...parts.flatMap((part) => [...part]))

/** Seconds of silence at each frame's end, as a caller's line brings it: companded. */
function silentSeconds(samples: Int16Array): number[] {
  const law = g711.PCMA
  const detector = new SilenceDetector()
  const seconds: number[] = []
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    const line = samples.subarray(at, at + FRAME)
    detector.hear(line.every((s) => s === 0) ? line : line.map((s) => law.decodeSample(law.encodeSample(s))))
    seconds.push(detector.silentFrames / 50)
  }
  return seconds
}

const longest = (seconds: readonly number[]) => Math.max(...seconds)

describe('on a clean line', () => {
  test('speech is never silent for long, and what follows is silence from its end on', () => {
    for (const seed of SEEDS) {
      const seconds = silentSeconds(join(voice(6, -35, seed), silence(3)))
      assert.ok(longest(seconds.slice(0, 300)) < 0.5, `${longest(seconds.slice(0, 300))} s`)
      assert.ok(Math.abs((seconds.at(-1) ?? 0) - 3) < 0.1, `${seconds.at(-1)} s`)
    }
  })

  test('a quiet voice is heard', () => {
    const seconds = silentSeconds(join(silence(1), voice(4, -43), silence(2)))
    assert.ok(longest(seconds.slice(75, 250)) < 0.5)
    assert.ok(Math.abs((seconds.at(-1) ?? 0) - 2) < 0.1)
  })

  test('pauses between words are silence, and end with the next word', () => {
    const seconds = silentSeconds(join(babble(2), silence(2), babble(2, 9)))
    assert.ok(longest(seconds) > 1.9 && longest(seconds) < 2.2, `${longest(seconds)} s`)
    assert.ok((seconds.at(-1) ?? 9) < 0.3)
  })

  test('a click does not count as speech', () => {
    const click = new Int16Array(240).fill(12_000)
    const seconds = silentSeconds(join(silence(1), click, silence(1)))
    assert.ok((seconds.at(-1) ?? 0) > 1.9)
  })
})

describe('on a noisy line', () => {
  for (const [name, make] of [
    ['even noise', noise],
    ['a street', street],
  ] as const) {
    for (const levelDb of [-50, -40, -30])
      test(`${name} of ${levelDb} dB is silence, and speech 15 dB above it is not`, () => {
        for (const seed of SEEDS) {
          const speech = voice(5, levelDb + 15, seed + 10)
          const line = mix(make(14, levelDb, seed), join(silence(4), speech, silence(5)))
          const seconds = silentSeconds(line)
          assert.ok((seconds[199] ?? 0) > 3.5, `before: silent for ${seconds[199]} s of 4`)
          assert.ok(
            longest(seconds.slice(225, 450)) < 1,
            `speech: silent for ${longest(seconds.slice(225, 450))} s`,
          )
          assert.ok((seconds.at(-1) ?? 0) > 4.5, `after: silent for ${seconds.at(-1)} s of 5`)
        }
      })
  }

  test('lost packets do not make noise sound like speech', () => {
    for (const seed of SEEDS) {
      const line = noise(10, -35, seed)
      for (let frame = 20; frame < 500; frame += 37) line.fill(0, frame * FRAME, (frame + 2) * FRAME)
      for (let half = 20; half < 500; half += 41) line.fill(0, half * FRAME + 80, (half + 1) * FRAME + 80)
      assert.ok((silentSeconds(line).at(-1) ?? 0) > 9.5)
    }
  })

  test('noise that begins is silence after 3 s', () => {
    const seconds = silentSeconds(join(noise(4, -60, 1), noise(8, -30, 2)))
    const last = seconds.at(-1) ?? 0
    assert.ok(last > 4.5 && last < 8, `${last} s`)
  })

  test('a tone that stays, such as a busy line, is silence', () => {
    const seconds = silentSeconds(tone(8, 425))
    assert.ok((seconds.at(-1) ?? 0) > 4.5, `${seconds.at(-1)} s`)
  })
})
