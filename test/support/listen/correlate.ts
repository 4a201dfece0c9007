/**
 * Cross-correlation of two sounds by way of the Fourier transform: `result[lag]` is the sum of
 * `longer[lag + n] * shorter[n]`. Negative lags are not looked at.
 */
export function crossCorrelate(longer: Float64Array, shorter: Float64Array): Float64Array {
  const size = 2 ** Math.ceil(Math.log2(longer.length + shorter.length))
  const a = new Spectrum(longer, size)
  const b = new Spectrum(shorter, size)
  for (let index = 0; index < size; index += 1) {
    const [ar = 0, ai = 0, br = 0, bi = 0] = [a.re[index], a.im[index], b.re[index], b.im[index]]
    // conj(a · conj(b)): a forward transform of it is the inverse transform, up to conjugation and scale.
    a.re[index] = ar * br + ai * bi
    a.im[index] = ar * bi - ai * br
  }
  transform(a.re, a.im)
  return a.re.map((value) => value / size).subarray(0, longer.length)
}

class Spectrum {
  readonly re: Float64Array
  readonly im: Float64Array

  constructor(samples: Float64Array, size: number) {
    this.re = new Float64Array(size)
    this.re.set(samples)
    this.im = new Float64Array(size)
    transform(this.re, this.im)
  }
}

/** In-place radix-2 Fourier transform; the length is a power of two. */
function transform(re: Float64Array, im: Float64Array): void {
  reverseBits(re, im)
  for (let half = 1; half < re.length; half *= 2) {
    for (let offset = 0; offset < half; offset += 1) {
      const angle = (-Math.PI * offset) / half
      const cos = Math.cos(angle)
      const sin = Math.sin(angle)
      for (let at = offset; at < re.length; at += 2 * half) butterfly(re, im, at, at + half, cos, sin)
    }
  }
}

function butterfly(
  re: Float64Array,
  im: Float64Array,
  upper: number,
  lower: number,
  cos: number,
  sin: number,
): void {
  const [ur = 0, ui = 0, lr = 0, li = 0] = [re[upper], im[upper], re[lower], im[lower]]
  const tr = lr * cos - li * sin
  const ti = lr * sin + li * cos
  re[lower] = ur - tr
  im[lower] = ui - ti
  re[upper] = ur + tr
  im[upper] = ui + ti
}

function reverseBits(re: Float64Array, im: Float64Array): void {
  for (let index = 1, mirror = 0; index < re.length; index += 1) {
    let bit = re.length >> 1
    for (; mirror & bit; bit >>= 1) mirror ^= bit
    mirror |= bit
    if (index >= mirror) continue
    const [r = 0, i = 0, mr = 0, mi = 0] = [re[index], im[index], re[mirror], im[mirror]]
    re[index] = mr
    im[index] = mi
    re[mirror] = r
    im[mirror] = i
  }
}
