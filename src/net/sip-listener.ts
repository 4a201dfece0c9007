import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { SipListenAddress, SipSource, SipTarget } from '../sip/transport.ts'

/** One open transport on one local address. */
export interface SipListener extends AsyncDisposable {
  /** With the port that is really open. */
  readonly local: SipListenAddress
  /** As `SipTransports.send`. */
  send(message: Buffer, target: SipTarget, onError: (error: Error) => void): void
}

export interface SipListenerOptions {
  /** An IP address; 0.0.0.0 or :: for all. */
  readonly address: string
  /** 0: the system chooses. */
  readonly port: number
  readonly onMessage: (datagram: Buffer, source: SipSource) => void
  /** The address that a far end reaches us by, when the socket has `local`. */
  readonly nameFor: (remote: string, local: string) => string
  readonly clock: Clock
  readonly logger: Logger
}

/** Whether a socket bound to this address hears on all of them. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}
