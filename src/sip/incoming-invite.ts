import { CONTENT_TYPE_SDP } from './capabilities.ts'
import { dialogOfIncoming } from './dialog.ts'
import { dialogHeaders } from './dialog-requests.ts'
import { DialogSession } from './dialog-session.ts'
import { createHeaders } from './headers.ts'
import type { NameAddress, SipHeader, SipHeaders, SipUri } from './message.ts'
import { flowOf } from './next-hop.ts'
import { createResponse, type ResponseParts } from './responses.ts'
import { serializeSipMessage } from './serialize.ts'
import type { IncomingRequest } from './transaction/incoming-request.ts'
import type { ServerTransaction } from './transaction/transaction-layer.ts'
import type { SipSource } from './transport.ts'
import type {
  Dialog,
  DialogHandler,
  IncomingInvite,
  IncomingInviteHandler,
  UserAgentOptions,
} from './user-agent.ts'
import { callHandler, type UserAgentContext } from './user-agent-context.ts'

/** One INVITE from outside any dialog, from 100 Trying to its final response (RFC 3261 §13.3). */
export class IncomingInviteSession implements IncomingInvite {
  readonly callId: string
  readonly requestUri: SipUri
  readonly from: NameAddress
  readonly to: NameAddress
  readonly source: SipSource
  readonly headers: SipHeaders
  readonly offer: string | undefined
  /** The To tag of all our responses. */
  readonly localTag: string
  readonly #context: UserAgentContext
  readonly #incoming: IncomingRequest
  readonly #transaction: ServerTransaction
  /** `open` until a final response was decided. */
  #state: 'open' | 'accepted' | 'refused' = 'open'
  #handler: IncomingInviteHandler | undefined
  #dialog: DialogSession | undefined

  /** `onClosed`: the transaction has ended, so that no CANCEL can come any more. */
  constructor(
    context: UserAgentContext,
    incoming: IncomingRequest,
    requestUri: SipUri,
    onClosed: () => void,
  ) {
    const { request, callId, from, to, source } = incoming
    this.callId = callId
    this.requestUri = requestUri
    this.from = from
    this.to = to
    this.source = source
    this.headers = request.headers
    this.offer = request.body.length === 0 ? undefined : request.body.toString()
    this.localTag = context.ids.token(8)
    this.#context = context
    this.#incoming = incoming
    this.#transaction = context.layer.openServer(incoming, {
      onAck: (ack) => this.#dialog?.receiveAck(ack),
      onFailure: (reason) => this.#onTransactionFailure(reason),
      onTerminated: onClosed,
    })
  }

  /** Sends 100 Trying and hands the INVITE to its user. */
  offerTo(onInvite: UserAgentOptions['onInvite']): void {
    this.#transaction.respond(
      100,
      serializeSipMessage(
        createResponse(this.#incoming, 100, 'Trying', { headers: [this.#context.serverHeader] }),
      ),
    )
    this.#handler = callHandler(this.#context, () => onInvite(this))
    if (!this.#handler) this.reject(500, 'Server Internal Error')
  }

  ring(status: number, reason: string): void {
    if (this.#state !== 'open') return
    this.#openDialog()
    this.#respond(status, reason, { recordRoute: true, headers: this.#dialogHeaders() })
  }

  accept(sdp: string, handler: DialogHandler): Dialog {
    const dialog = this.#state === 'open' ? this.#openDialog() : undefined
    if (!dialog) {
      this.reject(500, 'Server Internal Error')
      return endedDialog(this.callId)
    }
    this.#state = 'accepted'
    dialog.confirm(handler)
    const message = this.#build(200, 'OK', {
      recordRoute: true,
      headers: [...this.#dialogHeaders(), CONTENT_TYPE_SDP],
      body: sdp,
    })
    dialog.succeed(this.#transaction, {
      cseq: this.#incoming.cseq.number,
      message,
      offered: this.offer === undefined,
    })
    return dialog
  }

  reject(
    status: number,
    reason: string,
    headers: readonly (readonly [name: string, value: string])[] = [],
  ): void {
    if (this.#state !== 'open') return
    const checked = createHeaders(headers).entries
    this.#state = 'refused'
    this.#dialog?.[Symbol.dispose]()
    this.#respond(status, reason, { headers: checked })
  }

  /** The caller's CANCEL, which has been answered; after a final response it changes nothing (§9.2). */
  cancel(): void {
    if (this.#state !== 'open') return
    this.reject(487, 'Request Terminated')
    callHandler(this.#context, () => this.#handler?.onCancel())
  }

  #onTransactionFailure(reason: 'timeout' | 'transportError'): void {
    if (this.#state === 'accepted' && reason === 'transportError') this.#dialog?.fail()
    if (this.#state !== 'open') return
    // RFC 6026 §8.8 leaves the transaction in place: a final response lets it end.
    this.reject(503, 'Service Unavailable')
    callHandler(this.#context, () => this.#handler?.onFailure(reason))
  }

  /** The dialog, early until `accept`. Its Contact and routes were checked before. */
  #openDialog(): DialogSession | undefined {
    if (this.#dialog) return this.#dialog
    const state = dialogOfIncoming(this.#incoming, this.localTag)
    if (!state) return undefined
    this.#dialog = new DialogSession(this.#context, {
      state,
      flow: flowOf(this.source),
      onEarlyBye: () => this.cancel(),
    })
    return this.#dialog
  }

  #dialogHeaders(): readonly SipHeader[] {
    return dialogHeaders(this.#context.transports, this.source)
  }

  #respond(status: number, reason: string, parts: ResponseParts): void {
    this.#transaction.respond(status, this.#build(status, reason, parts))
  }

  #build(status: number, reason: string, parts: ResponseParts): Buffer {
    const headers = [...(parts.headers ?? []), this.#context.serverHeader]
    return serializeSipMessage(
      createResponse(this.#incoming, status, reason, { ...parts, headers, toTag: this.localTag }),
    )
  }
}

/** What `accept` returns when the caller has already gone: nothing is left to hang up. */
function endedDialog(callId: string): Dialog {
  return { callId, bye: () => Promise.resolve() }
}
