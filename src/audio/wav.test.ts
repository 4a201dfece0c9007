import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pcma, pcmu } from './g711.ts'
import {
  decodeWav,
  parseWav,
  serializeWav,
  serializeWavHeader,
  WAV_HEADER_BYTES,
  type WavFile,
} from './wav.ts'

interface Fields {
  readonly container?: 'RIFF' | 'RIFX'
  readonly tag?: number
  readonly channels?: number
  readonly rate?: number
  readonly bits?: number
  readonly frameBytes?: number
  readonly extensible?: boolean
  readonly riffLength?: number
  readonly dataLength?: number
  readonly before?: Buffer
  readonly after?: Buffer
}

/** Builds a WAV file field by field, so that each of them can lie. */
function wav(data: Buffer, fields: Fields = {}): Buffer {
  const { container = 'RIFF', tag = 1, channels = 1, rate = 8000, bits = 16, extensible = false } = fields
  const { before = Buffer.alloc(0), after = Buffer.alloc(0), frameBytes = (channels * bits) / 8 } = fields
  const big = container === 'RIFX'
  const u16 = (value: number) => (big ? [value >> 8, value & 255] : [value & 255, value >> 8])
  const u32 = (value: number) =>
    big ? [...u16(value >>> 16), ...u16(value & 0xffff)] : [...u16(value & 0xffff), ...u16(value >>> 16)]
  const guidTail = Buffer.from('000000001000800000aa00389b71', 'hex')
  const fmt = Buffer.from([
    ...[
      ...u16(extensible ? 0xfffe : tag),
      ...u16(channels),
      ...u32(rate),
      ...u32(rate * frameBytes),
      ...u16(frameBytes),
      ...u16(bits),
    ],
    ...(extensible ? [...u16(22), ...u16(bits), ...u32(0), ...u16(tag), ...guidTail] : []),
  ])
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    before,
    Buffer.from(['f', 'm', 't', ' '].map((c) => c.charCodeAt(0))),
    Buffer.from(u32(fmt.length)),
    fmt,
    Buffer.from('data'),
    Buffer.from(u32(fields.dataLength ?? data.length)),
    data,
    after,
  ])
  return Buffer.concat([Buffer.from(container), Buffer.from(u32(fields.riffLength ?? body.length)), body])
}

const int16 = (...samples: number[]) => Buffer.from(Int16Array.from(samples).buffer)

function read(bytes: Uint8Array): number[] {
  return [...decodeWav(parsed(bytes))]
}

function parsed(bytes: Uint8Array): WavFile {
  const file = parseWav(bytes)
  if ('failure' in file) assert.fail(file.failure)
  return file
}

function failureOf(bytes: Uint8Array): string {
  const file = parseWav(bytes)
  return 'failure' in file ? file.failure : assert.fail('it was read')
}

test('any samples at any rate survive being written and read', () => {
  fc.assert(
    fc.property(fc.int16Array({ minLength: 1 }), fc.integer({ min: 1000, max: 384_000 }), (samples, rate) => {
      const file = parsed(serializeWav(samples, rate))
      assert.equal(file.sampleRateHz, rate)
      assert.deepEqual(decodeWav(file), samples)
    }),
  )
})

test('no bytes make the reader throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseWav(bytes)))
})

test('no damage to a good file makes the reader throw or read beyond the file', () => {
  const good = wav(int16(...Array(40).keys()), {
    extensible: true,
    before: Buffer.from('LIST\x03\0\0\0abc\0', 'latin1'),
  })

  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, length) => {
      const bytes = Buffer.from(good.subarray(0, length))
      if (at < length) bytes[at] = value
      const file = parseWav(bytes)
      if (!('failure' in file)) assert.ok(decodeWav(file).length <= length)
    }),
    { numRuns: 2000 },
  )
})

test('PCM of 8, 16, 24 and 32 bits and floats are brought to 16 bits', () => {
  const floats = Buffer.from(Float32Array.from([0, 0.5, -0.5]).buffer)
  const doubles = Buffer.from(Float64Array.from([0, 0.5, -0.5]).buffer)
  const expected = [0, 16384, -16384]

  assert.deepEqual(read(wav(Buffer.from([128, 192, 64]), { bits: 8 })), expected)
  assert.deepEqual(read(wav(int16(0, 16384, -16384))), expected)
  assert.deepEqual(read(wav(Buffer.from('000000000040' + '0000c0', 'hex'), { bits: 24 })), expected)
  assert.deepEqual(
    read(wav(Buffer.from(Int32Array.from([0, 2 ** 30, -(2 ** 30)]).buffer), { bits: 32 })),
    expected,
  )
  assert.deepEqual(read(wav(floats, { tag: 3, bits: 32 })), expected)
  assert.deepEqual(read(wav(doubles, { tag: 3, bits: 64 })), expected)
})

