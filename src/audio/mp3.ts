import type { MPEGDecoder } from 'mpg123-decoder'
import { concatSamples, type Resampler, type ResamplingStream } from './resample.ts'

/** Mono samples of an MP3 file. */
export interface Mp3Sound {
  readonly samples: Int16Array
}

/** Why an MP3 file can't be decoded, as the end of a sentence. */
export interface Mp3Failure {
  readonly failure: string
}

export interface Mp3Options {
  readonly resampler: Resampler
  /** Of the result. */
  readonly rateHz: number
  readonly maxSeconds: number
  /** Lets other work of the thread run: awaited about every second of sound. */
  readonly breathe: () => Promise<void>
}

/** Fed at once. A byte of MP3 becomes at most about 100 of samples, so that a bomb is noticed before it has filled much memory. */
const SLICE_BYTES = 8_192

class Mp3Error extends Error {
  override readonly name = 'Mp3Error'
}

/**
 * Decodes MPEG audio, layers I to III, of any rate: channels are averaged, tags are skipped, and the encoder's padding is cut off
 * where the file tells of it. Damaged frames in the middle are passed over. Works slice by slice, in memory that depends on the
 * result alone. Never rejects for what a file holds.
 */
export async function decodeMp3(bytes: Uint8Array, options: Mp3Options): Promise<Mp3Sound | Mp3Failure> {
  const library = await import('mpg123-decoder') // only now: it takes 7 MB
  const decoder = new library.MPEGDecoder()
  await decoder.ready
  Object.assign(decoder, { _getErrorMessage: throwMp3Error })
  using mixdown = new Mixdown(options)
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    const decoded = decodeSlice(decoder, bytes.subarray(at, at + SLICE_BYTES))
    if ('failure' in decoded) return decoded
    const failure = mixdown.add(decoded)
    if (failure) return failure
    await options.breathe()
  }
  const samples = mixdown.end()
  return samples.length === 0
    ? { failure: 'it is an MP3 file without sound that can be decoded' }
    : { samples }
}

type Decoded = ReturnType<MPEGDecoder['decode']>

/** The decoder is C in WebAssembly: what goes wrong in it stays in this instance, which is not used again. */
function decodeSlice(decoder: MPEGDecoder, slice: Uint8Array): Decoded | Mp3Failure {
  try {
    return decoder.decode(slice)
  } catch (error) {
    const detail = error instanceof Mp3Error ? error.message : 'the decoder gave up'
    return { failure: `it is an MP3 file that can't be decoded: ${detail}` }
  }
}

/** The decoder calls this for an error, and would print it and try again, for ever if it must. */
function throwMp3Error(code: number): never {
  throw new Mp3Error(`mpg123 reports error ${code}`)
}

/** Collects stereo at the file's rate as mono at the wanted one. */
class Mixdown implements Disposable {
  readonly #options: Mp3Options
  readonly #pieces: Int16Array[] = []
  #stream: ResamplingStream | undefined
  #fileRateHz = 0
  #seconds = 0

  constructor(options: Mp3Options) {
    this.#options = options
  }

  add({ channelData, samplesDecoded, sampleRate }: Decoded): Mp3Failure | undefined {
    if (samplesDecoded === 0) return undefined
    const { resampler, rateHz, maxSeconds } = this.#options
    this.#stream ??= resampler.open(sampleRate, rateHz)
    this.#fileRateHz ||= sampleRate
    if (sampleRate !== this.#fileRateHz)
      return { failure: `its sample rate changes from ${this.#fileRateHz} Hz to ${sampleRate} Hz` }
    this.#seconds += samplesDecoded / sampleRate
    if (this.#seconds > maxSeconds) return { failure: `it lasts longer than ${maxSeconds} s` }
    this.#pieces.push(this.#stream.push(monoOf(channelData, samplesDecoded)))
    return undefined
  }

  end(): Int16Array {
    return concatSamples(this.#stream ? [...this.#pieces, this.#stream.end()] : [])
  }

  [Symbol.dispose](): void {
    this.#stream?.[Symbol.dispose]()
  }
}

/** The decoder always gives two channels, equal ones for a mono file. Overshoot is clipped. */
function monoOf([left, right]: readonly Float32Array[], count: number): Int16Array {
  const samples = new Int16Array(count)
  for (let i = 0; i < count; i += 1) {
    const sum = (left?.[i] ?? 0) + (right?.[i] ?? 0)
    samples[i] = Math.max(-32768, Math.min(32767, Math.round(sum * 16_384)))
  }
  return samples
}
