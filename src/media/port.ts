import type { RtpStatistics } from '../rtp/statistics.ts'

/**
 * What the main thread says to a media thread, and what it hears back. Audio never crosses; prompts do, as shared memory.
 * The main thread talks to `MediaEngine`; how that reaches a worker is `media/`'s own business.
 */
export interface MediaEngine extends AsyncDisposable {
  /**
   * Opens an RTP port for a leg. Legs with the same `group` (a call's id) share a thread.
   * Rejects with MediaUnavailableError when no port is free or no thread is alive.
   */
  open(options: { readonly group: string; readonly onEvent: (event: MediaEvent) => void }): Promise<MediaLeg>
  /** How each living media thread fares, counted since the previous call. */
  statistics(): Promise<readonly MediaThreadStatistics[]>
}

/** One media thread's load: what decides whether it can take more legs, and what the operator watches. */
export interface MediaThreadStatistics {
  /** Position of the thread: 0, 1, … */
  readonly thread: number
  readonly legs: number
  /** Port pairs that could be opened now. */
  readonly freePorts: number
  /** How long after their due time turns of 20 ms audio were done. A turn is one slot of legs. */
  readonly lateness: Lateness
  /** CPU time of the thread. */
  readonly cpuMs: number
  /** Wall time that the figures cover. */
  readonly elapsedMs: number
  /** Share of the time in which its event loop was busy, 0–1. */
  readonly utilization: number
}

/** A distribution of delays in milliseconds; all 0 when `count` is 0. */
export interface Lateness {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
  /** 20 ms turns that were left out, since the thread had stalled for longer than is worth catching up. */
  readonly skippedTurns: number
}

/** No port is free, or the media thread is gone. */
export class MediaUnavailableError extends Error {
  override readonly name = 'MediaUnavailableError'
}

export type Codec = 'PCMU' | 'PCMA'

/** The far end as offer and answer settled it. */
export interface RtpRemote {
  /** An IP address. */
  readonly address: string
  readonly port: number
  readonly codec: Codec
  readonly payloadType: number
  /** Payload type of telephone-event (RFC 4733), if it was negotiated. */
  readonly telephoneEventPayloadType?: number
  /** False while the far end has us on hold: nothing is sent, while prompts go on unheard. */
  readonly sending: boolean
  /** False when the far end said that it will not send (`a=recvonly`, `inactive`): its silence is then not reported. Default: true. */
  readonly receiving?: boolean
}

/** How long keys are pressed that we send, and the pause between two of them. */
export interface KeyTimes {
  readonly durationMs: number
  readonly intervalMs: number
}

/** When a recording ends by itself. */
export interface RecordingOptions {
  readonly maxMs?: number
  /** So long nobody speaks; noise is silence. */
  readonly silenceMs?: number
  /** One key, or `any`. */
  readonly finishOnKey?: string
}

/** How a recording ended. Unless it failed, its file is complete and on disk. */
export interface RecordingEnd {
  /** `stopped`: by command, or with its leg. */
  readonly how: 'maxLength' | 'silence' | 'key' | 'stopped' | 'failed'
  readonly durationMs: number
  /** The key that ended it. It is reported only here, and no sound of it is in the file. */
  readonly key?: string
  /** Why it failed. */
  readonly detail?: string
}

/** Commands to one leg's audio. They are carried out in order; none fails loudly: a dead thread is reported by `lost`. */
export interface MediaLeg {
  /** The local RTP port, even. */
  readonly port: number
  /** Starts sending (silence, when nothing plays) and receiving; again after a re-INVITE. */
  connect(remote: RtpRemote): void
  /**
   * Plays G.711 of the leg's codec, whole 20 ms frames, from its start. Replaces what is playing, which ends with 'stopped'.
   * With `stopOnKey` the first key ends it before the next frame leaves.
   */
  play(playId: number, audio: SharedArrayBuffer, options: { readonly stopOnKey: boolean }): void
  /** Ends the prompt if it is still playing; it then reports 'stopped'. */
  stop(playId: number): void
  /**
   * A key that came by signalling (SIP INFO), `heldMs` after it was pressed: as good as one in RTP, and the same press if that came
   * both ways within 200 ms.
   */
  press(key: string, heldMs: number): void
  /**
   * Presses keys at the far end, each for `durationMs`, with `intervalMs` between them: as telephone events, or as tones where those were
   * not negotiated. A prompt waits meanwhile. Replaces what is being sent, which ends with 'stopped'.
   */
  sendKeys(sendId: number, keys: string, times: KeyTimes): void
  /** Ends the tone under way and sends no further key; reports 'stopped' if there was anything left to send. */
  stopKeys(sendId: number): void
  /** Records what the far end says into the file of that name, from now on. Replaces what is being recorded, which ends with 'stopped'. */
  record(recordingId: string, options: RecordingOptions): void
  /** Ends the recording if it is still going on; it then reports 'stopped'. */
  stopRecording(recordingId: string): void
  /** Ends what is going on, and closes the port. Resolves with what was counted, after all ends were reported. Idempotent. */
  close(): Promise<RtpStatistics>
}

export type MediaEvent =
  /** A prompt has ended: its last frame has been sent, or it was stopped after `playedMs`. */
  | {
      readonly type: 'playEnded'
      readonly playId: number
      readonly how: 'finished' | 'stopped' | 'key'
      readonly playedMs: number
    }
  /** A key was pressed: reported once for each press, at its beginning (RFC 4733 §2.5.2.2). */
  | { readonly type: 'key'; readonly key: string }
  /** The last key has been sent with its end, or the rest was stopped. */
  | { readonly type: 'keysSent'; readonly sendId: number; readonly how: 'finished' | 'stopped' }
  | ({ readonly type: 'recordingEnded'; readonly recordingId: string } & RecordingEnd)
  /** Nothing was received for this long although the leg is connected and not on hold. Reported once a silence. */
  | { readonly type: 'noMedia'; readonly forMs: number }
  /** The media thread has died; the leg is dead. */
  | { readonly type: 'lost' }
