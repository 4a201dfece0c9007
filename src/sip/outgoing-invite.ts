import { createCancel } from './cancel.ts'
import { ALLOW, CONTENT_TYPE_SDP, isSdp, MAX_FORWARDS, SUPPORTED } from './capabilities.ts'
import { dialogOfOutgoing, pathOfResponse, type RequestTemplate } from './dialog.ts'
import { DialogSession } from './dialog-session.ts'
import { DigestAnswers } from './digest-answers.ts'
import { createHeaders } from './headers.ts'
import { identityOf } from './identity.ts'
import type { SipHeader, SipResponse } from './message.ts'
import { serializeNameAddress, tagOf, withTag } from './name-address.ts'
import { flowOf, resolveTargets } from './next-hop.ts'
import { OutgoingRequest } from './outgoing-request.ts'
import type { SipSource, SipTarget } from './transport.ts'
import { serializeSipUri } from './uri.ts'
import type { InviteFailure, InviteRequest, OutgoingInvite, OutgoingInviteHandler } from './user-agent.ts'
import { callHandler, type UserAgentContext } from './user-agent-context.ts'

/** Early dialogs that one INVITE may have: a bound on what a forking proxy makes us keep. */
const MAX_FORKS = 16

/** `canceling`: the user has given up, but a final response may still come. */
type State = 'calling' | 'canceling' | 'answered' | 'failed'

/** One INVITE of ours until it is answered, refused or canceled (RFC 3261 §13.2), over as many attempts as it takes. */
export class OutgoingInviteSession implements OutgoingInvite, Disposable {
  readonly callId: string
  readonly #context: UserAgentContext
  readonly #invite: InviteRequest
  readonly #handler: OutgoingInviteHandler
  readonly #onSettled: () => void
  readonly #headers: readonly SipHeader[]
  readonly #digest: DigestAnswers | undefined
  /** By the tag of the far end. */
  readonly #forks = new Map<string, DialogSession>()
  readonly #acknowledged = new Set<DialogSession>()
  #state: State = 'calling'
  #heard = false
  #cseq = 1
  #credentialHeaders: readonly SipHeader[] = []
  #request: OutgoingRequest | undefined
  /** A 1xx has come, so CANCEL may be sent (§9.1). */
  #proceeding = false
  #giveUp: Disposable | undefined

