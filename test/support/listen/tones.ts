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

/** Alternating runs. Silence shorter than `minMs` is part of the sound around it; then sound that short is no sound. */
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
  const blocks: Run[] = []
  for (let at = 0; at + block <= samples.length; at += block) {
    const kind = levelDb(samples.subarray(at, at + block)) > thresholdDb ? 'sound' : 'silence'
    blocks.push({ kind, atMs: blocks.length * blockMs, lengthMs: blockMs })
  }
  const spoken = join(join(blocks).map((run, index) => swapIf(run, 'silence', minMs, index > 0)))
  return join(spoken.map((run) => swapIf(run, 'sound', minMs, true)))
}

/** Joins neighbours of one kind. */
function join(runs: readonly Run[]): Run[] {
  const joined: Run[] = []
  for (const run of runs) {
    const last = joined.at(-1)
    if (last?.kind === run.kind) joined.splice(-1, 1, { ...last, lengthMs: last.lengthMs + run.lengthMs })
    else joined.push(run)
  }
  return joined
}

function swapIf(run: Run, kind: Run['kind'], minMs: number, allowed: boolean): Run {
  const isShort = allowed && run.kind === kind && run.lengthMs < minMs
  return isShort ? { ...run, kind: kind === 'sound' ? 'silence' : 'sound' } : run
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
