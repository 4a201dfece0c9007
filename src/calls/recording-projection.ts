import type { Call } from '../domain/call.ts'
import type { JournalEvent } from '../domain/journal.ts'
import type { Recording } from '../domain/recording.ts'
import type { Timestamp } from '../domain/time.ts'

/** Recordings are projections of the journal as calls and legs are: the recording that this event makes or ends, as it is then. */
export function projectRecording(
  recordings: ReadonlyMap<string, Recording>,
  call: Call,
  event: JournalEvent,
  at: Timestamp,
): Recording | undefined {
  switch (event.type) {
    case 'recordingStarted': {
      const { recordingId, legId, transcribeLanguage } = event
      return {
        id: recordingId,
        accountId: call.accountId,
        callId: call.id,
        legId,
        type: 'ivr',
        status: 'recording',
        durationSeconds: 0,
        ...(transcribeLanguage !== undefined && { transcribeLanguage }),
        createdAt: at,
        updatedAt: at,
      }
    }
    case 'recordingEnded': {
      const recording = recordings.get(event.recordingId)
      if (recording?.status !== 'recording') return undefined
      return { ...recording, status: event.status, durationSeconds: event.durationSeconds, updatedAt: at }
    }
    default:
      return undefined
  }
}
