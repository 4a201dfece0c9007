/** SIP messages as data (RFC 3261 §7). Parsed lazily: header values stay text until somebody asks for their meaning. */
export type SipMessage = SipRequest | SipResponse

export interface SipRequest {
  readonly kind: 'request'
  readonly method: string
  /** The Request-URI as it stood on the wire. */
  readonly uri: string
  readonly headers: SipHeaders
  readonly body: Buffer
}

export interface SipResponse {
  readonly kind: 'response'
  readonly status: number // 100–699
  readonly reason: string
  readonly headers: SipHeaders
  readonly body: Buffer
}

/** Headers in wire order. Names are compared without case, and the compact form (§7.3.3) equals the long one. */
export interface SipHeaders {
  /** The first value, or undefined. */
  get(name: string): string | undefined
  /** Every value, those of a comma-separated list apart (only for headers whose grammar allows lists). */
  all(name: string): readonly string[]
  readonly entries: readonly SipHeader[]
}

export interface SipHeader {
  /** In canonical long form, such as `Call-ID`. */
  readonly name: string
  readonly value: string
}

/** A sip:, sips: or tel: URI (RFC 3261 §19.1, RFC 3966); parts are unescaped. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips' | 'tel'
  /** Absent for `sip:host`; the number for tel:. */
  readonly user?: string
  readonly password?: string
  /** A name, an IPv4 address, or an IPv6 address without brackets; empty for tel:. */
  readonly host: string
  readonly port?: number
  /** Names in lower case; a parameter without a value maps to ''. */
  readonly parameters: ReadonlyMap<string, string>
  /** The part after '?'. */
  readonly headers?: string
}

/** The value of From, To, Contact, Route and their like (§20.10). */
export interface NameAddress {
  readonly displayName?: string
  readonly uri: SipUri
  readonly parameters: ReadonlyMap<string, string>
}