test('a float file that is too loud is clipped, and NaN is silence', () => {
  const floats = Buffer.from(Float32Array.from([3, -3, Number.NaN, Infinity]).buffer)

  assert.deepEqual(read(wav(floats, { tag: 3, bits: 32 })), [32767, -32768, 0, 32767])
})

test('A-law and µ-law files are decoded', () => {
  assert.deepEqual(read(wav(Buffer.from([0xd5, 0xaa]), { tag: 6, bits: 8 })), [
    pcma.decodeSample(0xd5),
    pcma.decodeSample(0xaa),
  ])
  assert.deepEqual(read(wav(Buffer.from([0xff, 0x80]), { tag: 7, bits: 8 })), [
    pcmu.decodeSample(0xff),
    pcmu.decodeSample(0x80),
  ])
})

test('WAVE_FORMAT_EXTENSIBLE and big-endian RIFX files are read', () => {
  assert.deepEqual(read(wav(int16(1, -2), { extensible: true })), [1, -2])
  assert.deepEqual(read(wav(int16(1, -2).swap16(), { container: 'RIFX' })), [1, -2])
  assert.deepEqual(
    read(wav(Buffer.from('400000c00000', 'hex'), { container: 'RIFX', bits: 24 })),
    [16384, -16384],
  )
})

test('several channels are averaged to one', () => {
  assert.deepEqual(read(wav(int16(100, 300, -100, -301), { channels: 2 })), [200, -200])
  assert.deepEqual(read(wav(int16(32767, 32767), { channels: 2 })), [32767])
})

test('lengths that lie are corrected by the length of the file', () => {
  for (const dataLength of [0xffff_ffff, 0x7fff_f000, 0x7fff_ffff, 1_000_000]) {
    assert.deepEqual(read(wav(int16(1, 2, 3), { dataLength, riffLength: 0xffff_ffff })), [1, 2, 3])
  }
  assert.deepEqual(read(wav(int16(1, 2, 3), { dataLength: 0, riffLength: 0 })), [1, 2, 3])
})

test('an honest length of 0 holds no samples even when chunks follow', () => {
  const after = Buffer.from('LIST\x04\0\0\0abcd', 'latin1')

  assert.equal(failureOf(wav(Buffer.alloc(0), { after })), 'it holds no samples')
})

test('chunks around the samples are skipped, with the pad byte after an odd one', () => {
  const odd = Buffer.from('note\x03\0\0\0abc\0', 'latin1')

  assert.deepEqual(read(wav(int16(7), { before: odd, after: odd })), [7])
})

test('a cut file gives what it still holds, in whole sample frames', () => {
  const whole = wav(int16(1, 2, 3, 4), { channels: 2 })

  assert.deepEqual(read(whole.subarray(0, whole.length - 1)), [2])
})

test('what cannot be read is named', () => {
  assert.equal(failureOf(Buffer.alloc(0)), 'it has no RIFF header')
  assert.equal(failureOf(Buffer.from('<!DOCTYPE html><html>')), 'it has no RIFF header')
  assert.equal(
    failureOf(Buffer.from('RIFF\x04\0\0\0AVI ', 'latin1')),
    'its RIFF header is not one of a WAVE file',
  )
  assert.equal(failureOf(wav(int16(1)).subarray(0, 36)), 'it holds no samples')
  assert.equal(
    failureOf(wav(int16(1), { tag: 17, bits: 4, frameBytes: 1 })),
    'its samples are IMA ADPCM, which is not supported',
  )
  assert.equal(
    failureOf(wav(int16(1), { tag: 85, bits: 0, frameBytes: 1 })),
    'its samples are MP3, which is not supported',
  )
  assert.equal(failureOf(wav(int16(1), { tag: 4242 })), 'its samples are format 4242, which is not supported')
  assert.equal(failureOf(wav(int16(1), { bits: 64 })), 'its samples are 64-bit, which is not supported')
  assert.equal(failureOf(wav(int16(1), { channels: 0 })), 'it has 0 channels')
  assert.equal(failureOf(wav(int16(1), { rate: 5 })), 'its sample rate is 5 Hz')
  assert.equal(
    failureOf(wav(int16(1), { frameBytes: 7 })),
    'its block size is 7 bytes, which does not fit its format',
  )
})

test('samples before their format are refused', () => {
  const data = Buffer.from('data\x02\0\0\0\x01\0', 'latin1')

  assert.equal(failureOf(wav(int16(1), { before: data })), 'its format chunk is missing before its samples')
})

test('a file still being written is readable to its end', () => {
  const growing = Buffer.concat([serializeWavHeader(8000), int16(1, 2, 3)])

  assert.equal(serializeWavHeader(8000).length, WAV_HEADER_BYTES)
  assert.deepEqual(read(growing), [1, 2, 3])
})
