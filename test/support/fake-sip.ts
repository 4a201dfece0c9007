import { createHeaders } from '../../src/sip/headers.ts'
import type { NameAddress } from '../../src/sip/message.ts'
import type {
  Dialog,
  DialogHandler,
  IncomingInvite,
  IncomingInviteHandler,
  InviteFailure,
  InviteRequest,
  OutgoingInvite,
  OutgoingInviteHandler,
} from '../../src/sip/user-agent.ts'

/** An SDP offer or answer for PCMU and keys, or with another codec. */
export function sdpOf({ port = 40_000, codec = 'PCMU/8000', payloadType = 0 } = {}): string {
  return [
    'v=0',
    'o=phone 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP ${payloadType} 101`,
    `a=rtpmap:${payloadType} ${codec}`,
    'a=rtpmap:101 telephone-event/8000',
    '',
  ].join('\r\n')
}

const party = (user: string): NameAddress => ({
  uri: { scheme: 'sip', user, host: '127.0.0.1', parameters: new Map() },
  parameters: new Map(),
})

/** A phone that calls us, above SIP: what it was told stands in `heard`, in order. */
export class FakeCaller implements IncomingInvite {
  readonly callId = 'incoming@test'
  readonly requestUri
  readonly to
  readonly from = party('31600000001')
  readonly headers = createHeaders([])
  readonly offer: string | undefined
  readonly source
  readonly heard: string[] = []
  answer: string | undefined
  #handler: IncomingInviteHandler | undefined
  #dialog: DialogHandler | undefined

  constructor({ to = '31201234567', offer = sdpOf() as string | undefined, address = '127.0.0.1' } = {}) {
    this.to = party(to)
    this.requestUri = this.to.uri
    this.offer = offer
    this.source = {
      transport: 'udp',
      address,
      port: 5070,
      localAddress: '127.0.0.1',
      localPort: 5060,
    } as const
  }

  /** Calls: what the user agent does with a new INVITE. */
  call(onInvite: (invite: IncomingInvite) => IncomingInviteHandler): void {
    this.#handler = onInvite(this)
  }

  cancel(): void {
    if (this.heard.length === 0) this.#handler?.onCancel()
  }

  hangUp(reason?: string): void {
    this.#dialog?.onEnd('bye', reason)
  }

  neverAcknowledges(): void {
    this.#dialog?.onEnd('noAck', undefined)
  }

  /** The answer to the offer in our 200, in the ACK. */
  answersInAck(sdp: string | undefined): void {
    this.#dialog?.onAnswer?.(sdp)
  }

  /** Sends an INFO; whether it was taken. */
  informs(contentType: string, body: string): boolean {
    return this.#dialog?.onInfo?.(contentType, body) === true
  }

  offersAgain(offer: string | undefined) {
    return this.#dialog?.onOffer(offer)
  }

  ring(status: number): void {
    this.heard.push(`${status}`)
  }

  accept(sdp: string, handler: DialogHandler): Dialog {
    this.heard.push('200')
    this.answer = sdp
    this.#dialog = handler
    return fakeDialog(this.heard)
  }

  reject(status: number, reason: string): void {
    this.heard.push(`${status} ${reason}`)
  }
}

/** A phone that we call, above SIP. */
export class FakeCallee implements OutgoingInvite {
  readonly callId = 'outgoing@test'
  /** Whether this phone ever said anything. */
  responds = true
  readonly request: InviteRequest
  readonly log: string[] = ['INVITE']
  #dialog: DialogHandler | undefined
  readonly #handler: OutgoingInviteHandler

  constructor(request: InviteRequest, handler: OutgoingInviteHandler) {
    this.request = request
    this.#handler = handler
  }

  get heard(): boolean {
    return this.responds
  }

  ring(status = 180): void {
    this.#handler.onProvisional(status, undefined)
  }

  answer(sdp: string | undefined = sdpOf()): void {
    this.#dialog = this.#handler.onAnswer(fakeDialog(this.log), sdp)
  }

  refuse(failure: InviteFailure): void {
    this.#handler.onFailure(failure)
  }

  hangUp(): void {
    this.#dialog?.onEnd('bye', undefined)
  }

  /** RFC 3261 §9.1: the INVITE then ends with 487. */
  cancel(): void {
    this.log.push('CANCEL')
    this.#handler.onFailure({ status: 487, reason: 'Request Terminated', local: 'canceled' })
  }
}

function fakeDialog(heard: string[]): Dialog {
  return {
    callId: 'dialog@test',
    bye: async () => {
      heard.push('BYE')
    },
  }
}
