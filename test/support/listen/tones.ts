const FULL_SCALE = 32_768

/** Level of one frequency in dB below full scale (a full-scale sine is 0), by Goertzel's algorithm. */
export function toneLevelDb(samples: Int16Array, frequencyHz: number, sampleRateHz = 8_000): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequencyHz) / sampleRateHz)
  let before = 0
  let last = 0
  for (const sample of samples) {
    const next = sample + coefficient * last - before
    before = last
    last = next
  }
  const power = last * last + before * before - coefficient * last * before
  return 10 * Math.log10(Math.max(power, 1e-9) / ((samples.length / 2) * FULL_SCALE) ** 2)
}

/** Root mean square in dB below full scale (a full-scale square wave is 0). */
export function levelDb(samples: Int16Array): number {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return 10 * Math.log10(Math.max(sum / Math.max(1, samples.length), 1e-9) / FULL_SCALE ** 2)
}

export interface Run {
  readonly kind: 'sound' | 'silence'
  readonly atMs: number
  readonly lengthMs: number
}

/** Alternating runs of sound and silence; runs shorter than `minMs` belong to what surrounds them. */
export function runsOf(
  samples: Int16Array,
  {
    thresholdDb = -50,
    minMs = 100,
    sampleRateHz = 8_000,
  }: { readonly thresholdDb?: number; readonly minMs?: number; readonly sampleRateHz?: number } = {},
): Run[] {
  const blockMs = 10
  const block = (sampleRateHz * blockMs) / 1_000
  const runs: { kind: 'sound' | 'silence'; blocks: number }[] = []
  for (let at = 0; at + block <= samples.length; at += block) {
    const kind = levelDb(samples.subarray(at, at + block)) > thresholdDb ? 'sound' : 'silence'
    const last = runs.at(-1)
    if (last?.kind === kind) last.blocks += 1
    else runs.push({ kind, blocks: 1 })
  }
  const merged: { kind: 'sound' | 'silence'; blocks: number }[] = []
  for (const run of runs) {
    const last = merged.at(-1)
    if (last && (last.kind === run.kind || run.blocks * blockMs < minMs)) last.blocks += run.blocks
    else merged.push({ ...run })
  }
  let atMs = 0
  return merged.map(({ kind, blocks }) => {
    const run = { kind, atMs, lengthMs: blocks * blockMs }
    atMs += run.lengthMs
    return run
  })
}

const rows = [697, 770, 852, 941]
const columns = [1_209, 1_336, 1_477, 1_633]
const keypad = ['123A', '456B', '789C', '*0#D']

/** Keys that are audible as DTMF tones (ITU-T Q.23), at least 40 ms long each. */
export function audibleKeys(samples: Int16Array): string {
  const block = 160
  let keys = ''
  let current: string | undefined
  let count = 0
  for (let at = 0; at + block <= samples.length; at += block) {
    const key = keyIn(samples.subarray(at, at + block))
    count = key === current ? count + 1 : 1
    current = key
    if (key !== undefined && count === 2) keys += key
  }
  return keys
}

function keyIn(samples: Int16Array): string | undefined {
  const row = strongest(samples, rows)
  const column = strongest(samples, columns)
  const all = levelDb(samples)
  const isPair = Math.min(row.db, column.db) > -40 && Math.abs(row.db - column.db) < 9
  // The two tones must be nearly all there is: a pair of equal sines has 3 dB more than one.
  return isPair && Math.max(row.db, column.db) > all - 3 ? keypad[row.index]?.[column.index] : undefined
}

function strongest(samples: Int16Array, frequencies: readonly number[]): { index: number; db: number } {
  const levels = frequencies.map((frequency) => toneLevelDb(samples, frequency))
  const db = Math.max(...levels)
  return { index: levels.indexOf(db), db }
}
