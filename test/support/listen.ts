import { crossCorrelate } from './listen/correlate.ts'

const SAMPLES_PER_MS = 8
const BLOCK_MS = 5
/** Quieter source blocks than this (root mean square of samples) can't tell a gap from a pause. */
const AUDIBLE = 100

export interface Comparison {
  /** Where the source begins in what was heard; negative if its beginning was cut off. */
  readonly offsetMs: number
  readonly offsetSamples: number
  /** −1 to 1, over the part of the source that fits into what was heard; above 0.99 for G.711. */
  readonly correlation: number
  /** Heard minus source, over blocks that are audible in both. */
  readonly levelDifferenceDb: number
  /** How much of the source was heard, up to its last audible block. */
  readonly heardMs: number
  /** Silence where the source has sound, before the last block that was heard; times from the source's start. */
  readonly gaps: readonly { readonly atMs: number; readonly lengthMs: number }[]
  readonly longestGapMs: number
  /** Parts of the source that were heard earlier (negative) or later than the rest: dropped or repeated samples. */
  readonly slips: readonly { readonly atMs: number; readonly byMs: number }[]
}

/** Finds the source in what was heard, to the sample, and says what became of it. Both are 8 kHz. */
export function compareHeard(heard: Int16Array, source: Int16Array): Comparison {
  const offsetSamples = findOffset(heard, source)
  const from = Math.max(0, -offsetSamples)
  const to = Math.min(source.length, heard.length - offsetSamples)
  const ours = source.subarray(from, to)
  const theirs = heard.subarray(from + offsetSamples, to + offsetSamples)
  const blocks = compareBlocks(theirs, ours)
  const last = blocks.findLastIndex(
    ({ heardLevel, sourceLevel }) => sourceLevel >= AUDIBLE && !isGap({ heardLevel, sourceLevel }),
  )
  const reached = blocks.slice(0, last + 1)
  const gaps = gapsIn(reached, from / SAMPLES_PER_MS)
  return {
    offsetMs: offsetSamples / SAMPLES_PER_MS,
    offsetSamples,
    correlation: correlationOf(theirs, ours),
    levelDifferenceDb: levelDifferenceOf(reached),
    heardMs: reached.length * BLOCK_MS,
    gaps,
    longestGapMs: Math.max(0, ...gaps.map(({ lengthMs }) => lengthMs)),
    slips: slipsIn(theirs, ours, from / SAMPLES_PER_MS),
  }
}

/** The lag of the source in what was heard with the highest correlation, up to 1 s before its start. */
export function findOffset(heard: Int16Array, source: Int16Array): number {
  const lead = 8_000
  const padded = new Float64Array(heard.length + lead)
  padded.set(heard, lead)
  const sums = crossCorrelate(padded, Float64Array.from(source))
  const energyBefore = cumulativeEnergy(padded)
  let best = 0
  let bestValue = Number.NEGATIVE_INFINITY
  for (let lag = 0; lag < padded.length; lag += 1) {
    const end = Math.min(padded.length, lag + source.length)
    const energy = (energyBefore[end] ?? 0) - (energyBefore[lag] ?? 0)
    // A quiet stretch must not win by division: at least a hundredth of full energy is assumed.
    const floor = (energyBefore.at(-1) ?? 0) / 100 + 1
    const value = (sums[lag] ?? 0) / Math.sqrt(Math.max(energy, floor))
    if (value > bestValue) {
      bestValue = value
      best = lag
    }
  }
  return best - lead
}

function cumulativeEnergy(samples: Float64Array): Float64Array {
  const sums = new Float64Array(samples.length + 1)
  for (let index = 0; index < samples.length; index += 1)
    sums[index + 1] = (sums[index] ?? 0) + (samples[index] ?? 0) ** 2
  return sums
}

/** Normalised correlation of two stretches of equal length; 0 if either is silent. */
export function correlationOf(a: Int16Array, b: Int16Array): number {
  let product = 0
  let energyA = 0
  let energyB = 0
  for (let index = 0; index < a.length; index += 1) {
    const [x = 0, y = 0] = [a[index], b[index]]
    product += x * y
    energyA += x * x
    energyB += y * y
  }
  return energyA === 0 || energyB === 0 ? 0 : product / Math.sqrt(energyA * energyB)
}

interface Block {
  readonly heardLevel: number
  readonly sourceLevel: number
}

function compareBlocks(heard: Int16Array, source: Int16Array): Block[] {
  const size = BLOCK_MS * SAMPLES_PER_MS
  const blocks: Block[] = []
  for (let at = 0; at + size <= source.length; at += size) {
    blocks.push({
      heardLevel: rms(heard.subarray(at, at + size)),
      sourceLevel: rms(source.subarray(at, at + size)),
    })
  }
  return blocks
}

function rms(samples: Int16Array): number {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return Math.sqrt(sum / Math.max(1, samples.length))
}

function isGap({ heardLevel, sourceLevel }: Block): boolean {
  return sourceLevel >= AUDIBLE && heardLevel < sourceLevel / 10
}

function gapsIn(blocks: readonly Block[], startMs: number): { atMs: number; lengthMs: number }[] {
  const gaps: { atMs: number; lengthMs: number }[] = []
  blocks.forEach((block, index) => {
    if (!isGap(block)) return
    const atMs = startMs + index * BLOCK_MS
    const last = gaps.at(-1)
    if (last && last.atMs + last.lengthMs === atMs) last.lengthMs += BLOCK_MS
    else gaps.push({ atMs, lengthMs: BLOCK_MS })
  })
  return gaps
}

function levelDifferenceOf(blocks: readonly Block[]): number {
  let heard = 0
  let source = 0
  for (const block of blocks) {
    if (block.sourceLevel < AUDIBLE || isGap(block)) continue
    heard += block.heardLevel ** 2
    source += block.sourceLevel ** 2
  }
  return heard === 0 || source === 0 ? Number.NEGATIVE_INFINITY : 10 * Math.log10(heard / source)
}

/** Looks, in each half second that is audible, for a better place within 40 ms around. */
function slipsIn(heard: Int16Array, source: Int16Array, startMs: number): { atMs: number; byMs: number }[] {
  const size = 500 * SAMPLES_PER_MS
  const reach = 40 * SAMPLES_PER_MS
  const slips: { atMs: number; byMs: number }[] = []
  for (let at = reach; at + size + reach <= source.length; at += size) {
    const part = source.subarray(at, at + size)
    if (rms(part) < AUDIBLE) continue
    const lag = bestLag(heard.subarray(at - reach, at + size + reach), part) - reach
    const here = correlationOf(heard.subarray(at, at + size), part)
    const there = correlationOf(heard.subarray(at + lag, at + lag + size), part)
    if (lag !== 0 && there > here + 0.05 && there > 0.5)
      slips.push({ atMs: startMs + at / SAMPLES_PER_MS, byMs: lag / SAMPLES_PER_MS })
  }
  return slips
}

function bestLag(heard: Int16Array, part: Int16Array): number {
  const sums = crossCorrelate(Float64Array.from(heard), Float64Array.from(part))
  const last = heard.length - part.length
  let best = 0
  for (let lag = 0; lag <= last; lag += 1) if ((sums[lag] ?? 0) > (sums[best] ?? 0)) best = lag
  return best
}
