/** What offer and answer settled for the one audio stream of a leg (RFC 3264). */
export interface NegotiatedAudio {
  /** The far end's connection address and port. */
  readonly address: string
  readonly port: number
  readonly codec: 'PCMU' | 'PCMA'
  readonly payloadType: number
  readonly telephoneEventPayloadType?: number
  /** As seen from us. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'
}
