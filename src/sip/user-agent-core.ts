import type { Clock } from '../runtime/clock.ts'
import type { Ids } from '../runtime/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import { ACCEPT_SDP, ALLOW, SUPPORTED } from './capabilities.ts'
import { DialogRegistry } from './dialog-registry.ts'
import { IncomingInviteSession } from './incoming-invite.ts'
import type { SipHeader, SipRequest } from './message.ts'
import { OutgoingInviteSession } from './outgoing-invite.ts'
import { type ParseFailure, parseSipMessage } from './parse.ts'
import { NO_SUCH_TRANSACTION, type Refusal, screenRequest } from './request-screening.ts'
import {
  type IncomingRequest,
  readAnswerableRequest,
  readIncomingRequest,
} from './transaction/incoming-request.ts'
import { defaultTimers, type SipTimers } from './transaction/timers.ts'
import { TransactionLayer } from './transaction/transaction-layer.ts'
import type { SipSource } from './transport.ts'
import { parseSipUri } from './uri.ts'
import type {
  InviteRequest,
  OutgoingInvite,
  OutgoingInviteHandler,
  UserAgent,
  UserAgentOptions,
} from './user-agent.ts'
import { answerStatelessly, type UserAgentContext } from './user-agent-context.ts'

/** What the SIP core is built from. */
export interface UserAgentDependencies extends UserAgentOptions {
  readonly clock: Clock
  readonly ids: Ids
  readonly logger: Logger
  readonly timers?: SipTimers
  /** The value of User-Agent and Server. */
  readonly userAgentName?: string
  /** Beyond this many transactions new INVITEs get 503; requests in dialogs get it at twice as many. */
  readonly maxTransactions?: number
  /** Beyond this many dialogs new INVITEs get 503. */
  readonly maxDialogs?: number
}

const DEFAULT_MAX_TRANSACTIONS = 50_000
const DEFAULT_MAX_DIALOGS = 10_000
const RETRY_AFTER: SipHeader = { name: 'Retry-After', value: '5' }
const OVERLOADED: Refusal = { status: 503, reason: 'Service Unavailable', headers: [RETRY_AFTER] }
const BAD_REQUEST: Refusal = { status: 400, reason: 'Bad Request' }

/** The SIP core (RFC 3261 §8, §12–15) over the given network. It opens nothing but timers; dispose it to stop them. */
export function createUserAgent(dependencies: UserAgentDependencies): UserAgent {
  return new UserAgentCore(dependencies)
}

class UserAgentCore implements UserAgent {
  readonly #context: UserAgentContext
  readonly #onInvite: UserAgentOptions['onInvite']
  readonly #maxTransactions: number
  readonly #maxDialogs: number
  /** By transaction key, for CANCEL. */
  readonly #incomingInvites = new Map<string, IncomingInviteSession>()
  readonly #outgoingInvites = new Set<OutgoingInviteSession>()
  #closed = false

