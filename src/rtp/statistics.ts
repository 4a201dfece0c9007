import { sequenceDistance, timestampDistance } from './sequence.ts'

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
  /** Round trip by RTCP (§6.4.1), the last one measured; absent if the far end never reported on us. */
  readonly roundTripMs?: number
  /** What the far end's last RTCP report said of our stream; absent if there was none. */
  readonly farEnd?: { readonly packetsLost: number; readonly jitterMs: number }
}

/** The reception part of a sender or receiver report (RFC 3550 §6.4.1). */
export interface Reception {
  readonly ssrc: number
  /** Packets lost since the previous report, in 1/256 of those expected. */
  readonly fractionLost: number
  readonly packetsLost: number
  readonly highestSequenceNumber: number // extended: cycles in the upper 16 bits
  readonly jitter: number // timestamp units
}

const CLOCK_RATE_PER_MS = 8 // G.711 and telephone-event: 8000 Hz
const MAX_DROPOUT = 3000
const MAX_MISORDER = 100
const MIN_SEQUENTIAL = 2
/** A transit time that jumps by more than this is a sender that started its timestamps afresh, not jitter. */
const TRANSIT_JUMP = 5_000 * CLOCK_RATE_PER_MS

/**
 * Counts what arrives from the one source that a leg listens to (RFC 3550 appendices A.1, A.3 and A.8). A new source,
 * or one whose sequence numbers jump, is counted afresh once two of its packets came in order; what its predecessors
 * lost and delivered stays in the totals.
 */
export class ReceptionCounter {
  /** Packets and losses of earlier sources, or before a restart of the sequence. */
  #earlierReceived = 0
  #earlierLost = 0

  #ssrc = 0
  #valid = false
  #probation = 0
  #received = 0
  #baseSequenceNumber = 0
  #maxSequenceNumber = 0
  #cycles = 0
  /** The only sequence number at which a jump would be believed (A.1 bad_seq). */
  #afterJump = -1
  #candidateSsrc = -1
  #jitter = 0
  #transit: number | undefined
  #expectedAtReport = 0
  #receivedAtReport = 0

  /**
   * Counts a packet. `arrivalMs` is monotonic. `timed` is false for telephone events: the packets of one press share a
   * timestamp, which would look like jitter.
   */
  count(ssrc: number, sequenceNumber: number, timestamp: number, arrivalMs: number, timed: boolean): void {
    if (ssrc === this.#ssrc && (this.#valid || this.#probation > 0)) {
      if (this.#valid) this.#follow(sequenceNumber)
      else this.#prove(sequenceNumber)
    } else if (!this.#valid && this.#probation === 0) this.#startProbation(ssrc, sequenceNumber)
    else this.#meetOtherSource(ssrc, sequenceNumber)
    if (timed && ssrc === this.#ssrc) this.#time(timestamp, arrivalMs)
  }

  get packetsReceived(): number {
    return this.#earlierReceived + this.#received
  }

  get packetsLost(): number {
    return this.#earlierLost + this.#lost()
  }

  get jitterMs(): number {
    return this.#jitter / CLOCK_RATE_PER_MS
  }

  /** A report on the current source, undefined before there is one; fractions count from the previous call on (A.3). */
  report(): Reception | undefined {
    if (!this.#valid) return undefined
    const expected = this.#expected()
    const expectedSince = expected - this.#expectedAtReport
    const lostSince = expectedSince - (this.#received - this.#receivedAtReport)
    this.#expectedAtReport = expected
    this.#receivedAtReport = this.#received
    return {
      ssrc: this.#ssrc,
      fractionLost:
        expectedSince > 0 && lostSince > 0 ? Math.min(255, Math.floor((lostSince * 256) / expectedSince)) : 0,
      packetsLost: this.packetsLost,
      highestSequenceNumber: (this.#cycles + this.#maxSequenceNumber) >>> 0,
      jitter: Math.floor(this.#jitter),
    }
  }

  #expected(): number {
    return this.#cycles + this.#maxSequenceNumber - this.#baseSequenceNumber + 1
  }

  #lost(): number {
    return this.#valid ? Math.max(0, this.#expected() - this.#received) : 0
  }

  #startProbation(ssrc: number, sequenceNumber: number): void {
    this.#ssrc = ssrc
    this.#valid = false
    this.#probation = MIN_SEQUENTIAL - 1
    this.#received = 1
    this.#baseSequenceNumber = sequenceNumber
    this.#maxSequenceNumber = sequenceNumber
    this.#cycles = 0
    this.#afterJump = -1
    this.#candidateSsrc = -1
    this.#transit = undefined
    this.#expectedAtReport = 0
    this.#receivedAtReport = 0
  }

  /** Still in probation: packets must follow each other. Unlike A.1, the first one counts once the source is valid. */
  #prove(sequenceNumber: number): void {
    if (sequenceDistance(this.#maxSequenceNumber, sequenceNumber) !== 1) {
      this.#startProbation(this.#ssrc, sequenceNumber)
      return
    }
    this.#probation--
    this.#valid = this.#probation === 0
    this.#advance(sequenceNumber)
    this.#received++
  }

  #follow(sequenceNumber: number): void {
    const distance = sequenceDistance(this.#maxSequenceNumber, sequenceNumber)
    if (distance > 0 && distance < MAX_DROPOUT) this.#advance(sequenceNumber)
    else if (distance > 0 || distance < -MAX_MISORDER) {
      if (sequenceNumber !== this.#afterJump) {
        this.#afterJump = (sequenceNumber + 1) & 0xffff
        return
      }
      this.#succeed(this.#ssrc, sequenceNumber)
      return
    }
    this.#received++ // duplicates and late ones too: A.3
  }

  #advance(sequenceNumber: number): void {
    if (sequenceNumber < this.#maxSequenceNumber) this.#cycles += 0x10000
    this.#maxSequenceNumber = sequenceNumber
    this.#afterJump = -1
  }

  /** Another SSRC from the same address: believed after two packets in order, since one may be noise. */
  #meetOtherSource(ssrc: number, sequenceNumber: number): void {
    if (ssrc === this.#candidateSsrc && sequenceNumber === this.#afterJump) {
      this.#succeed(ssrc, sequenceNumber)
      return
    }
    this.#candidateSsrc = ssrc
    this.#afterJump = (sequenceNumber + 1) & 0xffff
  }

  /** Starts counting afresh from the packet before this one, which made us wait for this one. */
  #succeed(ssrc: number, sequenceNumber: number): void {
    const { packetsReceived, packetsLost } = this
    this.#startProbation(ssrc, (sequenceNumber - 1) & 0xffff)
    this.#earlierReceived = packetsReceived
    this.#earlierLost = packetsLost
    this.#prove(sequenceNumber)
  }

  #time(timestamp: number, arrivalMs: number): void {
    const transit = timestampDistance(timestamp, Math.round(arrivalMs * CLOCK_RATE_PER_MS) >>> 0)
    const difference = this.#transit === undefined ? 0 : Math.abs(timestampDistance(this.#transit, transit))
    this.#transit = transit
    if (difference < TRANSIT_JUMP) this.#jitter += (difference - this.#jitter) / 16
  }
}
