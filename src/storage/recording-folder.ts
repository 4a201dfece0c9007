import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import type { RecordingFile, RecordingFiles } from '../domain/recording-files.ts'
import { finishFile, type RecordingFormat, recordingPath, SAMPLE_BYTES } from './recording-writer.ts'

const READ_BYTES = 64 * 1024

/** The folder of finished recordings: one file for each, named by its id. */
export class RecordingFolder implements RecordingFiles {
  readonly #folder: string
  readonly #format: RecordingFormat

  constructor(folder: string, format: RecordingFormat) {
    this.#folder = folder
    this.#format = format
  }

  async open(recordingId: string): Promise<RecordingFile | undefined> {
    const file = await this.#openFile(recordingId, constants.O_RDONLY)
    if (!file) return undefined
    const { size } = await file.stat()
    return { bytes: size, stream: streamOf(file, size) }
  }

  async delete(recordingId: string): Promise<void> {
    const path = recordingPath(this.#folder, recordingId)
    if (path !== undefined) await rm(path, { force: true })
  }

  async repair(recordingId: string): Promise<number | undefined> {
    const file = await this.#openFile(recordingId, constants.O_RDWR)
    if (!file) return undefined
    try {
      const { size } = await file.stat()
      const { headerBytes, sampleRateHz } = this.#format
      const samples = Math.floor((size - headerBytes) / SAMPLE_BYTES)
      if (samples <= 0) return undefined
      await finishFile(file, samples * SAMPLE_BYTES, this.#format)
      return samples / sampleRateHz
    } finally {
      await file.close()
    }
  }

  async #openFile(recordingId: string, flags: number): Promise<FileHandle | undefined> {
    const path = recordingPath(this.#folder, recordingId)
    if (path === undefined) return undefined
    try {
      return await open(path, flags)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}

/** Reads `bytes` bytes and closes the file; so does a reader that loses interest. */
function streamOf(file: FileHandle, bytes: number): ReadableStream<Uint8Array> {
  let position = 0
  return new ReadableStream(
    {
      async pull(controller) {
        const wanted = Math.min(READ_BYTES, bytes - position)
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position)
        position += bytesRead
        if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead))
        if (bytesRead > 0 && position < bytes) return
        await file.close()
        if (position < bytes) controller.error(new Error('the recording is shorter than it was'))
        else controller.close()
      },
      cancel: () => file.close(),
    },
    { highWaterMark: 0 },
  )
}