  constructor(dependencies: UserAgentDependencies) {
    const { clock, ids, logger, transports, timers = defaultTimers } = dependencies
    const name = dependencies.userAgentName ?? 'Linnet'
    this.#context = {
      clock,
      ids,
      logger,
      timers,
      transports,
      layer: new TransactionLayer({ clock, timers }, transports),
      dialogs: new DialogRegistry(),
      userAgentHeader: { name: 'User-Agent', value: name },
      serverHeader: { name: 'Server', value: name },
      statelessTag: ids.token(8),
    }
    this.#onInvite = dependencies.onInvite
    this.#maxTransactions = dependencies.maxTransactions ?? DEFAULT_MAX_TRANSACTIONS
    this.#maxDialogs = dependencies.maxDialogs ?? DEFAULT_MAX_DIALOGS
  }

  get size(): { readonly transactions: number; readonly dialogs: number } {
    return { transactions: this.#context.layer.size, dialogs: this.#context.dialogs.size }
  }

  receive(datagram: Buffer, source: SipSource): void {
    if (this.#closed) return
    const message = parseSipMessage(datagram)
    switch (message.kind) {
      case 'failure':
        this.#receiveGarbage(message, source)
        break
      case 'response':
        if (!this.#context.layer.receiveResponse(message, source)) {
          this.#context.logger.debug({ status: message.status }, 'stray sip response dropped')
        }
        break
      case 'request':
        this.#receiveRequest(message, source)
        break
    }
  }

  invite(request: InviteRequest, handler: OutgoingInviteHandler): OutgoingInvite {
    const session = new OutgoingInviteSession(this.#context, request, handler, () =>
      this.#outgoingInvites.delete(session),
    )
    this.#outgoingInvites.add(session)
    session.start()
    return session
  }

  /** Ends everything at once: no BYE is sent and no handler is called, so hang up the calls before. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const session of [...this.#outgoingInvites]) session[Symbol.dispose]()
    this.#context.dialogs[Symbol.dispose]()
    this.#context.layer[Symbol.dispose]()
    return Promise.resolve()
  }

  #receiveGarbage({ reason, status, answerable }: ParseFailure, source: SipSource): void {
    this.#context.logger.debug({ reason, address: source.address }, 'unusable sip message')
    const request = answerable && readAnswerableRequest(answerable, source)
    if (request) answerStatelessly(this.#context, request, status, REASONS[status])
  }

  #receiveRequest(request: SipRequest, source: SipSource): void {
    const incoming = readIncomingRequest(request, source)
    if (!incoming || this.#context.layer.receiveRequest(incoming)) return
    if (request.method === 'ACK') this.#context.dialogs.find(incoming)?.receiveAck(request)
    else if (request.method === 'CANCEL') this.#receiveCancel(incoming)
    else this.#receiveNewRequest(incoming)
  }

  #receiveCancel(incoming: IncomingRequest): void {
    const session = this.#incomingInvites.get(incoming.inviteKey)
    if (session) {
      answerStatelessly(this.#context, incoming, 200, 'OK', { toTag: session.localTag })
      session.cancel()
    } else if (this.#context.layer.hasInvite(incoming)) answerStatelessly(this.#context, incoming, 200, 'OK')
    else this.#refuse(incoming, NO_SUCH_TRANSACTION)
  }

  #receiveNewRequest(incoming: IncomingRequest): void {
    const refusal = screenRequest(incoming)
    if (refusal) this.#refuse(incoming, refusal)
    else if (incoming.toTag !== '') this.#receiveInDialog(incoming)
    else if (incoming.request.method === 'INVITE') this.#receiveInvite(incoming)
    else answerStatelessly(this.#context, incoming, 200, 'OK', { headers: [ALLOW, ACCEPT_SDP, SUPPORTED] })
  }

  #receiveInDialog(incoming: IncomingRequest): void {
    const session = this.#context.dialogs.find(incoming)
    if (!session) this.#refuse(incoming, NO_SUCH_TRANSACTION)
    else if (this.#context.layer.size >= 2 * this.#maxTransactions) this.#refuse(incoming, OVERLOADED)
    else session.receive(incoming)
  }

  #receiveInvite(incoming: IncomingRequest): void {
    const requestUri = parseSipUri(incoming.request.uri)
    if (!requestUri) this.#refuse(incoming, BAD_REQUEST)
    else if (this.#context.layer.isMerged(incoming)) {
      this.#refuse(incoming, { status: 482, reason: 'Loop Detected' })
    } else if (this.#isFull()) this.#refuse(incoming, OVERLOADED)
    else {
      const session = new IncomingInviteSession(this.#context, incoming, requestUri, () =>
        this.#incomingInvites.delete(incoming.key),
      )
      this.#incomingInvites.set(incoming.key, session)
      session.offerTo(this.#onInvite)
    }
  }

  #isFull(): boolean {
    const { layer, dialogs } = this.#context
    return layer.size >= this.#maxTransactions || dialogs.size >= this.#maxDialogs
  }

  #refuse(incoming: IncomingRequest, { status, reason, headers = [] }: Refusal): void {
    answerStatelessly(this.#context, incoming, status, reason, { headers })
  }
}

const REASONS: Record<ParseFailure['status'], string> = {
  400: 'Bad Request',
  505: 'Version Not Supported',
  513: 'Message Too Large',
}
