import { serializeWavHeader, WAV_HEADER_BYTES } from './audio/wav.ts'
import type { RecordingFormat } from './storage/recording-writer.ts'

const SAMPLE_RATE_HZ = 8_000

/** Recordings are 16-bit PCM WAV files, mono, 8 kHz: joins what `storage/` writes to what `audio/` knows of that format. */
export function wavFormat(): RecordingFormat {
  return {
    headerBytes: WAV_HEADER_BYTES,
    sampleRateHz: SAMPLE_RATE_HZ,
    header: (dataBytes) => serializeWavHeader(SAMPLE_RATE_HZ, dataBytes),
  }
}
