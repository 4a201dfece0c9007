import { randomBytes } from 'node:crypto'
import { answerChallenge } from './digest-text.ts'
import {
  cseqOf,
  type Header,
  header,
  headers,
  methodOf,
  type SipText,
  statusOf,
  tagOf,
  uriOf,
} from './sip-text.ts'
import type { Peer } from './wire.ts'

export const token = () => randomBytes(6).toString('hex')

/** What a request or response of a script adds to what every one has. */
export interface Extras {
  readonly headers?: readonly Header[]
  readonly body?: string
}

/** The texts of one call's messages: keeps tags, routes, target and sequence number (RFC 3261 §12). */
export class PhoneDialog {
  /** The INVITE: the latest received one, or the latest sent one. */
  invite: SipText
  readonly callId: string
  readonly localTag = token()
  readonly #user: string
  readonly #local: Peer
  readonly #isCaller: boolean
  #remoteTag: string | undefined
  #remoteTarget = ''
  #routes: string[] = []
  #cseq = 1

  private constructor(user: string, local: Peer, invite: SipText, isCaller: boolean) {
    this.#user = user
    this.#local = local
    this.invite = invite
    this.#isCaller = isCaller
    this.callId = header(invite, 'Call-ID') ?? ''
  }

  static ofCallee(user: string, local: Peer, invite: SipText): PhoneDialog {
    return new PhoneDialog(user, local, invite, false)
  }

  static ofCaller(
    user: string,
    local: Peer,
    uri: string,
    { from, ...extras }: Extras & { readonly from: string | undefined },
  ): PhoneDialog {
    const callId: Header = ['Call-ID', `${token()}@${local.address}`]
    const draft: SipText = { startLine: '', headers: [callId], body: '' }
    const dialog = new PhoneDialog(user, local, draft, true)
    const party = from ?? `<sip:${user}@${local.address}:${local.port}>`
    const parties: Header[] = [
      ['From', `${party};tag=${dialog.localTag}`],
      ['To', `<${uri}>`],
    ]
    dialog.#remoteTarget = uri
    dialog.invite = { ...draft, headers: [...parties, callId] }
    dialog.invite = dialog.#request('INVITE', 1, extras)
    return dialog
  }

  /** The next request inside the dialog. */
  request(method: string, extras: Extras = {}): SipText {
    this.#cseq += 1
    const request = this.#request(method, this.#cseq, extras)
    if (method === 'INVITE') this.invite = request
    return request
  }

  /** The ACK of a 200: a transaction of its own, with the number of its INVITE (RFC 3261 §13.2.2.4). */
  ackOf(ok: SipText, extras: Extras): SipText {
    return this.#request('ACK', cseqOf(ok), extras)
  }

  /** The ACK of a refusal: part of the INVITE's transaction (RFC 3261 §17.1.1.3). */
  ackOfRefusal(refusal: SipText): SipText {
    return this.#sameTransaction('ACK', header(refusal, 'To') ?? '')
  }

  cancel(): SipText {
    return this.#sameTransaction('CANCEL', header(this.invite, 'To') ?? '')
  }

  /** The INVITE once more, with the answer to a challenge. */
  authenticate(
    challenge: string,
    credentials: { readonly user: string; readonly password: string },
    headerName: string,
  ): void {
    this.#cseq += 1
    const uri = this.invite.startLine.split(' ')[1] ?? ''
    const kept = this.invite.headers.filter(([name]) => !/^(Via|CSeq|Content-Length)$/i.test(name))
    this.invite = {
      startLine: this.invite.startLine,
      headers: [
        ['Via', this.#via()],
        ...kept,
        ['CSeq', `${this.#cseq} INVITE`],
        [headerName, answerChallenge(challenge, { ...credentials, method: 'INVITE', uri })],
      ],
      body: this.invite.body,
    }
  }

  response(request: SipText, status: number, { headers: extra = [], body = '' }: Extras): SipText {
    const to = header(request, 'To') ?? ''
    const opens = status > 100 && status < 300 && methodOf(request) === 'INVITE'
    const routes = headers(request, 'Record-Route').map((route): Header => ['Record-Route', route])
    return {
      startLine: `SIP/2.0 ${status} ${reasons[status] ?? 'Scripted'}`,
      headers: [
        ...headers(request, 'Via').map((via): Header => ['Via', via]),
        ['From', header(request, 'From') ?? ''],
        ['To', tagOf(to) || status === 100 ? to : `${to};tag=${this.localTag}`],
        ['Call-ID', this.callId],
        ['CSeq', header(request, 'CSeq') ?? ''],
        ...(opens ? [...routes, this.#contact()] : []),
        ...(body ? [contentType] : []),
        ...extra,
      ],
      body,
    }
  }

  /** Takes the other side's tag, contact and routes from its INVITE, or from its response to ours. */
  learn(message: SipText): void {
    const isResponse = statusOf(message) > 0
    this.#remoteTag ??= tagOf(header(message, isResponse ? 'To' : 'From'))
    const contact = header(message, 'Contact')
    if (contact) this.#remoteTarget = uriOf(contact)
    const routes = headers(message, 'Record-Route')
    if (this.#routes.length === 0) this.#routes = isResponse ? routes.reverse() : routes
  }

  #request(method: string, cseq: number, { headers: extra = [], body = '' }: Extras): SipText {
    return {
      startLine: `${method} ${this.#remoteTarget} SIP/2.0`,
      headers: [
        ['Via', this.#via()],
        ...this.#routes.map((route): Header => ['Route', route]),
        ['Max-Forwards', '70'],
        ['From', this.#party(this.#isCaller ? 'From' : 'To', this.localTag)],
        ['To', this.#party(this.#isCaller ? 'To' : 'From', this.#remoteTag)],
        ['Call-ID', this.callId],
        ['CSeq', `${cseq} ${method}`],
        this.#contact(),
        ...extra,
        ...(body && !extra.some(([name]) => name === 'Content-Type') ? [contentType] : []),
      ],
      body,
    }
  }

  #sameTransaction(method: string, to: string): SipText {
    return {
      startLine: this.invite.startLine.replace('INVITE', method),
      headers: [
        ['Via', header(this.invite, 'Via') ?? ''],
        ...headers(this.invite, 'Route').map((route): Header => ['Route', route]),
        ['Max-Forwards', '70'],
        ['From', header(this.invite, 'From') ?? ''],
        ['To', to],
        ['Call-ID', this.callId],
        ['CSeq', `${cseqOf(this.invite)} ${method}`],
      ],
      body: '',
    }
  }

  #party(name: 'From' | 'To', tag: string | undefined): string {
    const party = header(this.#opening, name) ?? ''
    return tagOf(party) || !tag ? party : `${party};tag=${tag}`
  }

  /** The parties are those of the INVITE that opened the dialog, whoever sent a re-INVITE since. */
  get #opening(): SipText {
    this.#opened ??= this.invite
    return this.#opened
  }

  #opened: SipText | undefined

  #via(): string {
    return `SIP/2.0/UDP ${this.#local.address}:${this.#local.port};branch=z9hG4bK${token()};rport`
  }

  #contact(): Header {
    return ['Contact', `<sip:${this.#user}@${this.#local.address}:${this.#local.port}>`]
  }
}

const contentType: Header = ['Content-Type', 'application/sdp']

const reasons: Record<number, string> = {
  100: 'Trying',
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  302: 'Moved Temporarily',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  407: 'Proxy Authentication Required',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  603: 'Decline',
}