  /** Throws InvalidHeaderError if a header of the request can't be written. */
  constructor(
    context: UserAgentContext,
    invite: InviteRequest,
    handler: OutgoingInviteHandler,
    onSettled: () => void,
  ) {
    this.#context = context
    this.#invite = invite
    this.#handler = handler
    this.#onSettled = onSettled
    this.callId = context.ids.token(16)
    const from = withTag(invite.from, context.ids.token(8))
    this.#headers = createHeaders([
      MAX_FORWARDS,
      { name: 'From', value: serializeNameAddress(from) },
      { name: 'To', value: serializeNameAddress(invite.to) },
      { name: 'Call-ID', value: this.callId },
      ALLOW,
      SUPPORTED,
      CONTENT_TYPE_SDP,
      ...(invite.headers ?? []),
    ]).entries
    this.#digest = invite.credentials && new DigestAnswers(invite.credentials, context.ids)
  }

  get heard(): boolean {
    return this.#heard
  }

  start(): void {
    const { flow, nextHop, target } = this.#invite
    this.#send(flow ? Promise.resolve([flow]) : resolveTargets(this.#context, nextHop ?? target))
  }

  cancel(): void {
    if (this.#state !== 'calling') return
    this.#state = 'canceling'
    if (!this.#request?.attempt) {
      this.#fail(CANCELED)
      return
    }
    this.#request.stayWithAttempt()
    if (this.#proceeding) this.#sendCancel()
  }

  [Symbol.dispose](): void {
    this.#state = 'failed'
    this.#giveUp?.[Symbol.dispose]()
    this.#request?.[Symbol.dispose]()
    this.#onSettled()
  }

  #send(targets: Promise<readonly SipTarget[]>): void {
    const template: RequestTemplate = {
      method: 'INVITE',
      uri: serializeSipUri(this.#invite.target),
      headers: [
        ...this.#headers,
        { name: 'CSeq', value: `${this.#cseq} INVITE` },
        ...this.#credentialHeaders,
      ],
      body: Buffer.from(this.#invite.sdp),
      contact: true,
    }
    this.#proceeding = false
    const request = new OutgoingRequest(this.#context, template, targets, {
      onResponse: (response, source) => {
        if (this.#request === request) this.#onResponse(template, response, source)
      },
      onFailure: (reason) => {
        if (this.#request === request) this.#onNoResponse(reason)
      },
    })
    this.#request = request
  }

  #onResponse(template: RequestTemplate, response: SipResponse, source: SipSource): void {
    const { status } = response
    this.#heard = true
    if (status < 200) this.#onProvisional(template, response, source)
    else if (status < 300) this.#onSuccess(template, response, source)
    else if (this.#state === 'canceling') this.#fail(CANCELED)
    else if (this.#state === 'calling' && !this.#answerChallenge(template, response)) {
      this.#fail(failureOf(response))
    }
  }

  #onProvisional(template: RequestTemplate, response: SipResponse, source: SipSource): void {
    const isFirst = !this.#proceeding
    this.#proceeding = true
    if (this.#state === 'canceling' && isFirst) this.#sendCancel()
    if (this.#state !== 'calling' || response.status === 100) return
    this.#findFork(template, response, source)
    callHandler(this.#context, () => this.#handler.onProvisional(response.status, sdpOf(response)))
  }

  #onSuccess(template: RequestTemplate, response: SipResponse, source: SipSource): void {
    const dialog = this.#findFork(template, response, source)
    const path = pathOfResponse(template, response)
    if (!dialog || !path) {
      if (this.#state === 'calling' || this.#state === 'canceling') this.#fail(UNUSABLE_ANSWER)
      return
    }
    if (this.#acknowledged.has(dialog)) {
      dialog.repeatAck()
      return
    }
    this.#acknowledged.add(dialog)
    dialog.state.confirm(path.remoteTarget, path.routes)
    dialog.confirm()
    dialog.acknowledge(this.#cseq, this.#credentialHeaders)
    if (this.#state === 'calling') this.#answer(dialog, response)
    else {
      // Another fork was faster, or we have given up: this one is answered and ended (§13.2.2.4, §9.1).
      void dialog.bye()
      if (this.#state === 'canceling') this.#fail(CANCELED)
    }
  }

  #answer(dialog: DialogSession, response: SipResponse): void {
    this.#settle('answered')
    const handler = callHandler(this.#context, () => this.#handler.onAnswer(dialog, sdpOf(response)))
    if (handler) dialog.confirm(handler)
    else void dialog.bye()
  }

  /** The dialog of a response's To tag, made at first sight (§12.1.2); undefined without a tag in a 1xx, or for too many. */
  #findFork(template: RequestTemplate, response: SipResponse, source: SipSource): DialogSession | undefined {
    const identity = identityOf(response.headers)
    const tag = (typeof identity === 'string' ? undefined : tagOf(identity.to)) ?? ''
    const known = this.#forks.get(tag)
    if (known) return known
    if ((tag === '' && response.status < 200) || this.#forks.size >= MAX_FORKS) return undefined
    const state = dialogOfOutgoing(template, response)
    if (!state) return undefined
    const { credentials } = this.#invite
    const dialog = new DialogSession(this.#context, {
      state,
      flow: flowOf(source),
      ...(credentials && { credentials }),
    })
    this.#forks.set(tag, dialog)
    return dialog
  }

  /** True: the INVITE is on its way again with an answer to the challenge (§22.2). */
  #answerChallenge(template: RequestTemplate, response: SipResponse): boolean {
    const headers = this.#digest?.answer(response, template)
    const target = this.#request?.attempt?.target
    if (!headers || !target) return false
    this.#dropEarlyForks()
    this.#credentialHeaders = headers
    this.#cseq += 1
    this.#send(Promise.resolve([target]))
    return true
  }

  #onNoResponse(reason: 'timeout' | 'transportError'): void {
    if (this.#state === 'canceling') this.#fail(CANCELED)
    else if (this.#state === 'calling') this.#fail(reason === 'timeout' ? TIMEOUT : UNREACHABLE)
  }

  /** §9.1, with the time after which an INVITE that nobody ends is given up. */
  #sendCancel(): void {
    const attempt = this.#request?.attempt
    if (!attempt) return
    this.#context.layer.openClient(
      { ...attempt, request: createCancel(attempt.request) },
      { onResponse: () => {}, onFailure: () => {} },
    )
    this.#giveUp = this.#context.clock.after(64 * this.#context.timers.t1, () => {
      this.#request?.[Symbol.dispose]()
      this.#fail(CANCELED)
    })
  }

  #fail(failure: InviteFailure): void {
    if (!this.#request?.attempt) this.#request?.[Symbol.dispose]()
    this.#settle('failed')
    callHandler(this.#context, () => this.#handler.onFailure(failure))
  }

  #settle(state: 'answered' | 'failed'): void {
    this.#state = state
    this.#giveUp?.[Symbol.dispose]()
    this.#dropEarlyForks()
    this.#onSettled()
  }

  #dropEarlyForks(): void {
    for (const [tag, dialog] of this.#forks) {
      if (this.#acknowledged.has(dialog)) continue
      dialog[Symbol.dispose]()
      this.#forks.delete(tag)
    }
  }
}

const CANCELED: InviteFailure = { status: 487, reason: 'Request Terminated', local: 'canceled' }
const TIMEOUT: InviteFailure = { status: 408, reason: 'Request Timeout', local: 'timeout' }
const UNREACHABLE: InviteFailure = { status: 503, reason: 'Service Unavailable', local: 'transportError' }
/** A 2xx that makes no dialog: it can't be acknowledged. */
const UNUSABLE_ANSWER: InviteFailure = { status: 502, reason: 'Bad Gateway' }

function failureOf({ status, reason, headers }: SipResponse): InviteFailure {
  const reasonHeader = headers.get('Reason')
  return { status, reason, ...(reasonHeader !== undefined && { reasonHeader }) }
}

function sdpOf({ headers, body }: SipResponse): string | undefined {
  return body.length > 0 && isSdp(headers.get('Content-Type')) ? body.toString() : undefined
}
