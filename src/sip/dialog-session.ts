import type { DialogState, RequestTemplate } from './dialog.ts'
import { receiveDialogRequest } from './dialog-requests.ts'
import type { Credentials } from './digest.ts'
import { DigestAnswers } from './digest-answers.ts'
import { identityOf } from './identity.ts'
import type { SipHeader, SipRequest, SipResponse, SipUri } from './message.ts'
import { resolveTargets } from './next-hop.ts'
import { addressRequest, OutgoingRequest } from './outgoing-request.ts'
import { quote } from './parameters.ts'
import { serializeSipMessage } from './serialize.ts'
import { SuccessRetransmission } from './success-retransmission.ts'
import type { IncomingRequest } from './transaction/incoming-request.ts'
import type { ServerTransaction } from './transaction/transaction-layer.ts'
import type { SipTarget } from './transport.ts'
import type { Dialog, DialogHandler } from './user-agent.ts'
import { callHandler, type UserAgentContext } from './user-agent-context.ts'

/** `ending`: our BYE is wanted or under way. */
type Phase = 'early' | 'confirmed' | 'ending' | 'ended'

/** How a dialog begins its life. */
export interface DialogSessionOptions {
  readonly state: DialogState
  /** Where the far end's messages come from. */
  readonly flow: SipTarget
  /** Answers challenges to our BYE; only dialogs of our own, authenticated INVITEs have it. */
  readonly credentials?: Credentials
  /** The far end ended the dialog before it was confirmed (RFC 3261 §15.1.2). */
  readonly onEarlyBye?: () => void
}

/** A dialog that lives: what the far end sends in it, its BYE, and the ACKs of its INVITEs. Registered from the start. */
export class DialogSession implements Dialog, Disposable {
  readonly state: DialogState
  readonly context: UserAgentContext
  readonly #options: DialogSessionOptions
  readonly #digest: DigestAnswers | undefined
  readonly #ended = Promise.withResolvers<void>()
  #phase: Phase = 'early'
  #handler: DialogHandler | undefined
  /** Our 2xx that waits for its ACK. */
  #unacknowledged: SuccessRetransmission | undefined
  #offered = false
  #ack: { readonly message: Buffer; readonly target: SipTarget } | undefined
  #byeHeaders: readonly SipHeader[] = []
  #bye: OutgoingRequest | undefined
  #targets: { readonly uri: SipUri; readonly found: Promise<readonly SipTarget[]> } | undefined

  constructor(context: UserAgentContext, options: DialogSessionOptions) {
    this.context = context
    this.state = options.state
    this.#options = options
    const { credentials } = options
    this.#digest = credentials && new DigestAnswers(credentials, context.ids)
    context.dialogs.add(this)
  }

  get callId(): string {
    return this.state.callId
  }

  get phase(): Phase {
    return this.#phase
  }

  get handler(): DialogHandler | undefined {
    return this.#handler
  }

  /** A 2xx of ours is out and its ACK has not come. */
  get awaitsAck(): boolean {
    return this.#unacknowledged !== undefined
  }

