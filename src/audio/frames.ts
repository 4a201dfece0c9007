/** Samples in one frame: 20 ms at 8 kHz, the packet time of all legs. */
export const FRAME_SAMPLES = 160
export const FRAME_MS = 20

/** Lengthens samples with silence to whole frames; returns them as they are when they fit. */
export function padToFrames(samples: Int16Array): Int16Array {
  const frames = Math.ceil(samples.length / FRAME_SAMPLES)
  if (frames * FRAME_SAMPLES === samples.length) return samples
  const padded = new Int16Array(frames * FRAME_SAMPLES)
  padded.set(samples)
  return padded
}
