/** User and password for digest authentication (RFC 3261 §22, RFC 8760). */
export interface Credentials {
  readonly username: string
  readonly password: string
  /** Answer only challenges of this realm; absent: the trunk's first challenge names it. */
  readonly realm?: string
}
