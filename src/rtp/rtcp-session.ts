import { middleOfNtp, parseRtcp, type ReceptionReport, type RtcpPacket, serializeRtcp } from './rtcp.ts'
import type { Reception } from './statistics.ts'

/** What this side has sent, for a sender report. */
export interface SentSoFar {
  readonly rtpTimestamp: number
  readonly packetsSent: number
  readonly octetsSent: number
}

/** Reports on one leg, to and from the far end (RFC 3550 §6.4). Times are milliseconds since the Unix epoch. */
export class RtcpSession {
  readonly #ssrc: number
  readonly #cname: string
  #lastSenderReport = 0
  #lastSenderReportAtMs = 0
  #roundTripMs: number | undefined
  #farEnd: { readonly packetsLost: number; readonly jitterMs: number } | undefined

  constructor(ssrc: number, cname: string) {
    this.#ssrc = ssrc
    this.#cname = cname
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  get farEnd(): { readonly packetsLost: number; readonly jitterMs: number } | undefined {
    return this.#farEnd
  }

  /** A compound packet: a sender report once something was sent, else a receiver report; the name; with `goodbye`, BYE. */
  report(sent: SentSoFar, reception: Reception | undefined, nowMs: number, goodbye = false): Buffer {
    const receptions = reception ? [this.#block(reception, nowMs)] : []
    const packets: RtcpPacket[] = [
      sent.packetsSent > 0
        ? { type: 'senderReport', ssrc: this.#ssrc, sentAtMs: nowMs, ...sent, receptions }
        : { type: 'receiverReport', ssrc: this.#ssrc, receptions },
      { type: 'sourceDescription', ssrc: this.#ssrc, cname: this.#cname },
    ]
    if (goodbye) packets.push({ type: 'goodbye', ssrcs: [this.#ssrc] })
    return serializeRtcp(packets)
  }

  /** Takes in a datagram of the far end; false if it is not RTCP. A goodbye is noted by SIP, not here. */
  receive(datagram: Buffer, nowMs: number): boolean {
    const packets = parseRtcp(datagram)
    if (!packets) return false
    for (const packet of packets) {
      if (packet.type === 'senderReport') {
        this.#lastSenderReport = middleOfNtp(packet.sentAtMs)
        this.#lastSenderReportAtMs = nowMs
      }
      if (packet.type === 'senderReport' || packet.type === 'receiverReport') {
        const aboutUs = packet.receptions.find((reception) => reception.ssrc === this.#ssrc)
        if (aboutUs) this.#hear(aboutUs, nowMs)
      }
    }
    return true
  }

  #block(reception: Reception, nowMs: number): ReceptionReport {
    const heard = this.#lastSenderReportAtMs > 0
    const delayMs = Math.max(0, nowMs - this.#lastSenderReportAtMs)
    return {
      ...reception,
      lastSenderReport: heard ? this.#lastSenderReport : 0,
      delaySinceLastSenderReport: heard ? Math.floor((delayMs / 1000) * 65_536) >>> 0 : 0,
    }
  }

  #hear(report: ReceptionReport, nowMs: number): void {
    this.#farEnd = { packetsLost: Math.max(0, report.packetsLost), jitterMs: report.jitter / 8 }
    if (report.lastSenderReport === 0) return
    const units = (middleOfNtp(nowMs) - report.lastSenderReport - report.delaySinceLastSenderReport) >>> 0
    // A far end whose clock counts wrongly would give a negative time, which is a huge one here.
    if (units < 60 * 65_536) this.#roundTripMs = (units / 65_536) * 1000
  }
}
