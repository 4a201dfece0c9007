import { pcma, pcmu } from './g711.ts'

/** How the samples of a WAV file are stored; `pcm8` is unsigned, all other integers are signed. */
export type WavEncoding = 'pcm8' | 'pcm16' | 'pcm24' | 'pcm32' | 'float32' | 'float64' | 'pcma' | 'pcmu'

/** A WAV file that was understood, its samples still as they are stored. */
export interface WavFile {
  readonly encoding: WavEncoding
  readonly bigEndian: boolean
  readonly sampleRateHz: number
  readonly channels: number
  /** Whole sample frames (one sample of each channel), a view of the file. */
  readonly data: Uint8Array
}

/** What a file is instead of a WAV file that can be read, as the end of a sentence. */
export interface WavFailure {
  readonly failure: string
}

const MAX_CHANNELS = 32
const MAX_CHUNKS = 1000
const [MIN_RATE_HZ, MAX_RATE_HZ] = [1000, 384_000]
const EXTENSIBLE = 0xfffe

const encodings: Readonly<Record<string, WavEncoding>> = {
  '1/8': 'pcm8',
  '1/16': 'pcm16',
  '1/24': 'pcm24',
  '1/32': 'pcm32',
  '3/32': 'float32',
  '3/64': 'float64',
  '6/8': 'pcma',
  '7/8': 'pcmu',
}

/** Compressed formats that are met in the wild, to name them in the failure. */
const otherFormats: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG',
  85: 'MP3',
}

/**
 * Reads a RIFF or RIFX WAVE file. Never throws, and copies nothing. Lengths that lie are corrected by the length of the file: streamed
 * headers say 0 or almost 4 GB, cut files end early.
 */
export function parseWav(bytes: Uint8Array): WavFile | WavFailure {
  const container = tagAt(bytes, 0)
  if (container !== 'RIFF' && container !== 'RIFX') return { failure: 'it has no RIFF header' }
  if (tagAt(bytes, 8) !== 'WAVE') return { failure: 'its RIFF header is not one of a WAVE file' }
  const bigEndian = container === 'RIFX'
  const honest = viewOf(bytes).getUint32(4, !bigEndian) === bytes.length - 8

  let format: Uint8Array | undefined
  for (const { tag, start, length } of chunksOf(bytes, bigEndian)) {
    const content = bytes.subarray(start, start + length)
    if (tag === 'fmt ') format = content
    if (tag !== 'data') continue
    if (!format) return { failure: 'its format chunk is missing before its samples' }
    return fileOf(format, length === 0 && !honest ? bytes.subarray(start) : content, bigEndian)
  }
  return { failure: 'it holds no samples' }
}

