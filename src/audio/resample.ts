import loadSpeex, { type SpeexModule } from '@echogarden/speex-resampler-wasm'

/** Changes the sample rate of mono samples. The result starts where the input starts: the filter's delay is cut off. */
export interface Resampler {
  resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array
  /** For a sound that comes in pieces. */
  open(fromHz: number, toHz: number): ResamplingStream
}

/** One sound on its way from rate to rate; to be disposed. */
export interface ResamplingStream extends Disposable {
  /** What can be told of the result after these samples: the filter keeps a few milliseconds back. */
  push(samples: Int16Array): Int16Array
  /** The rest of the result. */
  end(): Int16Array
}

const QUALITY = 5 // of 10: 3.9 µs a frame
const BLOCK_SAMPLES = 8192

/** Loads the Speex resampler (WebAssembly, about 30 kB). */
export async function openResampler(): Promise<Resampler> {
  const module = await loadSpeex()
  return {
    resample: (samples, fromHz, toHz) => {
      if (fromHz === toHz) return samples
      using stream = new SpeexStream(module, fromHz, toHz)
      return concatSamples([stream.push(samples), stream.end()])
    },
    open: (fromHz, toHz) => (fromHz === toHz ? new UnchangedStream() : new SpeexStream(module, fromHz, toHz)),
  }
}

/** All samples in one array. */
export function concatSamples(pieces: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

class UnchangedStream implements ResamplingStream {
  push(samples: Int16Array): Int16Array {
    return samples
  }

  end(): Int16Array {
    return new Int16Array(0)
  }

  [Symbol.dispose](): void {}
}

class SpeexStream implements ResamplingStream {
  readonly #module: SpeexModule
  readonly #ratio: number
  readonly #outputBlock: number
  readonly #memory: number
  readonly #state: number
  /** Samples of the sound taken, and of the result made. */
  #taken = 0
  #made = 0

  constructor(module: SpeexModule, fromHz: number, toHz: number) {
    this.#module = module
    this.#ratio = toHz / fromHz
    this.#outputBlock = Math.ceil(BLOCK_SAMPLES * this.#ratio) + 16
    this.#memory = module._malloc(12 + 2 * (BLOCK_SAMPLES + this.#outputBlock))
    this.#state = module._speex_resampler_init(1, fromHz, toHz, QUALITY, this.#memory)
    if (this.#state === 0) {
      module._free(this.#memory)
      throw new Error(`the resampler refused ${fromHz} Hz → ${toHz} Hz`)
    }
    module._speex_resampler_skip_zeros(this.#state)
  }

  push(samples: Int16Array): Int16Array {
    this.#taken += samples.length
    return this.#process(samples)
  }

  /** Past the end the filter is fed silence until it has given back what it holds. */
  end(): Int16Array {
    const latency = this.#module._speex_resampler_get_input_latency(this.#state)
    const missing = Math.round(this.#taken * this.#ratio) - this.#made
    const rest = new Int16Array(Math.max(0, missing))
    rest.set(this.#process(new Int16Array(2 * latency)).subarray(0, rest.length))
    return rest
  }

  [Symbol.dispose](): void {
    this.#module._speex_resampler_destroy(this.#state)
    this.#module._free(this.#memory)
  }

  #process(samples: Int16Array): Int16Array {
    const module = this.#module
    const [inputLength, outputLength, input] = [this.#memory + 4, this.#memory + 8, this.#memory + 12]
    const output = input + 2 * BLOCK_SAMPLES
    const pieces: Int16Array[] = []
    for (let read = 0; read < samples.length; ) {
      const block = samples.subarray(read, read + BLOCK_SAMPLES)
      module.HEAP16.set(block, input >> 1)
      module.HEAP32[inputLength >> 2] = block.length
      module.HEAP32[outputLength >> 2] = this.#outputBlock
      module._speex_resampler_process_int(this.#state, 0, input, inputLength, output, outputLength)
      const [consumed = 0, made = 0] = [module.HEAP32[inputLength >> 2], module.HEAP32[outputLength >> 2]]
      if (consumed === 0) throw new Error('the resampler took no samples')
      pieces.push(module.HEAP16.slice(output >> 1, (output >> 1) + made))
      this.#made += made
      read += consumed
    }
    return concatSamples(pieces)
  }
}
