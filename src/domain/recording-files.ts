/** The sound of one recording, as it is kept: a whole WAV file. */
export interface RecordingFile {
  /** Length of the file. */
  readonly bytes: number
  /** Reads the file once. Whoever opened it reads it to its end or cancels it. */
  readonly stream: ReadableStream<Uint8Array>
}

/** Where the sound of recordings is kept; the rows are RecordingRepository's. */
export interface RecordingFiles {
  /** Undefined if there is no finished file of that recording. */
  open(recordingId: string): Promise<RecordingFile | undefined>
  /** A file that does not exist: nothing happens. */
  delete(recordingId: string): Promise<void>
  /**
   * Makes what is there of an interrupted recording a finished file. Resolves with its length in seconds; undefined if nothing is
   * there. Not for a recording that is being written.
   */
  repair(recordingId: string): Promise<number | undefined>
}
