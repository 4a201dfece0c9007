import { readFileSync, writeFileSync } from 'node:fs'

export interface Sound {
  readonly samples: Int16Array
  readonly sampleRateHz: number
}

/** Reads 16-bit PCM; of several channels, the first. Throws on anything else. */
export function readWav(path: string): Sound {
  return parseWav(readFileSync(path))
}

/** A `data` length of 0 or beyond the end, as a writer leaves that was killed, means: up to the end. */
export function parseWav(file: Buffer): Sound {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error('not a WAV file')
  let sampleRateHz = 0
  let channels = 1
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4)
    const length = file.readUInt32LE(at + 4)
    if (name === 'fmt ') {
      if (file.readUInt16LE(at + 8) !== 1 || file.readUInt16LE(at + 22) !== 16)
        throw new Error('the WAV file is not 16-bit PCM')
      channels = file.readUInt16LE(at + 10)
      sampleRateHz = file.readUInt32LE(at + 12)
    }
    if (name === 'data') return { samples: firstChannel(file, at + 8, length, channels), sampleRateHz }
    at += 8 + length + (length % 2)
  }
  throw new Error('the WAV file has no data')
}

function firstChannel(file: Buffer, start: number, length: number, channels: number): Int16Array {
  const end = length === 0 ? file.length : Math.min(file.length, start + length)
  const samples = new Int16Array(Math.floor((end - start) / (2 * channels)))
  for (let index = 0; index < samples.length; index += 1)
    samples[index] = file.readInt16LE(start + 2 * channels * index)
  return samples
}

/** 16-bit PCM, mono. */
export function wavOf({ samples, sampleRateHz }: Sound): Buffer {
  const file = Buffer.alloc(44 + 2 * samples.length)
  file.write('RIFF', 0, 'latin1')
  file.writeUInt32LE(file.length - 8, 4)
  file.write('WAVEfmt ', 8, 'latin1')
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(sampleRateHz, 24)
  file.writeUInt32LE(2 * sampleRateHz, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36, 'latin1')
  file.writeUInt32LE(2 * samples.length, 40)
  samples.forEach((sample, index) => {
    file.writeInt16LE(sample, 44 + 2 * index)
  })
  return file
}

export function writeWav(path: string, sound: Sound): void {
  writeFileSync(path, wavOf(sound))
}