/** The chunks of a RIFF container as they claim to be: the last one may reach beyond the file. */
function* chunksOf(bytes: Uint8Array, bigEndian: boolean) {
  const view = viewOf(bytes)
  let position = 12
  for (let count = 0; count < MAX_CHUNKS && position + 8 <= bytes.length; count += 1) {
    const tag = tagAt(bytes, position)
    const length = view.getUint32(position + 4, !bigEndian)
    yield { tag, start: position + 8, length }
    position += 8 + length + (length & 1) // chunks begin at even positions
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function tagAt(bytes: Uint8Array, position: number): string {
  return String.fromCharCode(...bytes.subarray(position, position + 4))
}

function fileOf(chunk: Uint8Array, data: Uint8Array, bigEndian: boolean): WavFile | WavFailure {
  if (chunk.length < 16) return { failure: 'its format chunk is too short' }
  const format = viewOf(chunk)
  const u16 = (at: number) => format.getUint16(at, !bigEndian)
  // The sub-format of WAVE_FORMAT_EXTENSIBLE is a GUID that begins with the format tag.
  const tag = u16(0) === EXTENSIBLE && format.byteLength >= 40 ? u16(24) : u16(0)
  const [channels, sampleRateHz, frameBytes, bits] = [
    u16(2),
    format.getUint32(4, !bigEndian),
    u16(12),
    u16(14),
  ]
  if (channels < 1 || channels > MAX_CHANNELS) return { failure: `it has ${channels} channels` }
  if (sampleRateHz < MIN_RATE_HZ || sampleRateHz > MAX_RATE_HZ)
    return { failure: `its sample rate is ${sampleRateHz} Hz` }

  // Samples of odd widths, such as 20 bits, are stored left-aligned in whole bytes.
  const storedBits = Math.ceil(bits / 8) * 8
  const encoding = encodings[`${tag}/${storedBits}`]
  if (!encoding) {
    const name = otherFormats[tag] ?? (tag === 1 || tag === 3 ? `${bits}-bit` : `format ${tag}`)
    return { failure: `its samples are ${name}, which is not supported` }
  }
  if (frameBytes !== (channels * storedBits) / 8)
    return { failure: `its block size is ${frameBytes} bytes, which does not fit its format` }
  const frames = Math.floor(data.length / frameBytes)
  if (frames === 0) return { failure: 'it holds no samples' }
  return { encoding, bigEndian, sampleRateHz, channels, data: data.subarray(0, frames * frameBytes) }
}

type SampleReader = (view: DataView, byteOffset: number, littleEndian: boolean) => number

/** Each reads one sample on the scale of 16 bits. */
const readers: Readonly<Record<WavEncoding, { readonly bytes: number; readonly read: SampleReader }>> = {
  pcm8: { bytes: 1, read: (view, at) => (view.getUint8(at) - 128) * 256 },
  pcm16: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  pcm24: {
    bytes: 3,
    read: (view, at, little) =>
      little
        ? view.getInt16(at + 1, true) + view.getUint8(at) / 256
        : view.getInt16(at) + view.getUint8(at + 2) / 256,
  },
  pcm32: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) / 65536 },
  float32: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) * 32768 },
  float64: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) * 32768 },
  pcma: { bytes: 1, read: (view, at) => pcma.decodeSample(view.getUint8(at)) },
  pcmu: { bytes: 1, read: (view, at) => pcmu.decodeSample(view.getUint8(at)) },
}

/** Decodes a WAV file to mono 16-bit samples of its own rate: channels are averaged, overshoot is clipped, NaN is silence. */
export function decodeWav({ encoding, bigEndian, channels, data }: WavFile): Int16Array {
  const { bytes, read } = readers[encoding]
  const view = viewOf(data)
  const samples = new Int16Array(data.length / (bytes * channels))
  for (let i = 0, at = 0; i < samples.length; i += 1) {
    let sum = 0
    for (let channel = 0; channel < channels; channel += 1, at += bytes) sum += read(view, at, !bigEndian)
    samples[i] = Math.max(-32768, Math.min(32767, Math.round(sum / channels)))
  }
  return samples
}

/** Length of the header that `serializeWavHeader` makes. */
export const WAV_HEADER_BYTES = 44

/**
 * The header of a 16-bit PCM mono WAV file. A file that is still being written carries the greatest length, which readers take
 * as "to the end of the file"; its owner writes the header anew when it is closed.
 */
export function serializeWavHeader(sampleRateHz: number, dataBytes = 0xffff_ffff - 36): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(Math.min(dataBytes + 36, 0xffff_ffff), 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20) // PCM
  header.writeUInt16LE(1, 22) // mono
  header.writeUInt32LE(sampleRateHz, 24)
  header.writeUInt32LE(sampleRateHz * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36, 'latin1')
  header.writeUInt32LE(dataBytes, 40)
  return header
}

/** A whole 16-bit PCM mono WAV file. */
export function serializeWav(samples: Int16Array, sampleRateHz: number): Buffer {
  const data = Buffer.alloc(samples.length * 2)
  for (let i = 0; i < samples.length; i += 1) data.writeInt16LE(samples[i] ?? 0, i * 2)
  return Buffer.concat([serializeWavHeader(sampleRateHz, data.length), data])
}
