const RATE_HZ = 8_000
/** ITU-T Q.23: each key is a tone of its row and one of its column. */
const ROWS_HZ = [697, 770, 852, 941]
const COLUMNS_HZ = [1_209, 1_336, 1_477, 1_633]
const KEYPAD = '123A456B789C*0#D'

/** Of each of the two tones: −10 dBm0, where a full-scale sine is +3.14 dBm0 (G.711). */
const AMPLITUDE = 32_768 * 10 ** ((-10 - 3.14) / 20)

/**
 * Fills `samples` with the tones of a key (0–9, *, #, A–D) at 8 kHz as they are `from` samples after its beginning, so that a tone
 * can be made piece by piece. What is no key is silence.
 */
export function writeKeyTone(key: string, from: number, samples: Int16Array): void {
  const place = key.length === 1 ? KEYPAD.indexOf(key) : -1
  const rowHz = place < 0 ? 0 : (ROWS_HZ[place >> 2] ?? 0)
  const columnHz = place < 0 ? 0 : (COLUMNS_HZ[place & 3] ?? 0)
  const [row, column] = [(2 * Math.PI * rowHz) / RATE_HZ, (2 * Math.PI * columnHz) / RATE_HZ]
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.round(AMPLITUDE * (Math.sin(row * (from + i)) + Math.sin(column * (from + i))))
  }
}
