/** The network as the SIP core needs it; `net/` implements it over sockets, tests in memory. */
export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss'

/** Where a message came from, and so where its responses go. */
export interface SipSource {
  readonly transport: TransportName
  /** An IP address. */
  readonly address: string
  readonly port: number
  /** The local address and port that received it: goes into Via, Contact and SDP. */
  readonly localAddress: string
  readonly localPort: number
  /** The connection that it came by, for stream transports. */
  readonly connectionId?: number
}

export interface SipTarget {
  readonly transport: TransportName
  /** An IP address. */
  readonly address: string
  readonly port: number
  /** Preferred connection, if it is still open (RFC 3261 §18.2.2); else a new one is opened. */
  readonly connectionId?: number
}

/** An address that we listen on: what Via and Contact say. */
export interface SipListenAddress {
  readonly transport: TransportName
  readonly address: string
  readonly port: number
}

export interface SipTransports {
  /** Sends one whole message. Calls `onError` at most once, later, if it is known not to have left (ICMP, connection refused). */
  send(message: Buffer, target: SipTarget, onError: (error: Error) => void): void
  /** Turns a host name into addresses to try in order; an IP address resolves to itself. Empty: unresolvable. */
  resolve(host: string, port: number | undefined, transport: TransportName): Promise<readonly SipTarget[]>
  /** The address to name in Via and Contact for messages to this target. Undefined: no such transport is open. */
  localAddressFor(target: SipTarget): SipListenAddress | undefined
}
