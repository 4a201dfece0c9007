import type { CallStatus, Direction, EndReason, LegStatus } from './call.ts'
import type { Action } from './call-flow.ts'
import type { Timestamp } from './time.ts'

/** How a step went. `failed` means that the flow went on without it; the detail says why. */
export type StepOutcome = 'completed' | 'interrupted' | 'skipped' | 'failed' | 'unsupported'

/** What the receiving and sending side of one leg's RTP counted (RFC 3550 §6.4). */
export interface MediaStatistics {
  readonly packetsSent: number
  readonly packetsReceived: number
  /** Expected minus received, never below 0. */
  readonly packetsLost: number
  /** Interarrival jitter at the end of the leg. */
  readonly jitterMs: number
  /** Datagrams that were dropped: not RTP, or from a stranger. */
  readonly packetsRejected: number
}

/** What happened in a call, as facts. The journal is the call: rows of calls and legs are projections of it. */
export type JournalEvent =
  | { readonly type: 'callStatus'; readonly status: CallStatus; readonly endReason?: EndReason }
  | {
      readonly type: 'legCreated'
      readonly legId: string
      readonly direction: Direction
      readonly source?: string
      readonly destination?: string
      /** The SIP Call-ID, to find the leg in a trace. */
      readonly sipCallId?: string
    }
  | {
      readonly type: 'legStatus'
      readonly legId: string
      readonly status: LegStatus
      readonly sipResponseCode?: number
      readonly endReason?: EndReason
    }
  | {
      readonly type: 'flowStarted'
      readonly legId: string
      readonly steps: number
      readonly from: 'call' | 'fetch' | 'onFinish' | 'api'
    }
  | { readonly type: 'stepStarted'; readonly legId: string; readonly stepId: string; readonly action: Action }
  | {
      readonly type: 'stepEnded'
      readonly legId: string
      readonly stepId: string
      readonly outcome: StepOutcome
      readonly detail?: string
    }
  | { readonly type: 'key'; readonly legId: string; readonly key: string }
  | {
      readonly type: 'keysGathered'
      readonly legId: string
      readonly stepId: string
      readonly keys: string
      readonly variable?: string
    }
  | {
      readonly type: 'fetch'
      readonly legId: string
      readonly stepId: string
      readonly url: string
      readonly durationMs: number
      readonly status?: number
      readonly error?: string
    }
  | {
      readonly type: 'recordingStarted'
      readonly legId: string
      readonly recordingId: string
      readonly transcribeLanguage?: string
    }
  | {
      readonly type: 'recordingEnded'
      readonly legId: string
      readonly recordingId: string
      readonly status: 'done' | 'failed'
      /** What ended it; `lost`: the media thread or the whole process died, and what was on disk was repaired. */
      readonly how: 'maxLength' | 'silence' | 'key' | 'stopped' | 'lost' | 'failed'
      readonly durationSeconds: number
      readonly key?: string
      readonly detail?: string
    }
  | { readonly type: 'flowEnded'; readonly legId: string; readonly detail?: string }
  | { readonly type: 'media'; readonly legId: string; readonly statistics: MediaStatistics }
  | { readonly type: 'sipFailure'; readonly legId: string; readonly status?: number; readonly reason: string }

/** A journal event in its place. Entries of a call are numbered from 1 without gaps. */
export interface JournalEntry {
  readonly callId: string
  readonly sequence: number
  readonly at: Timestamp
  readonly event: JournalEvent
}
