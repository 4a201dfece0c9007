/** What one RTP session counted (RFC 3550 §6.4 and appendix A). */
export interface RtpStatistics {
  readonly packetsSent: number
  readonly packetsReceived: number
  /** Expected minus received, never below 0 (appendix A.3). */
  readonly packetsLost: number
  /** Interarrival jitter (appendix A.8). */
  readonly jitterMs: number
  /** Datagrams that were dropped: not RTP, or from a stranger. */
  readonly packetsRejected: number
}
