import { padToFrames } from '../audio/frames.ts'
import { pcma, pcmu } from '../audio/g711.ts'
import { normalizeLevel } from '../audio/level.ts'
import { decodeMp3 } from '../audio/mp3.ts'
import type { Resampler } from '../audio/resample.ts'
import { kindOfFile } from '../audio/sniff.ts'
import { decodeWav, parseWav } from '../audio/wav.ts'
import type { Prompt } from '../domain/speech.ts'

const RATE_HZ = 8000
const BYTES_PER_MS = 8

export interface RenderOptions {
  readonly resampler: Resampler
  /** Brings the sound to the level of speech; a sound file keeps its own. */
  readonly normalize: boolean
  readonly maxSeconds: number
  /** Awaited now and then in long work, so that shorter work need not wait for all of it. */
  readonly breathe: () => Promise<void>
}

/** Why a file can't become a prompt, as the end of a sentence. */
export interface RenderFailure {
  readonly failure: string
}

/** A WAV or MP3 file, told apart by its content, as a prompt: mono, 8 kHz, whole frames, in both laws. */
export async function renderPrompt(
  file: Uint8Array,
  { resampler, normalize, maxSeconds, breathe }: RenderOptions,
): Promise<Prompt | RenderFailure> {
  const sound =
    kindOfFile(file) === 'an MP3 file'
      ? await decodeMp3(file, { resampler, rateHz: RATE_HZ, maxSeconds, breathe })
      : samplesOfWav(file, resampler, maxSeconds)
  if ('failure' in sound) return sound
  const samples = padToFrames(sound.samples)
  if (normalize) normalizeLevel(samples)
  const prompt = allocatePrompt(samples.length)
  pcmu.encode(samples, new Uint8Array(prompt.pcmu))
  pcma.encode(samples, new Uint8Array(prompt.pcma))
  return prompt
}

function samplesOfWav(
  wav: Uint8Array,
  resampler: Resampler,
  maxSeconds: number,
): { readonly samples: Int16Array } | RenderFailure {
  const file = parseWav(wav)
  if ('failure' in file) return file
  const stored = decodeWav(file)
  const seconds = stored.length / file.sampleRateHz
  if (seconds > maxSeconds)
    return { failure: `it lasts ${Math.round(seconds)} s, longer than ${maxSeconds} s` }
  return { samples: resampler.resample(stored, file.sampleRateHz, RATE_HZ) }
}

/** An empty prompt of as many bytes in each law. */
export function allocatePrompt(bytes: number): Prompt {
  return {
    durationMs: bytes / BYTES_PER_MS,
    pcmu: new SharedArrayBuffer(bytes),
    pcma: new SharedArrayBuffer(bytes),
  }
}