  /** The INVITE was answered with 2xx. The handler may follow. */
  confirm(handler?: DialogHandler): void {
    if (this.#phase === 'early') this.#phase = 'confirmed'
    if (handler) this.#handler = handler
  }

  /** One request from the far end that belongs here; never an ACK. */
  receive(incoming: IncomingRequest): void {
    receiveDialogRequest(this, incoming)
  }

  bye(reason?: string): Promise<void> {
    if (this.#phase === 'ending' || this.#phase === 'ended') return this.#ended.promise
    this.#byeHeaders = reason === undefined ? [] : [reasonHeader(reason)]
    this.#phase = 'ending'
    // Who was called may not send BYE before the ACK (RFC 3261 §15).
    if (!this.#unacknowledged) this.#sendBye()
    return this.#ended.promise
  }

  /** Sends our 2xx to an INVITE and repeats it until its ACK; `offered`: it carries an offer, so the ACK has the answer. */
  succeed(
    transaction: ServerTransaction,
    success: { readonly cseq: number; readonly message: Buffer; readonly offered: boolean },
  ): void {
    const { cseq, message, offered } = success
    this.#offered = offered
    const { clock, timers } = this.context
    this.#unacknowledged = new SuccessRetransmission(clock, timers, {
      cseq,
      resend: () => transaction.respond(200, message),
      onTimeout: () => this.#onNoAck(),
    })
    transaction.respond(200, message)
  }

  receiveAck(ack: SipRequest): void {
    const pending = this.#unacknowledged
    const identity = identityOf(ack.headers)
    if (!pending || typeof identity === 'string' || identity.cseq.number !== pending.cseq) return
    pending[Symbol.dispose]()
    this.#unacknowledged = undefined
    if (this.#phase === 'ending') {
      this.#sendBye()
      return
    }
    const answer = ack.body.length === 0 ? undefined : ack.body.toString()
    if (this.#offered) callHandler(this.context, () => this.#handler?.onAnswer?.(answer))
  }

  /** Sends the ACK of a 2xx to our INVITE; `headers`: the credentials that the INVITE had (§13.2.2.4). */
  acknowledge(cseq: number, headers: readonly SipHeader[]): void {
    const template = this.state.createRequest('ACK', { cseq, headers })
    void this.#resolve().then((targets) => {
      for (const target of targets) {
        const addressed = addressRequest(this.context, template, target)
        if (!addressed) continue
        this.#ack = { message: serializeSipMessage(addressed.request), target }
        this.repeatAck()
        return
      }
      this.fail()
    })
  }

  /** The 2xx came again (§13.2.2.4). */
  repeatAck(): void {
    if (this.#ack) this.context.transports.send(this.#ack.message, this.#ack.target, () => this.fail())
  }

  /** The far end has sent BYE; it has been answered. */
  endByRemote(reasonHeader: string | undefined): void {
    if (this.#phase === 'early') this.#options.onEarlyBye?.()
    this.#end('bye', reasonHeader)
  }

  /** The far end can't be reached any more. */
  fail(): void {
    this.#end('transportError', undefined)
  }

  [Symbol.dispose](): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#unacknowledged?.[Symbol.dispose]()
    this.#unacknowledged = undefined
    this.#bye?.[Symbol.dispose]()
    this.context.dialogs.remove(this)
    this.#ended.resolve()
  }

  #onNoAck(): void {
    this.#unacknowledged = undefined
    const handler = this.#phase === 'confirmed' ? this.#handler : undefined
    this.#phase = 'ending'
    this.#sendBye()
    callHandler(this.context, () => handler?.onEnd('noAck', undefined))
  }

  #end(how: 'bye' | 'transportError', reasonHeader: string | undefined): void {
    const handler = this.#phase === 'confirmed' ? this.#handler : undefined
    this.#finish()
    callHandler(this.context, () => handler?.onEnd(how, reasonHeader))
  }

  /** The dialog is over. A BYE that has left ends by itself; one that has not is no longer needed. */
  #finish(): void {
    if (this.#bye?.attempt) this.#bye = undefined
    this[Symbol.dispose]()
  }

  #sendBye(answers: readonly SipHeader[] = []): void {
    const template = this.state.createRequest('BYE', { headers: [...this.#byeHeaders, ...answers] })
    this.#bye = new OutgoingRequest(this.context, template, this.#resolve(), {
      onResponse: (response) => this.#onByeResponse(template, response),
      onFailure: () => this.#finish(),
    })
  }

  #onByeResponse(template: RequestTemplate, response: SipResponse): void {
    if (response.status < 200 || this.#phase !== 'ending') return
    const answers = this.#digest?.answer(response, template)
    if (answers) this.#sendBye(answers)
    else this.#finish()
  }

  /** The addresses of the next hop, asked for once per hop, so that an ACK leaves before a BYE. */
  #resolve(): Promise<readonly SipTarget[]> {
    const uri = this.state.nextHop
    if (this.#targets?.uri !== uri) {
      const flow = this.state.hasRoutes ? undefined : this.#options.flow
      this.#targets = { uri, found: resolveTargets(this.context, uri, flow) }
    }
    return this.#targets.found
  }
}

/** Longest text that a Reason carries: it is for people who read traces. */
const MAX_REASON_LENGTH = 120

/** RFC 3326 §2 without a cause, for the text says more than a status could. */
function reasonHeader(text: string): SipHeader {
  return { name: 'Reason', value: `SIP;text=${quote(text.slice(0, MAX_REASON_LENGTH))}` }
}
