/** One companding law of ITU-T G.711: 16-bit linear samples ↔ one byte each, at 8 kHz. */
export interface G711 {
  /** The byte that stands for silence. */
  readonly silence: number
  encodeSample(sample: number): number
  decodeSample(byte: number): number
  /** Encodes all of `samples` into the beginning of `into`; allocates nothing. */
  encode(samples: Int16Array, into: Uint8Array): void
  /** Decodes all of `bytes` into the beginning of `into`; allocates nothing. */
  decode(bytes: Uint8Array, into: Int16Array): void
}

/** G.711 counts µ-law in 14-bit and A-law in 12-bit magnitudes: lower bits of a 16-bit sample never matter. */
const PCMU_DROPPED_BITS = 2
const PCMA_DROPPED_BITS = 4
const PCMU_BIAS = 33

/** µ-law (G.711 §3.2, table 2), as used by PCMU, payload type 0. */
export const pcmu: G711 = companding(PCMU_DROPPED_BITS, compressPcmu, expandPcmu)

/** A-law with every even bit inverted (G.711 §3.2, table 1), as used by PCMA, payload type 8. */
export const pcma: G711 = companding(PCMA_DROPPED_BITS, compressPcma, expandPcma)

/** The laws under their RTP encoding names (RFC 3551 §4.5.14). */
export const g711: Readonly<Record<'PCMU' | 'PCMA', G711>> = { PCMU: pcmu, PCMA: pcma }

function companding(
  droppedBits: number,
  compress: (sample: number) => number,
  expand: (byte: number) => number,
): G711 {
  const mask = 0xffff >> droppedBits
  const encoded = new Uint8Array(mask + 1)
  for (let sample = -32768; sample < 32768; sample += 1 << droppedBits) {
    encoded[(sample >> droppedBits) & mask] = compress(sample)
  }
  const decoded = Int16Array.from({ length: 256 }, (_, byte) => expand(byte))

  // Both tables cover every index that their masks let through, so a look-up is never undefined.
  return {
    silence: compress(0),
    encodeSample: (sample) => encoded[(sample >> droppedBits) & mask] as number,
    decodeSample: (byte) => decoded[byte & 0xff] as number,
    encode(samples, into) {
      for (let i = 0; i < samples.length; i += 1) {
        into[i] = encoded[((samples[i] as number) >> droppedBits) & mask] as number
      }
    },
    decode(bytes, into) {
      for (let i = 0; i < bytes.length; i += 1) into[i] = decoded[bytes[i] as number] as number
    },
  }
}

/** As the ITU's reference code does (G.191, `ulaw_compress`): magnitudes of negative samples are one's complements. */
function compressPcmu(sample: number): number {
  const magnitude = Math.min((sample < 0 ? ~sample >> 2 : sample >> 2) + PCMU_BIAS, 0x1fff)
  const segment = 27 - Math.clz32(magnitude) // 1–8: 33–63 is the first
  const step = 0x0f - ((magnitude >> segment) & 0x0f)
  return ((8 - segment) << 4) | step | (sample < 0 ? 0 : 0x80)
}

function expandPcmu(byte: number): number {
  const inverted = ~byte
  const exponent = (inverted >> 4) & 7
  const step = 8 << exponent
  const magnitude = (0x80 << exponent) + step * (inverted & 0x0f) + step / 2 - 4 * PCMU_BIAS
  return byte < 0x80 ? -magnitude : magnitude
}

function compressPcma(sample: number): number {
  const magnitude = sample < 0 ? ~sample >> 4 : sample >> 4
  const exponent = Math.max(0, 28 - Math.clz32(magnitude)) // 0 and 1 share one step size
  const code = exponent === 0 ? magnitude : (exponent << 4) | ((magnitude >> (exponent - 1)) & 0x0f)
  return (code | (sample < 0 ? 0 : 0x80)) ^ 0x55
}

function expandPcma(byte: number): number {
  const code = (byte ^ 0x55) & 0x7f
  const exponent = code >> 4
  const mantissa = (((code & 0x0f) + (exponent > 0 ? 16 : 0)) << 4) + 8
  const magnitude = exponent > 1 ? mantissa << (exponent - 1) : mantissa
  return byte < 0x80 ? -magnitude : magnitude
}
