/** An SDP session (RFC 8866 §5). Lines that offer and answer have no use for (b=, i=, k=, r= …) are left out. */
export interface SessionDescription {
  readonly origin: Origin
  readonly sessionName: string
  /** For media without a c= line of their own. */
  readonly connection?: Connection
  /** The value of t=, such as `0 0`. */
  readonly timing: string
  readonly attributes: readonly SdpAttribute[]
  readonly media: readonly MediaDescription[]
}

/** The o= line. Id and version stay text: they may be larger than a number holds. */
export interface Origin {
  readonly username: string
  readonly sessionId: string
  readonly sessionVersion: string
  readonly addressType: 'IP4' | 'IP6'
  readonly address: string
}

/** A c= line of the Internet. */
export interface Connection {
  readonly addressType: 'IP4' | 'IP6'
  /** An address or a name, without TTL and count. */
  readonly address: string
}

/** `a=name` or `a=name:value`. */
export interface SdpAttribute {
  readonly name: string
  readonly value?: string
}

/** An m= line with what belongs to it. */
export interface MediaDescription {
  /** `audio`, `video`, `image` … */
  readonly media: string
  readonly port: number // 0–65535; 0: refused
  /** `RTP/AVP` and its like. */
  readonly protocol: string
  readonly formats: readonly string[]
  readonly connection?: Connection
  readonly attributes: readonly SdpAttribute[]
}

/** Bounds of one session description; what exceeds one is refused as a whole. */
export const SDP_LIMITS = {
  characters: 65_535,
  lines: 2_000,
  media: 64,
  formatsOfOneMedia: 128,
} as const
