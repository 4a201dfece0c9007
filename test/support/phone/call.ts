import { type Extras, PhoneDialog, token } from './dialog.ts'
import {
  type DigestAlgorithm,
  type DigestChallenge,
  faultOfCredentials,
  writeChallenge,
} from './digest-text.ts'
import { Inbox, type ReceivedMessage } from './inbox.ts'
import type { PhoneMedia } from './media.ts'
import { Repeater } from './repeater.ts'
import {
  type PhoneCodec,
  payloadTypeOf,
  readSdp,
  type SdpDirection,
  type SdpView,
  writeSdp,
} from './sdp-text.ts'
import {
  branchOf,
  cseqOf,
  type Header,
  header,
  methodOf,
  type SipText,
  statusOf,
  tagOf,
  writeSip,
} from './sip-text.ts'
import type { Peer } from './wire.ts'

/** What is in the phone's offer or answer, unless a script gives the text itself. */
export interface SdpOptions {
  readonly codecs?: readonly PhoneCodec[]
  /** Payload type of telephone events; default 101; undefined: none. */
  readonly telephoneEvent?: number | undefined
  readonly direction?: SdpDirection
  readonly address?: string
  readonly port?: number
  readonly extra?: readonly string[]
}

/** `false`: no body at all, as in an INVITE without offer. */
export type SdpChoice = SdpOptions | string | false

export interface CallOptions {
  readonly sdp?: SdpChoice
  readonly headers?: readonly Header[]
  /** The From header without its tag, such as `"Ann" <sip:31612345678@127.0.0.1>`. */
  readonly from?: string
  /** Answers a 401 or 407. */
  readonly credentials?: { readonly user: string; readonly password: string }
  /** Whether a 200 is acknowledged: at once, after a time, or never. */
  readonly ack?: 'auto' | 'withhold' | { readonly afterMs: number }
  /** Whether unanswered requests and unacknowledged final responses are repeated; default true. */
  readonly repeat?: boolean
}

/** What a call needs of its phone. */
export interface CallHost {
  readonly user: string
  readonly local: Peer
  readonly sdp: SdpOptions
  send(text: string, to: Peer): void
}

/** What a trunk asks for, and which account it expects. */
export interface ChallengeOptions {
  readonly user: string
  readonly password: string
  readonly scheme?: 'proxy' | 'www'
  readonly algorithm?: DigestAlgorithm
  readonly realm?: string
  /** undefined: the older computation without qop. */
  readonly qop?: 'auth' | undefined
}

/** One call of a scripted phone, as caller or callee. */
export class PhoneCall implements AsyncDisposable {
  readonly direction: 'incoming' | 'outgoing'
  readonly media: PhoneMedia
  /** The other side's latest description. */
  remoteSdp: SdpView | undefined
  /** Who ended the call: set by a BYE, a CANCEL or a final refusal. */
  endedBy: 'us' | 'them' | undefined
  /** Takes a request inside the call: answers it itself and returns true, or leaves it to the phone. */
  onRequest: (request: SipText) => boolean = () => false
  readonly #host: CallHost
  readonly #options: CallOptions
  readonly #dialog: PhoneDialog
  readonly #inbox = new Inbox()
  readonly #repeater: Repeater
  /** The last response per transaction (branch and method), to answer retransmissions. */
  readonly #answers = new Map<string, string>()
  readonly #signalling: Peer
  #sdpVersion = 0
  #authenticated = false

  private constructor(
    host: CallHost,
    media: PhoneMedia,
    signalling: Peer,
    options: CallOptions,
    start: { readonly incoming: SipText } | { readonly outgoingTo: string },
  ) {
    this.media = media
    this.#host = host
    this.#options = options
    this.#signalling = signalling
    this.#repeater = new Repeater(options.repeat ?? true)
    if ('incoming' in start) {
      this.direction = 'incoming'
      this.#dialog = PhoneDialog.ofCallee(host.user, host.local, start.incoming)
    } else {
      this.direction = 'outgoing'
      const { from, headers = [], sdp = {} } = options
      const body = this.#describe(sdp)
      this.#dialog = PhoneDialog.ofCaller(host.user, host.local, start.outgoingTo, { from, headers, body })
    }
  }

  /** The callee's side of an INVITE that has just arrived. */
  static incoming(
    host: CallHost,
    media: PhoneMedia,
    invite: SipText,
    from: Peer,
    options: CallOptions,
  ): PhoneCall {
    return new PhoneCall(host, media, from, options, { incoming: invite })
  }

  /** Sends the INVITE of a new call to `uri`. */
  static outgoing(host: CallHost, media: PhoneMedia, uri: string, to: Peer, options: CallOptions): PhoneCall {
    const call = new PhoneCall(host, media, to, options, { outgoingTo: uri })
    call.#sendRequest(call.invite)
    return call
  }

  get callId(): string {
    return this.#dialog.callId
  }

  /** The INVITE: the latest received one, or the latest sent one. */
  get invite(): SipText {
    return this.#dialog.invite
  }

