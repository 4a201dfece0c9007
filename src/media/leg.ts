import { g711 } from '../audio/g711.ts'
import { writeKeyTone } from '../audio/tones.ts'
import { emptyRtpHeader, isRtcp, parseRtpPacket, type RtpHeader, readRtpHeader } from '../rtp/packet.ts'
import { RtcpSession } from '../rtp/rtcp-session.ts'
import { FRAME_BYTES, type RtpOrigin, RtpSender } from '../rtp/sender.ts'
import { isSendable, SourceGuard } from '../rtp/source-guard.ts'
import { ReceptionCounter, type RtpStatistics } from '../rtp/statistics.ts'
import { eventOfKey, KeyReceiver, LONGEST_SEGMENT } from '../rtp/telephone-event.ts'
import type { RtpReceiver, RtpSocket } from '../rtp/transport.ts'
import { KeyPlan, type KeyTurn } from './key-plan.ts'
import { KeyWays } from './key-ways.ts'
import { LegRecording, type OpenSink } from './leg-recording.ts'
import type { Codec, KeyTimes, MediaEvent, RecordingOptions, RtpRemote } from './port.ts'
import { TURN_MS, type Turning } from './timer-wheel.ts'

/** A leg's surroundings, all of them the same for every leg of a thread but `origin` and `report`. */
export interface LegContext {
  readonly origin: RtpOrigin
  /** Canonical name in RTCP: says nothing about the machine. */
  readonly cname: string
  readonly report: (event: MediaEvent) => void
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Milliseconds since the Unix epoch. */
  readonly wallClock: () => number
  /** In [0, 1): spreads RTCP reports. */
  readonly random: () => number
  /** Opens the file of a recording. */
  readonly openSink: OpenSink
  /** How long a far end behind NAT may show itself after it was signalled. */
  readonly learnWindowMs: number
  /** `noMedia` is reported after this long. */
  readonly noMediaMs: number
}

interface Prompt {
  readonly playId: number
  readonly words: Int32Array
  readonly frames: number
  readonly stopOnKey: boolean
  /** Frames sent so far. */
  sent: number
}

const SILENCE: Record<Codec, number> = { PCMU: 0xff, PCMA: 0xd5 }
const COMFORT_NOISE = 13 // RFC 3389: sent unasked by phones that suppress silence; counted, not played
const REPORT_TURNS = 5_000 / TURN_MS
const KEY_VOLUME = 10 // −10 dBm0, as loud as our tones
const tone = new Int16Array(FRAME_BYTES) // one for all legs of the thread, as `header` is
const toneBytes = new Uint8Array(FRAME_BYTES)
const toneWords = new Int32Array(toneBytes.buffer)
const header: RtpHeader = emptyRtpHeader() // read and used within one call: one for all legs of the thread

/**
 * The audio of one leg: sends a frame each turn (the prompt's next, or silence), hears the far end's keys, counts both ways.
 * It starts when it has both a socket and a far end. Its owner puts it on the wheel.
 */
export class LegAudio implements Turning, RtpReceiver {
  readonly #context: LegContext
  readonly #sender: RtpSender
  readonly #guard: SourceGuard
  readonly #reception = new ReceptionCounter()
  readonly #keys = new KeyReceiver()
  readonly #keyWays = new KeyWays()
  readonly #rtcp: RtcpSession
  #socket: RtpSocket | undefined
  #remote: RtpRemote | undefined
  #prompt: Prompt | undefined
  /** Keys that are being sent. */
  #plan: KeyPlan | undefined
  #keyIsEvent = false
  #recording: LegRecording | undefined
  /** Recordings that have ended and whose files are being closed. */
  readonly #settling = new Set<Promise<void>>()
  /** Where packets go; port 0: nowhere. */
  #address = ''
  #port = 0
  #rejected = 0
  #silentTurns = 0
  #silenceReported = false
  #turnsToReport = 0

  constructor(context: LegContext) {
    this.#context = context
    this.#sender = new RtpSender(context.origin)
    this.#guard = new SourceGuard(context.learnWindowMs)
    this.#rtcp = new RtcpSession(context.origin.ssrc, context.cname)
    this.#turnsToReport = this.#nextReport() / 2 // RFC 3550 §6.2: the first one after half the interval
  }

  /** Gives the leg its ports; it owns them from here on. */
  attach(socket: RtpSocket): void {
    this.#socket = socket
  }

