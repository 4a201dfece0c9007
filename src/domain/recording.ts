import type { Timestamp } from './time.ts'

export type RecordingStatus = 'initialised' | 'recording' | 'done' | 'failed'
export type RecordingType = 'ivr' | 'transfer' | 'call'

export interface Recording {
  readonly id: string
  readonly accountId: string
  readonly callId: string
  readonly legId: string
  readonly type: RecordingType
  readonly status: RecordingStatus
  readonly durationSeconds: number
  /** The language of the record step's `transcribeLanguage`, if it had one. */
  readonly transcribeLanguage?: string
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}

export type TranscriptionStatus = 'created' | 'transcribing' | 'done' | 'failed'

export interface Transcription {
  readonly id: string
  readonly accountId: string
  readonly recordingId: string
  readonly callId: string
  readonly legId: string
  readonly language: string
  readonly status: TranscriptionStatus
  readonly text?: string
  readonly error?: string
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}