  /** All messages of this call that the phone looked at. */
  get received(): readonly ReceivedMessage[] {
    return this.#inbox.received
  }

  // What a script waits for.

  /** The `count`-th message of a kind (`180`, `200 INVITE`, `BYE`, `4xx INVITE`), past or to come. */
  waitFor(
    kind: string,
    { count = 1, timeoutMs = 5_000 }: { readonly count?: number; readonly timeoutMs?: number } = {},
  ): Promise<ReceivedMessage> {
    return this.#inbox.waitFor(kind, count, timeoutMs)
  }

  /** All messages of a kind so far. */
  all(kind: string): ReceivedMessage[] {
    return this.#inbox.all(kind)
  }

  /** Resolves when either side has ended the call, with who did. */
  waitForEnd(timeoutMs = 30_000): Promise<'us' | 'them'> {
    return this.#inbox.waitUntil(() => this.endedBy, 'the end of the call', timeoutMs)
  }

  // What a callee's script does.

  /** Sends a provisional response; with `sdp` it describes early media. */
  ring(status = 180, { sdp = false }: { readonly sdp?: SdpChoice } = {}): void {
    if (sdp !== false) this.#learn(this.invite)
    this.respond(this.invite, status, { body: this.#describe(sdp) })
    if (sdp !== false) this.#talk()
  }

  /** Sends 200 with an answer, and repeats it until the ACK. */
  answer({
    sdp = {},
    headers = [],
  }: {
    readonly sdp?: SdpChoice
    readonly headers?: readonly Header[]
  } = {}): void {
    this.#learn(this.invite)
    const text = this.respond(this.invite, 200, { body: this.#describe(sdp), headers })
    this.#repeater.repeat('final', () => this.sendRaw(text))
    this.#talk()
  }

  /** Sends a final refusal, and repeats it until the ACK. */
  reject(status: number, { headers = [] }: { readonly headers?: readonly Header[] } = {}): void {
    const text = this.respond(this.invite, status, { headers })
    this.#repeater.repeat('final', () => this.sendRaw(text))
    this.#end('us')
  }

  redirect(uri: string, status = 302): void {
    this.reject(status, { headers: [['Contact', `<${uri}>`]] })
  }

  /** Refuses with a challenge and waits for the INVITE that answers it; says what is wrong with it, or nothing. */
  async challenge(options: ChallengeOptions): Promise<string | undefined> {
    const { user, password, scheme = 'proxy', algorithm = 'MD5', realm = 'trunk' } = options
    const qop = 'qop' in options ? options.qop : 'auth'
    const challenge: DigestChallenge = { realm, nonce: token(), algorithm, qop, opaque: undefined }
    const before = this.invite
    const [status, ask, answer] =
      scheme === 'proxy'
        ? ([407, 'Proxy-Authenticate', 'Proxy-Authorization'] as const)
        : ([401, 'WWW-Authenticate', 'Authorization'] as const)
    this.reject(status, { headers: [[ask, writeChallenge(challenge)]] })
    this.endedBy = undefined
    const invite = await this.#inbox.waitUntil(
      () => (this.invite === before ? undefined : this.invite),
      `an INVITE that answers the ${status}`,
      5_000,
    )
    return faultOfCredentials(header(invite, answer), challenge, { user, password, method: 'INVITE' })
  }

  /** Answers any request of this call; returns the datagram. */
  respond(request: SipText, status: number, extras: Extras = {}): string {
    const text = writeSip(this.#dialog.response(request, status, extras))
    this.#answers.set(`${branchOf(request)} ${methodOf(request)}`, text)
    this.sendRaw(text)
    return text
  }

  // What a caller's script, or either side's, does.

  /** Acknowledges the latest 200; needed only where `ack` is withheld. */
  ack(extras: Extras = {}): void {
    const ok = this.all('200 INVITE').at(-1)
    if (!ok) throw new Error('there is no 200 to acknowledge')
    this.sendRaw(writeSip(this.#dialog.ackOf(ok.message, extras)))
    this.#talk()
  }

  cancel(): void {
    this.#sendRequest(this.#dialog.cancel())
  }

  /** Sends BYE and waits for its final response. */
  async bye(): Promise<ReceivedMessage> {
    this.media.end()
    this.#end('us')
    return await this.request('BYE')
  }

  /** Sends a request inside the dialog and waits for its final response. */
  async request(method: string, extras: Extras = {}): Promise<ReceivedMessage> {
    const request = this.#dialog.request(method, extras)
    this.#sendRequest(request)
    return await this.#inbox.waitUntil(
      () =>
        this.received.find(
          ({ message }) => statusOf(message) >= 200 && branchOf(message) === branchOf(request),
        ),
      `a final response to ${method}`,
      5_000,
    )
  }

  /** Offers again inside the call: hold, resume, another codec or port. Waits for the final response. */
  async reinvite(sdp: SdpChoice = {}): Promise<ReceivedMessage> {
    return await this.request('INVITE', { body: this.#describe(sdp) })
  }

  /** Sends text to where this call's signalling goes. */
  sendRaw(text: string): void {
    this.#host.send(text, this.#signalling)
  }

  /** Sends the INVITE again, byte by byte. */
  repeatInvite(): void {
    this.sendRaw(writeSip(this.invite))
  }

  // What the phone does by itself.

  /** A message with this call's Call-ID has arrived. */
  receive(message: SipText, from: Peer): void {
    this.#inbox.add(message, from)
    if (statusOf(message) > 0) this.#receiveResponse(message)
    else this.#receiveRequest(message)
    this.#inbox.poke()
  }

  #receiveRequest(request: SipText): void {
    const method = methodOf(request)
    const answered = this.#answers.get(`${branchOf(request)} ${method}`)
    if (method === 'ACK') {
      this.#repeater.stop('final')
      this.#learnSdp(request)
    } else if (answered !== undefined) this.sendRaw(answered)
    else if (method === 'INVITE' && !tagOf(header(request, 'To'))) this.#dialog.invite = request
    else if (!this.onRequest(request)) this.#accept(request, method)
  }

  #accept(request: SipText, method: string): void {
    if (method === 'INVITE') {
      this.#dialog.invite = request
      this.answer()
      return
    }
    this.respond(request, 200)
    if (method !== 'BYE' && method !== 'CANCEL') return
    this.endedBy ??= 'them'
    this.media.end()
    if (method === 'CANCEL') this.reject(487)
  }

  #receiveResponse(response: SipText): void {
    const status = statusOf(response)
    this.#repeater.stop(`${branchOf(response)} ${methodOf(response)}`)
    if (methodOf(response) !== 'INVITE' || cseqOf(response) !== cseqOf(this.invite)) return
    if (status >= 300) {
      this.#refused(response)
      return
    }
    if (status > 100) this.#learn(response)
    if (status >= 200) this.#acknowledge()
    else if (response.body) this.#talk()
  }

  #acknowledge(): void {
    const { ack = 'auto' } = this.#options
    if (ack === 'auto') this.ack()
    else if (ack !== 'withhold') this.#repeater.after(ack.afterMs, () => this.ack())
  }

  /** Acknowledges a refusal, and answers a challenge once. A refused re-INVITE doesn't end the call. */
  #refused(response: SipText): void {
    this.sendRaw(writeSip(this.#dialog.ackOfRefusal(response)))
    const isReinvite = tagOf(header(this.invite, 'To')) !== undefined
    const proxy = header(response, 'Proxy-Authenticate')
    const challenge = proxy ?? header(response, 'WWW-Authenticate')
    const { credentials } = this.#options
    if (isReinvite) return
    if (!credentials || !challenge || this.#authenticated) {
      this.endedBy ??= 'them'
      return
    }
    this.#authenticated = true
    this.#dialog.authenticate(challenge, credentials, proxy ? 'Proxy-Authorization' : 'Authorization')
    this.#sendRequest(this.invite)
  }

  #sendRequest(request: SipText): void {
    const text = writeSip(request)
    this.sendRaw(text)
    this.#repeater.repeat(`${branchOf(request)} ${methodOf(request)}`, () => this.sendRaw(text))
  }

  #end(by: 'us' | 'them'): void {
    this.endedBy ??= by
    this.#inbox.poke()
  }

  #learn(message: SipText): void {
    this.#dialog.learn(message)
    this.#learnSdp(message)
  }

  #learnSdp({ body }: SipText): void {
    const view = readSdp(body)
    if (!view) return
    this.remoteSdp = view
    this.media.peer = { address: view.address, port: view.port }
    if (view.codec) this.media.payloadType = payloadTypeOf[view.codec]
    this.media.keyPayloadType = view.telephoneEvent
  }

  /** Sends sound, unless the other side said that it doesn't listen. */
  #talk(): void {
    const direction = this.remoteSdp?.direction
    if (this.endedBy || direction === 'inactive' || direction === 'sendonly') this.media.stop()
    else this.media.start()
  }

  #describe(choice: SdpChoice): string {
    if (choice === false) return ''
    if (typeof choice === 'string') return choice
    const options = { ...this.#host.sdp, ...choice }
    this.#sdpVersion += 1
    const answered = this.direction === 'incoming' ? this.remoteSdp?.codec : undefined
    return writeSdp({
      address: options.address ?? this.#host.local.address,
      port: options.port ?? this.media.port,
      codecs: options.codecs ?? (answered ? [answered] : ['PCMU', 'PCMA']),
      telephoneEvent: 'telephoneEvent' in options ? options.telephoneEvent : 101,
      direction: options.direction,
      version: this.#sdpVersion,
      extra: options.extra ?? [],
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#repeater[Symbol.dispose]()
    this.#inbox[Symbol.dispose]()
    await this.media[Symbol.asyncDispose]()
  }
}
