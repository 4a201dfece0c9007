import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'

/** The file format of recordings: a header of fixed length in front of 16-bit little-endian samples. */
export interface RecordingFormat {
  readonly headerBytes: number
  readonly sampleRateHz: number
  /** The header of a file with that many bytes of samples; without a number, of one that is still growing. */
  header(dataBytes?: number): Uint8Array
}

export interface RecordingWriterOptions {
  /** Created if it is missing. Undefined: there is none, and the recording fails. */
  readonly folder: string | undefined
  readonly recordingId: string
  readonly format: RecordingFormat
  /** Called at most once, later and never from within `append`: samples are lost from here on. */
  readonly onFailure: () => void
}

export const SAMPLE_BYTES = 2
const BIG_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0
const BLOCK_SAMPLES = 1_600 // 0.2 s at 8 kHz
/** A disk that is this far behind does not catch up in the memory that a recording may use: 20 s. */
const MAX_WAITING_BLOCKS = 100

/** The file name of a recording. Ids are UUIDs: anything else is no file's name. */
export function recordingPath(folder: string, recordingId: string): string | undefined {
  const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(recordingId)
  return isUuid ? join(folder, `${recordingId.toLowerCase()}.wav`) : undefined
}

/** Starts to write a recording's file. */
export function openRecordingWriter(options: RecordingWriterOptions): RecordingWriter {
  return new RecordingWriter(options)
}

/**
 * Writes one recording as it happens: in blocks of 0.2 s, one write at a time, never waiting in `append`. Until it is closed, its
 * header says that the file grows; what a crash leaves is repaired by `RecordingFolder`.
 */
export class RecordingWriter {
  readonly #options: RecordingWriterOptions
  #block = new Int16Array(BLOCK_SAMPLES)
  #blockSamples = 0
  #waitingBlocks = 0
  #file: FileHandle | undefined
  #dataBytes = 0
  #failure: Error | undefined
  /** The last of the things that are done one after the other. */
  #work: Promise<void>

  constructor(options: RecordingWriterOptions) {
    this.#options = options
    this.#work = this.#try(() => this.#create())
  }

  /** Takes samples over; they are dropped once something has failed. */
  append(samples: Int16Array): void {
    if (this.#failure) return
    for (let done = 0; done < samples.length; ) {
      const part = samples.subarray(done, done + BLOCK_SAMPLES - this.#blockSamples)
      this.#block.set(part, this.#blockSamples)
      this.#blockSamples += part.length
      done += part.length
      if (this.#blockSamples === BLOCK_SAMPLES) this.#passOn()
    }
  }

  /** Resolves when the file is whole and on disk. Rejects with what went wrong; what could be written stays. */
  async close(): Promise<void> {
    this.#passOn()
    await this.#work
    await this.#try(() => this.#finish())
    await this.#file?.close().catch(() => {}) // its content is on disk, or the failure is known
    if (this.#failure) throw this.#failure
  }

  #passOn(): void {
    const block = Buffer.from(this.#block.buffer, 0, this.#blockSamples * SAMPLE_BYTES)
    if (BIG_ENDIAN) block.swap16()
    this.#block = new Int16Array(BLOCK_SAMPLES)
    this.#blockSamples = 0
    if (this.#waitingBlocks >= MAX_WAITING_BLOCKS) {
      this.#fail(new Error('the disk is too slow'))
      return
    }
    this.#waitingBlocks += 1
    this.#work = this.#work.then(() => this.#try(() => this.#writeBlock(block)))
  }

  /** After a failure, nothing more is done. */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#failure) await work()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #fail(cause: Error): void {
    if (this.#failure) return
    this.#failure = new Error(`the recording can't be written: ${cause.message}`, { cause })
    queueMicrotask(this.#options.onFailure)
  }

  async #create(): Promise<void> {
    const { folder, recordingId, format } = this.#options
    const path = folder === undefined ? undefined : recordingPath(folder, recordingId)
    if (folder === undefined || path === undefined) throw new Error('there is no folder for recordings')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    this.#file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
    await writeAll(this.#file, format.header(), 0)
    await syncFolder(folder)
  }

  async #writeBlock(block: Buffer): Promise<void> {
    this.#waitingBlocks -= 1
    if (!this.#file) return
    await writeAll(this.#file, block, this.#options.format.headerBytes + this.#dataBytes)
    this.#dataBytes += block.length
  }

  async #finish(): Promise<void> {
    if (this.#file) await finishFile(this.#file, this.#dataBytes, this.#options.format)
  }
}

/** Gives a file its final length and header, and waits until it is on disk. */
export async function finishFile(
  file: FileHandle,
  dataBytes: number,
  format: RecordingFormat,
): Promise<void> {
  await file.truncate(format.headerBytes + dataBytes)
  await writeAll(file, format.header(dataBytes), 0)
  await file.sync()
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw new Error('the disk takes no more')
    done += bytesWritten
  }
}

/** So that a power cut does not lose the file's name. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
