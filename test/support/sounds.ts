/**
 * A sound for tests that is loud, never repeats itself and survives G.711: noise in syllables, like speech
 * without words. The same seed gives the same samples.
 */
export function babble(seconds: number, seed = 1): Int16Array {
  const samples = new Int16Array(8_000 * seconds)
  let state = seed
  let filtered = 0
  for (let index = 0; index < samples.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    filtered = 0.7 * filtered + 0.3 * (state / 2 ** 31)
    const syllable = 0.6 + 0.4 * Math.sin((2 * Math.PI * 3.1 * index) / 8_000)
    samples[index] = Math.round(16_000 * syllable * filtered)
  }
  return samples
}

/** A steady tone of a quarter of full scale. */
export function tone(seconds: number, frequencyHz: number): Int16Array {
  return Int16Array.from({ length: 8_000 * seconds }, (_, index) =>
    Math.round(8_192 * Math.sin((2 * Math.PI * frequencyHz * index) / 8_000)),
  )
}