  connect(remote: RtpRemote): void {
    if (this.#prompt && this.#remote && this.#remote.codec !== remote.codec) this.#endPrompt('stopped')
    this.#remote = remote
    this.#guard.signal(remote.address, remote.port, this.#context.now())
    this.#aim()
    this.#sender.use(remote.payloadType, SILENCE[remote.codec])
  }

  play(playId: number, audio: SharedArrayBuffer, stopOnKey: boolean): void {
    if (this.#prompt) this.#endPrompt('stopped')
    const frames = Math.floor(audio.byteLength / FRAME_BYTES)
    const words = new Int32Array(audio, 0, (frames * FRAME_BYTES) / Int32Array.BYTES_PER_ELEMENT)
    this.#prompt = { playId, words, frames, stopOnKey, sent: 0 }
    if (frames === 0) this.#endPrompt('finished')
  }

  stop(playId: number): void {
    if (this.#prompt?.playId === playId) this.#endPrompt('stopped')
  }

  press(key: string, heldMs: number): void {
    if (!this.#keyWays.admit(key, 'signalling', this.#context.now(), heldMs)) return
    if (this.#recording?.finishesOn(key)) this.#recording.finishAtKey(key, heldMs)
    else this.#reportKey(key)
  }

  sendKeys(sendId: number, keys: string, { durationMs, intervalMs }: KeyTimes): void {
    if (this.#plan && !this.#plan.cutShort) this.#reportSent(this.#plan, 'stopped')
    this.#plan = new KeyPlan(sendId, keys, durationMs, intervalMs)
    if (this.#plan.done) this.#endKeys()
  }

  stopKeys(sendId: number): void {
    const plan = this.#plan
    if (plan?.sendId !== sendId || plan.cutShort) return
    plan.cut()
    this.#reportSent(plan, 'stopped')
    if (plan.done) this.#plan = undefined
  }

  record(recordingId: string, options: RecordingOptions): void {
    this.#recording?.stop()
    const { openSink, now, report } = this.#context
    const recording = new LegRecording(recordingId, options, {
      openSink,
      now,
      onEnd: (end) => {
        if (this.#recording === recording) this.#recording = undefined
        report({ type: 'recordingEnded', recordingId, ...end })
      },
    })
    this.#recording = recording
    const settled = recording.settled.then(() => void this.#settling.delete(settled))
    this.#settling.add(settled)
  }

  stopRecording(recordingId: string): void {
    if (this.#recording?.id === recordingId) this.#recording.stop()
  }

  /** Resolves when the files of all ended recordings are closed and that is reported; undefined: now. */
  get recordingsSettled(): Promise<unknown> | undefined {
    return this.#settling.size === 0 ? undefined : Promise.all(this.#settling)
  }

  turn(skipped: number): void {
    const remote = this.#remote
    if (!remote) return
    if (skipped > 0) this.#sender.skip(skipped)
    const plan = this.#plan
    const keyTurn = plan?.next()
    if (!remote.sending || this.#port === 0) this.#sender.skip(1)
    else if (keyTurn) this.#sendKey(keyTurn, remote)
    else this.#sendFrame()
    if (!plan) this.#advancePrompt()
    else if (plan.done) this.#endKeys()
    this.#recording?.turn()
    this.#watchSilence(remote, skipped + 1)
    this.#turnsToReport -= skipped + 1
    if (this.#turnsToReport <= 0) {
      this.#turnsToReport = this.#nextReport()
      this.#sendReport(false)
    }
  }

  receiveRtp(datagram: Buffer, address: string, port: number): void {
    if (isRtcp(datagram)) {
      this.receiveRtcp(datagram, address)
      return
    }
    const remote = this.#remote
    if (!remote || !readRtpHeader(datagram, header) || !isNegotiated(header.payloadType, remote)) {
      this.#rejected++
      return
    }
    const now = this.#context.now()
    const { ssrc, sequenceNumber, timestamp, payloadType } = header
    if (this.#guard.admit(address, port, now, ssrc, sequenceNumber) === 'stranger') {
      this.#rejected++
      return
    }
    if (this.#guard.port !== this.#port || this.#guard.address !== this.#address) this.#aim()
    this.#silentTurns = 0
    this.#silenceReported = false
    this.#reception.count(ssrc, sequenceNumber, timestamp, now, payloadType === remote.payloadType)
    if (payloadType === remote.telephoneEventPayloadType) this.#hearKeys(datagram)
    else if (this.#recording && payloadType === remote.payloadType)
      this.#recording.receive(header, datagram, remote.codec)
  }

  receiveRtcp(datagram: Buffer, address: string): void {
    const known = this.#remote !== undefined && this.#guard.admitsAddress(address)
    if (!known || !this.#rtcp.receive(datagram, this.#context.wallClock())) this.#rejected++
  }

  statistics(): RtpStatistics {
    const { roundTripMs, farEnd } = this.#rtcp
    return {
      packetsSent: this.#sender.packetsSent,
      packetsReceived: this.#reception.packetsReceived,
      packetsLost: this.#reception.packetsLost,
      jitterMs: this.#reception.jitterMs,
      packetsRejected: this.#rejected,
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
      ...(farEnd ? { farEnd } : {}),
    }
  }

  /** Says goodbye, ends prompt and recording and closes the ports. Returns what was counted; again the same when called again. */
  close(): RtpStatistics {
    if (this.#prompt) this.#endPrompt('stopped')
    if (this.#plan) this.stopKeys(this.#plan.sendId)
    this.#recording?.stop()
    this.#sendReport(true)
    this.#remote = undefined
    this.#socket?.[Symbol.dispose]()
    this.#socket = undefined
    return this.statistics()
  }

  #sendFrame(): void {
    const prompt = this.#plan ? undefined : this.#prompt
    const packet = prompt ? this.#sender.frame(prompt.words, prompt.sent) : this.#sender.silence()
    this.#socket?.sendRtp(packet, this.#port, this.#address)
  }

  #sendKey(keyTurn: KeyTurn, { codec, telephoneEventPayloadType: payloadType }: RtpRemote): void {
    const { key, turn, sounding, length, end } = keyTurn
    if (turn === 0) this.#keyIsEvent = payloadType !== undefined // and stays so, whatever is negotiated meanwhile
    let packet: Uint8Array
    if (this.#keyIsEvent && payloadType !== undefined) {
      const duration = Math.min(length * FRAME_BYTES, LONGEST_SEGMENT)
      const event = { event: eventOfKey(key) ?? 0, end, volume: KEY_VOLUME, duration }
      packet = this.#sender.event(payloadType, event, turn === 0)
    } else if (sounding && !this.#keyIsEvent) {
      writeKeyTone(key, turn * FRAME_BYTES, tone)
      g711[codec].encode(tone, toneBytes)
      packet = this.#sender.frame(toneWords, 0)
    } else packet = this.#sender.silence()
    this.#socket?.sendRtp(packet, this.#port, this.#address)
  }

  #endKeys(): void {
    const plan = this.#plan
    this.#plan = undefined
    if (plan && !plan.cutShort) this.#reportSent(plan, 'finished')
  }

  #reportSent({ sendId }: KeyPlan, how: 'finished' | 'stopped'): void {
    this.#context.report({ type: 'keysSent', sendId, how })
  }

  #advancePrompt(): void {
    const prompt = this.#prompt
    if (!prompt) return
    prompt.sent++
    if (prompt.sent === prompt.frames) this.#endPrompt('finished')
  }

  #endPrompt(how: 'finished' | 'stopped' | 'key'): void {
    const prompt = this.#prompt
    if (!prompt) return
    this.#prompt = undefined
    this.#context.report({
      type: 'playEnded',
      playId: prompt.playId,
      how,
      playedMs: prompt.sent * TURN_MS,
    })
  }

  #hearKeys(datagram: Buffer): void {
    const packet = parseRtpPacket(datagram)
    if (!packet) return
    for (const key of this.#keys.receive(packet)) {
      if (!this.#keyWays.admit(key, 'rtp', this.#context.now())) continue
      if (this.#recording?.finishesOn(key)) this.#recording.finishAtEvent(key, packet.ssrc, packet.timestamp)
      else this.#reportKey(key)
    }
  }

  #reportKey(key: string): void {
    this.#context.report({ type: 'key', key })
    if (this.#prompt?.stopOnKey) this.#endPrompt('key')
  }

  #watchSilence(remote: RtpRemote, turns: number): void {
    if (!remote.sending || remote.receiving === false) {
      this.#silentTurns = 0
      this.#silenceReported = false
      return
    }
    this.#silentTurns += turns
    const forMs = this.#silentTurns * TURN_MS
    if (this.#silenceReported || forMs < this.#context.noMediaMs) return
    this.#silenceReported = true
    this.#context.report({ type: 'noMedia', forMs })
  }

  #aim(): void {
    const { address, port } = this.#guard
    this.#address = address
    this.#port = isSendable(address, port) ? port : 0
  }

  /** RTCP goes one port above RTP (RFC 3550 §11), also to a far end that was learned. */
  #sendReport(goodbye: boolean): void {
    if (!this.#remote || !this.#socket || this.#port === 0 || this.#port === 65_535) return
    const { timestamp: rtpTimestamp, packetsSent, octetsSent } = this.#sender
    const sent = { rtpTimestamp, packetsSent, octetsSent }
    const report = this.#rtcp.report(sent, this.#reception.report(), this.#context.wallClock(), goodbye)
    this.#socket.sendRtcp(report, this.#port + 1, this.#address)
  }

  /** Half to one and a half intervals, so that legs that began together do not report together (§6.3.1). */
  #nextReport(): number {
    return Math.ceil(REPORT_TURNS * (0.5 + this.#context.random()))
  }
}

function isNegotiated(payloadType: number, remote: RtpRemote): boolean {
  return (
    payloadType === remote.payloadType ||
    payloadType === remote.telephoneEventPayloadType ||
    payloadType === COMFORT_NOISE
  )
}
