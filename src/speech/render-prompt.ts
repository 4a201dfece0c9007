import { padToFrames } from '../audio/frames.ts'
import { pcma, pcmu } from '../audio/g711.ts'
import { normalizeLevel } from '../audio/level.ts'
import type { Resampler } from '../audio/resample.ts'
import { decodeWav, parseWav, type WavFailure } from '../audio/wav.ts'
import type { Prompt } from '../domain/speech.ts'

const RATE_HZ = 8000
const BYTES_PER_MS = 8

export interface RenderOptions {
  readonly resampler: Resampler
  /** Brings the sound to the level of speech; a sound file keeps its own. */
  readonly normalize: boolean
  readonly maxSeconds: number
}

/** A WAV file as a prompt: mono, 8 kHz, whole frames, in both laws. */
export function renderPrompt(
  wav: Uint8Array,
  { resampler, normalize, maxSeconds }: RenderOptions,
): Prompt | WavFailure {
  const file = parseWav(wav)
  if ('failure' in file) return file
  const stored = decodeWav(file)
  const seconds = stored.length / file.sampleRateHz
  if (seconds > maxSeconds)
    return { failure: `it lasts ${Math.round(seconds)} s, longer than ${maxSeconds} s` }
  const samples = padToFrames(resampler.resample(stored, file.sampleRateHz, RATE_HZ))
  if (normalize) normalizeLevel(samples)
  const prompt = allocatePrompt(samples.length)
  pcmu.encode(samples, new Uint8Array(prompt.pcmu))
  pcma.encode(samples, new Uint8Array(prompt.pcma))
  return prompt
}

/** An empty prompt of as many bytes in each law. */
export function allocatePrompt(bytes: number): Prompt {
  return {
    durationMs: bytes / BYTES_PER_MS,
    pcmu: new SharedArrayBuffer(bytes),
    pcma: new SharedArrayBuffer(bytes),
  }
}
