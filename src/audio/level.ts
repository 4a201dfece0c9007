const FULL_SCALE = 32768

/** How loud samples are, in dB relative to full scale; silence is -Infinity. A full-scale square wave has 0 dBFS. */
export interface Level {
  readonly rmsDbfs: number
  readonly peakDbfs: number
}

export function measureLevel(samples: Int16Array): Level {
  let sumOfSquares = 0
  let peak = 0
  for (const sample of samples) {
    sumOfSquares += sample * sample
    peak = Math.max(peak, Math.abs(sample))
  }
  const rms = samples.length === 0 ? 0 : Math.sqrt(sumOfSquares / samples.length)
  return { rmsDbfs: toDbfs(rms), peakDbfs: toDbfs(peak) }
}

/**
 * Scales samples in place to `rmsDbfs`, by less where the loudest sample would rise above `maxPeakDbfs`. Silence stays silent.
 * Speech on a telephone is at home near -20 dBFS RMS.
 */
export function normalizeLevel(samples: Int16Array, rmsDbfs = -20, maxPeakDbfs = -1): void {
  const level = measureLevel(samples)
  if (level.peakDbfs === -Infinity) return
  const gain = 10 ** (Math.min(rmsDbfs - level.rmsDbfs, maxPeakDbfs - level.peakDbfs) / 20)
  for (let i = 0; i < samples.length; i += 1) samples[i] = Math.round((samples[i] ?? 0) * gain)
}

function toDbfs(amplitude: number): number {
  return 20 * Math.log10(amplitude / FULL_SCALE)
}
