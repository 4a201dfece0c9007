/** What `SourceGuard.admit` says of a datagram's source. */
export type Admission = 'admitted' | 'stranger'

/** How many packets in order another address must send to be believed. */
const PACKETS_TO_BELIEVE = 3

/**
 * Symmetric RTP with a guard: decides whose packets a leg hears, and where its own go. The signalled address and port is
 * always right. Within a short window after it was signalled, a far end behind NAT may instead show itself: at once
 * from the signalled IP address with another port, from any other address after three packets in a row with one SSRC.
 * Whoever is locked in stays; all others are strangers, who neither play nor steal the stream.
 */
export class SourceGuard {
  readonly #windowMs: number
  #address = ''
  #port = 0
  #signalledAddress = ''
  #signalledPort = 0
  #learnUntil = Number.NEGATIVE_INFINITY
  #locked: 'no' | 'signalled' | 'learned' = 'no'
  #candidateAddress = ''
  #candidatePort = 0
  #candidateSsrc = 0
  #candidateNext = -1
  #candidatePackets = 0

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Where to send: the signalled address until another is locked in. */
  get address(): string {
    return this.#address
  }

  get port(): number {
    return this.#port
  }

  /** Signalling named the far end. Naming the same one again (a re-INVITE that moves nothing) keeps what was learned. */
  signal(address: string, port: number, nowMs: number): void {
    if (address === this.#signalledAddress && port === this.#signalledPort) return
    this.#signalledAddress = address
    this.#signalledPort = port
    this.#address = address
    this.#port = port
    this.#locked = 'no'
    this.#learnUntil = nowMs + this.#windowMs
    this.#candidateNext = -1
    this.#candidateAddress = ''
  }

  /** Judges the source of one well-formed RTP packet of a negotiated payload type. */
  admit(address: string, port: number, nowMs: number, ssrc: number, sequenceNumber: number): Admission {
    if (this.#locked !== 'no' && port === this.#port && address === this.#address) return 'admitted'
    if (this.#locked === 'signalled') return 'stranger'
    if (port === this.#signalledPort && address === this.#signalledAddress) {
      if (this.#locked === 'learned' && nowMs >= this.#learnUntil) return 'stranger'
      return this.#lock('signalled', address, port)
    }
    if (this.#locked === 'learned' || nowMs >= this.#learnUntil) return 'stranger'
    if (address === this.#signalledAddress) return this.#lock('learned', address, port)
    return this.#believes(address, port, ssrc, sequenceNumber)
      ? this.#lock('learned', address, port)
      : 'stranger'
  }

  /** Whether RTCP from this address may be believed: its port is not signalled, so the IP address decides. */
  admitsAddress(address: string): boolean {
    return address === this.#address
  }

  #lock(how: 'signalled' | 'learned', address: string, port: number): Admission {
    this.#locked = how
    this.#address = address
    this.#port = port
    return 'admitted'
  }

  #believes(address: string, port: number, ssrc: number, sequenceNumber: number): boolean {
    const follows =
      sequenceNumber === this.#candidateNext &&
      ssrc === this.#candidateSsrc &&
      port === this.#candidatePort &&
      address === this.#candidateAddress
    this.#candidatePackets = follows ? this.#candidatePackets + 1 : 1
    this.#candidateAddress = address
    this.#candidatePort = port
    this.#candidateSsrc = ssrc
    this.#candidateNext = (sequenceNumber + 1) & 0xffff
    return this.#candidatePackets >= PACKETS_TO_BELIEVE
  }
}

/**
 * Whether media may be sent there at all: not to port 0, nor to the unspecified, a multicast or the broadcast address,
 * which would reach this machine itself or many others (an SDP `c=` line can name anything).
 */
export function isSendable(address: string, port: number): boolean {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return false
  if (address.includes(':')) return !/^(?:[0:]+|ff.*|::ffff:.*)$/i.test(address)
  const octets = address.split('.').map(Number)
  const [first = -1] = octets
  return octets.length === 4 && octets.every((o) => o >= 0 && o <= 255) && first > 0 && first < 224
}
