import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Sound, writeWav } from './wav.ts'

/** How much of the mirror image is added above 4 kHz; the best of those tried on human 8 kHz speech. */
const FOLDING_GAIN = 0.4

/** Whether a program is on the PATH. */
export function isInstalled(program: string): boolean {
  // biome-ignore lint/style/noProcessEnv: where programs are found is not configuration of the product
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, program)))
}

/**
 * English speech at 8 kHz as lower-case words, by pocketsphinx; expect one wrong word in ten for a clear voice.
 * With `sentences` it says which of them it heard, and is right far more often.
 */
export function recognise(samples: Int16Array, sentences?: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-listen-'))
  try {
    const path = join(folder, 'heard.wav')
    writeWav(path, fold(samples))
    const grammar = sentences === undefined ? [] : ['-jsgf', writeGrammar(folder, sentences)]
    const output = execFileSync(
      'pocketsphinx_continuous',
      ['-infile', path, '-logfn', join(folder, 'log'), ...grammar],
      { encoding: 'utf8', timeout: 60_000 },
    )
    return output.trim().split(/\s+/).join(' ')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Doubles the sample rate and mirrors the band below 4 kHz above it, where the recogniser expects consonants. */
export function fold(samples: Int16Array): Sound {
  const doubled = new Int16Array(2 * samples.length)
  const taps = halfBand()
  const reach = (taps.length - 1) / 2
  for (let index = 0; index < doubled.length; index += 1) {
    let low = 0
    for (let tap = -reach; tap <= reach; tap += 1) {
      const at = index - tap
      if (at % 2 === 0) low += 2 * (taps[tap + reach] ?? 0) * (samples[at / 2] ?? 0)
    }
    // Zero-stuffed samples hold the band and its mirror image in equal parts: the image is all less the band.
    const all = index % 2 === 0 ? 2 * (samples[index / 2] ?? 0) : 0
    doubled[index] = Math.max(-32_768, Math.min(32_767, Math.round(low + FOLDING_GAIN * (all - low))))
  }
  return { samples: doubled, sampleRateHz: 16_000 }
}

/** A low pass at a quarter of the sample rate: windowed sinc (Hamming), 63 taps, sum 1. */
function halfBand(): number[] {
  const reach = 31
  return Array.from({ length: 2 * reach + 1 }, (_, index) => {
    const at = index - reach
    const sinc = at === 0 ? 0.5 : Math.sin((Math.PI * at) / 2) / (Math.PI * at)
    return sinc * (0.54 + 0.46 * Math.cos((Math.PI * at) / reach))
  })
}

function writeGrammar(folder: string, sentences: readonly string[]): string {
  const path = join(folder, 'sentences.gram')
  writeFileSync(path, `#JSGF V1.0;\ngrammar sentences;\npublic <sentence> = ${sentences.join(' | ')};\n`)
  return path
}
