/** RFC 3261 §17.1.1.1: round-trip estimate, longest interval, longest life of a message. Milliseconds. */
export interface SipTimers {
  readonly t1: number
  readonly t2: number
  readonly t4: number
}

export const defaultTimers: SipTimers = { t1: 500, t2: 4000, t4: 5000 }

/** The timers of RFC 3261 table 4 and RFC 6026 §7 (L, M). Timer C is a proxy's and does not exist here. */
export type TimerName =
  | 'timerA'
  | 'timerB'
  | 'timerD'
  | 'timerE'
  | 'timerF'
  | 'timerG'
  | 'timerH'
  | 'timerI'
  | 'timerJ'
  | 'timerK'
  | 'timerL'
  | 'timerM'

/** How long a timer runs, in milliseconds; `fires` counts how often it has fired before (A, E and G double). */
export function timerDuration(
  name: TimerName,
  { t1, t2, t4 }: SipTimers,
  transport: { readonly reliable: boolean; readonly fires: number },
): number {
  switch (name) {
    case 'timerA':
      return t1 * 2 ** transport.fires
    case 'timerE':
    case 'timerG':
      return Math.min(t1 * 2 ** transport.fires, t2)
    case 'timerB':
    case 'timerF':
    case 'timerH':
    case 'timerL':
    case 'timerM':
      return 64 * t1
    // At least 32 s (§17.1.1.2) and as long as the server's timer H.
    case 'timerD':
    case 'timerJ':
      return transport.reliable ? 0 : 64 * t1
    case 'timerI':
    case 'timerK':
      return transport.reliable ? 0 : t4
  }
}

/** Timers that resend a message; a reliable transport never starts them. */
export function isRetransmissionTimer(name: TimerName): boolean {
  return name === 'timerA' || name === 'timerE' || name === 'timerG'
}
