import assert from 'node:assert/strict'
import { test } from 'node:test'
import codecs from 'alawmulaw'
import { g711, pcma, pcmu } from './g711.ts'

const { alaw, mulaw } = codecs

const allSamples = Int16Array.from({ length: 65536 }, (_, i) => i - 32768)
const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i)

/** ITU-T G.711 tables 1a and 2a: decoder output values at the ends of the segments, in 16-bit units. */
const pcmuVectors: readonly (readonly [byte: number, sample: number])[] = [
  [0xff, 0],
  [0x7f, -0],
  [0xfe, 8],
  [0xf0, 120],
  [0xef, 132],
  [0xe0, 372],
  [0xdf, 396],
  [0xcf, 924],
  [0xbf, 1980],
  [0xaf, 4092],
  [0x9f, 8316],
  [0x8f, 16764],
  [0x80, 32124],
  [0x00, -32124],
]
const pcmaVectors: readonly (readonly [byte: number, sample: number])[] = [
  [0xd5, 8],
  [0x55, -8],
  [0xd4, 24],
  [0xc5, 264],
  [0xf5, 528],
  [0xe5, 1056],
  [0x95, 2112],
  [0x85, 4224],
  [0xb5, 8448],
  [0xa5, 16896],
  [0xaa, 32256],
  [0x2a, -32256],
]

test('µ-law decodes to the values of table 2', () => {
  for (const [byte, sample] of pcmuVectors)
    assert.equal(pcmu.decodeSample(byte) + 0, sample + 0, `0x${byte.toString(16)}`)
})

test('A-law decodes to the values of table 1', () => {
  for (const [byte, sample] of pcmaVectors)
    assert.equal(pcma.decodeSample(byte), sample, `0x${byte.toString(16)}`)
})

test('every byte comes back from its own sample, except the second zero of µ-law', () => {
  for (const byte of allBytes) {
    assert.equal(pcma.encodeSample(pcma.decodeSample(byte)), byte)
    assert.equal(pcmu.encodeSample(pcmu.decodeSample(byte)), byte === 0x7f ? 0xff : byte)
  }
})

test('silence is the byte that decodes nearest to zero', () => {
  assert.equal(pcmu.silence, 0xff)
  assert.equal(pcma.silence, 0xd5)
})

test('all 256 bytes decode as the reference library decodes them', () => {
  for (const byte of allBytes) {
    assert.equal(pcmu.decodeSample(byte) + 0, mulaw.decodeSample(byte) + 0)
    assert.equal(pcma.decodeSample(byte), alaw.decodeSample(byte))
  }
})

test('every sample encodes at least as near as the reference library does, but for the rounding that G.191 prescribes', () => {
  for (const [law, reference] of [
    [pcmu, mulaw],
    [pcma, alaw],
  ] as const) {
    let different = 0
    for (const sample of allSamples) {
      const ours = law.encodeSample(sample)
      const theirs = reference.encodeSample(sample) & 0xff
      if (ours === theirs) continue
      different += 1
      const [ourError, theirError] = [ours, theirs].map((byte) => Math.abs(law.decodeSample(byte) - sample))
      assert.ok(Number(ourError) <= Number(theirError) + 16, `sample ${sample}: ${ours} against ${theirs}`)
    }
    assert.ok(different < 65536 / 50, `${different} samples differ`)
  }
})

test('encoding never moves a sample by more than half a step of the segment it lands in', () => {
  for (const law of [pcmu, pcma]) {
    const magnitudes = [...new Set([...allBytes].map((byte) => Math.abs(law.decodeSample(byte))))].sort(
      (a, b) => a - b,
    )
    for (const sample of allSamples) {
      const decoded = law.decodeSample(law.encodeSample(sample))
      const above = magnitudes[magnitudes.indexOf(Math.abs(decoded)) + 1]
      if (above === undefined) continue // the last step is also where loud samples are clipped
      const halfStep = (above - Math.abs(decoded)) / 2
      assert.ok(Math.abs(sample - decoded) <= halfStep, `${sample} → ${decoded}`)
    }
  }
})

test('a frame is encoded and decoded as its samples are, into buffers of the caller', () => {
  for (const law of Object.values(g711)) {
    const bytes = new Uint8Array(allSamples.length + 3).fill(7)
    const samples = new Int16Array(256)

    law.encode(allSamples, bytes)
    law.decode(allBytes, samples)

    assert.deepEqual([...bytes.subarray(0, 65536)], [...allSamples].map(law.encodeSample))
    assert.deepEqual([...bytes.subarray(65536)], [7, 7, 7])
    assert.deepEqual([...samples], [...allBytes].map(law.decodeSample))
  }
})
