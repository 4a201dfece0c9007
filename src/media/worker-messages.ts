import type { RtpStatistics } from '../rtp/statistics.ts'
import type { KeyTimes, MediaEvent, MediaThreadStatistics, RecordingOptions, RtpRemote } from './port.ts'

/** What a media thread is started with (`workerData`). */
export interface MediaWorkerData {
  readonly thread: number
  /** The IP address that the ports are bound to. */
  readonly address: string
  readonly rtpPorts: PortRange
  /** How long a closed port rests before another leg may have it. */
  readonly portRestMs: number
  readonly learnWindowMs: number
  readonly noMediaMs: number
  /** No further leg is taken while the 99th percentile of lateness is above this. */
  readonly maxLatenessMs: number
  /** Where recordings are written; undefined: each one fails. */
  readonly recordingsFolder: string | undefined
}

/** UDP ports from `first` to `last`, used in even-odd pairs; 0–0 lets the system choose. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** From the main thread to a media thread. `leg` is a number that the main thread gives out. */
export type MediaCommand =
  | { readonly type: 'open'; readonly leg: number }
  | { readonly type: 'connect'; readonly leg: number; readonly remote: RtpRemote }
  | {
      readonly type: 'play'
      readonly leg: number
      readonly playId: number
      readonly audio: SharedArrayBuffer
      readonly stopOnKey: boolean
    }
  | { readonly type: 'stop'; readonly leg: number; readonly playId: number }
  | { readonly type: 'press'; readonly leg: number; readonly key: string; readonly heldMs: number }
  | {
      readonly type: 'sendKeys'
      readonly leg: number
      readonly sendId: number
      readonly keys: string
      readonly times: KeyTimes
    }
  | { readonly type: 'stopKeys'; readonly leg: number; readonly sendId: number }
  | {
      readonly type: 'record'
      readonly leg: number
      readonly recordingId: string
      readonly options: RecordingOptions
    }
  | { readonly type: 'stopRecording'; readonly leg: number; readonly recordingId: string }
  | { readonly type: 'close'; readonly leg: number }
  | { readonly type: 'statistics'; readonly request: number }
  | { readonly type: 'shutDown' }

/** From a media thread to the main thread. */
export type MediaReport =
  | { readonly type: 'ready' }
  | { readonly type: 'opened'; readonly leg: number; readonly port: number }
  | { readonly type: 'refused'; readonly leg: number; readonly reason: string }
  | { readonly type: 'event'; readonly leg: number; readonly event: MediaEvent }
  | { readonly type: 'closed'; readonly leg: number; readonly statistics: RtpStatistics }
  | { readonly type: 'statistics'; readonly request: number; readonly statistics: MediaThreadStatistics }

/** All reports of one turn of the event loop travel together: a message costs more than its content. */
export type MediaReports = readonly MediaReport[]
