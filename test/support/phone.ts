import { type CallHost, type CallOptions, PhoneCall, type SdpOptions } from './phone/call.ts'
import { PhoneMedia } from './phone/media.ts'
import {
  type Header,
  header,
  headers,
  hostPortOf,
  kindOf,
  type SipText,
  statusOf,
  writeSip,
} from './phone/sip-text.ts'
import { Waiting } from './phone/waiting.ts'
import { type Loss, type Peer, Wire, type WireEntry } from './phone/wire.ts'

export interface PhoneOptions {
  /** On loopback; default 127.0.0.1. */
  readonly address?: string
  /** 0, the default: any free one. */
  readonly port?: number
  readonly user?: string
  /** What this phone offers and answers unless a call says otherwise. */
  readonly sdp?: SdpOptions
}

export type InviteScript = (call: PhoneCall) => void | Promise<void>

export interface InviteOptions extends CallOptions {
  /** Whether a 100 is sent at once; default true. */
  readonly trying?: boolean
}

/**
 * A SIP phone on real sockets, moved by a script. It shares no code with `src/`, records all that passes,
 * and may misbehave: lose or withhold messages, repeat them, send anything.
 */
export class Phone implements AsyncDisposable {
  /** What scripts of `onInvite` threw; `close` fails with the first. */
  readonly faults: unknown[] = []
  readonly calls: PhoneCall[] = []
  /** Answers a request outside any call; the default says 200 to everything but ACK. */
  onRequest: (request: SipText, from: Peer) => void = (request, from) => this.#acceptRequest(request, from)
  readonly #user: string
  readonly #sdp: SdpOptions
  readonly #wire: Wire
  readonly #waiting = new Waiting()
  readonly #opening = new Map<string, { readonly message: SipText; readonly from: Peer }[]>()
  readonly #scripts = new Set<Promise<void>>()
  #script: InviteScript | undefined
  #inviteOptions: InviteOptions = {}

  private constructor(wire: Wire, user: string, sdp: SdpOptions) {
    this.#wire = wire
    this.#user = user
    this.#sdp = sdp
  }

  static async open({
    address = '127.0.0.1',
    port = 0,
    user = 'phone',
    sdp = {},
  }: PhoneOptions): Promise<Phone> {
    const wire = await Wire.open({ address, port }, (message, from) => phone.#receive(message, from))
    const phone: Phone = new Phone(wire, user, sdp)
    return phone
  }

  get local(): Peer {
    return this.#wire.local
  }

  get uri(): string {
    return `sip:${this.#user}@${this.local.address}:${this.local.port}`
  }

  /** All datagrams, in order. */
  get log(): readonly WireEntry[] {
    return this.#wire.log
  }

  lose(loss: Loss): void {
    this.#wire.lose(loss)
  }

  /** Sends any bytes to a peer from the phone's SIP socket. */
  sendRaw(bytes: string | Buffer, to: Peer): void {
    this.#wire.send(bytes, to)
  }

  /** Calls a SIP URI; resolves once the INVITE is out. `via` is where it is sent, if not where the URI says. */
  async call(uri: string, options: CallOptions & { readonly via?: Peer } = {}): Promise<PhoneCall> {
    const media = await PhoneMedia.open(this.local.address)
    const call = PhoneCall.outgoing(this.#host(), media, uri, options.via ?? hostPortOf(uri), options)
    this.calls.push(call)
    return call
  }

  /** Runs `script` for each INVITE that starts a call. Without one, INVITEs are ignored. */
  onInvite(script: InviteScript, options: InviteOptions = {}): void {
    this.#script = script
    this.#inviteOptions = options
  }

  /** The next incoming call that no earlier `nextCall` has returned; its script decides what becomes of it. */
  async nextCall(timeoutMs = 5_000): Promise<PhoneCall> {
    return await this.#waiting.for(
      () => {
        const call = this.calls.find(
          (candidate) => candidate.direction === 'incoming' && !this.#taken.has(candidate),
        )
        if (call) this.#taken.add(call)
        return call
      },
      timeoutMs,
      () =>
        `no INVITE within ${timeoutMs} ms; received: ${this.log.map(({ kind }) => kind).join(', ') || 'nothing'}`,
    )
  }

  readonly #taken = new Set<PhoneCall>()

  #host(): CallHost {
    return {
      user: this.#user,
      local: this.local,
      sdp: this.#sdp,
      send: (text, to) => this.#wire.send(text, to),
    }
  }

  #receive(message: SipText, from: Peer): void {
    const callId = header(message, 'Call-ID') ?? ''
    const call = this.calls.find((candidate) => candidate.callId === callId)
    const opening = this.#opening.get(callId)
    if (call) call.receive(message, from)
    else if (opening) opening.push({ message, from })
    else if (kindOf(message) === 'INVITE') this.#run(this.#accept(callId, message, from))
    else if (statusOf(message) === 0) this.onRequest(message, from)
  }

  /** A new call: its port is opened first, and what arrives meanwhile is kept. */
  async #accept(callId: string, invite: SipText, from: Peer): Promise<void> {
    const script = this.#script
    if (!script) return
    const later: { readonly message: SipText; readonly from: Peer }[] = []
    this.#opening.set(callId, later)
    const { trying = true, ...options } = this.#inviteOptions
    const media = await PhoneMedia.open(this.local.address)
    const call = PhoneCall.incoming(this.#host(), media, invite, from, options)
    this.calls.push(call)
    this.#opening.delete(callId)
    call.receive(invite, from)
    if (trying) call.respond(invite, 100)
    for (const { message, from: source } of later) call.receive(message, source)
    this.#waiting.poke()
    await script(call)
  }

  #run(work: Promise<void>): void {
    const kept = work
      .catch((fault: unknown) => {
        this.faults.push(fault)
      })
      .finally(() => this.#scripts.delete(kept))
    this.#scripts.add(kept)
  }

  #acceptRequest(request: SipText, from: Peer): void {
    if (kindOf(request) === 'ACK') return
    const kept = (name: string) => headers(request, name).map((value): Header => [name, value])
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Contact', 'Expires'].flatMap(kept)
    const tagged = copied.map(
      ([name, value]): Header => (name === 'To' ? [name, `${value};tag=phone`] : [name, value]),
    )
    this.#wire.send(writeSip({ startLine: 'SIP/2.0 200 OK', headers: tagged, body: '' }), from)
  }

  /** Closes sockets and timers without a word to anyone; fails if a script has failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting[Symbol.dispose]()
    for (const call of this.calls) await call[Symbol.asyncDispose]()
    await this.#wire[Symbol.asyncDispose]()
    await Promise.all(this.#scripts)
    const ownFaults = this.faults.filter((fault) => !String(fault).includes('the phone was closed'))
    if (ownFaults.length > 0) throw new Error('a script of this phone failed', { cause: ownFaults[0] })
  }
}

/** Opens a phone on a UDP socket of its own. */
export async function openPhone(options: PhoneOptions = {}): Promise<Phone> {
  return await Phone.open(options)
}
