import type { SipRequest, SipResponse } from '../message.ts'
import { serializeSipMessage } from '../serialize.ts'
import type { SipSource, SipTarget, SipTransports, TransportName } from '../transport.ts'
import { createAckForRefusal } from './ack-for-refusal.ts'
import type { IncomingRequest } from './incoming-request.ts'
import { InviteClientTransaction } from './invite-client-transaction.ts'
import { InviteServerTransaction } from './invite-server-transaction.ts'
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts'
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts'
import { responseKey } from './response-key.ts'
import type { TransactionContext } from './timer-set.ts'

/** Hears what becomes of a request that we sent. */
export interface ClientTransactionUser {
  onResponse(response: SipResponse, source: SipSource): void
  onFailure(reason: 'timeout' | 'transportError'): void
}

/** Hears what becomes of a request that we answer. */
export interface ServerTransactionUser {
  /** An ACK in the INVITE's own transaction (RFC 6026 §7.1). */
  onAck?(ack: SipRequest): void
  onFailure?(reason: 'timeout' | 'transportError'): void
  onTerminated?(): void
}

/** A request on its way: its top Via carries `branch`. */
export interface ClientRequest {
  readonly request: SipRequest
  readonly branch: string
  readonly target: SipTarget
}

/** A transaction that answers. Responding after its end does nothing. */
export interface ServerTransaction extends Disposable {
  respond(status: number, response: Buffer): void
}

interface ServerEntry {
  readonly transaction: InviteServerTransaction | NonInviteServerTransaction
  readonly mergeKey: string
}

/** Owns all transactions and brings each message to its own (RFC 3261 §17.1.3, §17.2.3). Nothing here throws for a message. */
export class TransactionLayer implements Disposable {
  readonly #context: TransactionContext
  readonly #transports: SipTransports
  readonly #servers = new Map<string, ServerEntry>()
  readonly #clients = new Map<string, InviteClientTransaction | NonInviteClientTransaction>()
  /** Call-ID, From tag and CSeq of requests outside dialogs → server key: finds merged requests (§8.2.2.2). */
  readonly #merged = new Map<string, string>()

  constructor(context: TransactionContext, transports: SipTransports) {
    this.#context = context
    this.#transports = transports
  }

  get size(): number {
    return this.#servers.size + this.#clients.size
  }

  /** True: the request belonged to a transaction, which has taken it. False: it is new, or an ACK for a 2xx. */
  receiveRequest(incoming: IncomingRequest): boolean {
    const transaction = this.#servers.get(incoming.key)?.transaction
    if (!transaction) return false
    if (transaction instanceof NonInviteServerTransaction) transaction.receiveRequest()
    else if (incoming.request.method === 'ACK') transaction.receiveAck(incoming.request)
    else transaction.receiveInvite()
    return true
  }

  /** False: no transaction of ours waits for it. */
  receiveResponse(response: SipResponse, source: SipSource): boolean {
    const key = responseKey(response)
    const transaction = key === undefined ? undefined : this.#clients.get(key)
    transaction?.receive(response, source)
    return transaction !== undefined
  }

  /** The same request came by another way and is being answered already (§8.2.2.2). */
  isMerged(incoming: IncomingRequest): boolean {
    const key = this.#merged.get(mergeKeyOf(incoming))
    return key !== undefined && key !== incoming.key
  }

  /** Whether the INVITE that this CANCEL means has a transaction (§9.2). */
  hasInvite(cancel: IncomingRequest): boolean {
    return this.#servers.has(cancel.inviteKey)
  }

  openServer(incoming: IncomingRequest, user: ServerTransactionUser): ServerTransaction {
    const { key, replyTo } = incoming
    const mergeKey = incoming.toTag === '' ? mergeKeyOf(incoming) : ''
    const peers = {
      send: (response: Buffer, onError: () => void) => this.#transports.send(response, replyTo, onError),
      onAck: (ack: SipRequest) => user.onAck?.(ack),
      onFailure: (reason: 'timeout' | 'transportError') => user.onFailure?.(reason),
      onTerminated: () => {
        this.#servers.delete(key)
        if (mergeKey !== '') this.#merged.delete(mergeKey)
        user.onTerminated?.()
      },
    }
    const reliable = isReliable(replyTo.transport)
    const transaction =
      incoming.request.method === 'INVITE'
        ? new InviteServerTransaction(peers, this.#context, reliable)
        : new NonInviteServerTransaction(peers, this.#context, reliable)
    this.#servers.set(key, { transaction, mergeKey })
    if (mergeKey !== '') this.#merged.set(mergeKey, key)
    return transaction
  }

  /** Sends a request in a new transaction; disposing that gives up waiting for it. */
  openClient({ request, branch, target }: ClientRequest, user: ClientTransactionUser): Disposable {
    const key = `${branch} ${request.method}`
    const peers = {
      send: (message: Buffer, onError: () => void) => this.#transports.send(message, target, onError),
      createAck: (response: SipResponse) => serializeSipMessage(createAckForRefusal(request, response)),
      onResponse: (response: SipResponse, source: SipSource) => user.onResponse(response, source),
      onFailure: (reason: 'timeout' | 'transportError') => user.onFailure(reason),
      onTerminated: () => void this.#clients.delete(key),
    }
    const reliable = isReliable(target.transport)
    const message = serializeSipMessage(request)
    const transaction =
      request.method === 'INVITE'
        ? new InviteClientTransaction(message, peers, this.#context, reliable)
        : new NonInviteClientTransaction(message, peers, this.#context, reliable)
    this.#clients.set(key, transaction)
    transaction.start()
    return transaction
  }

  /** Ends every transaction at once and tells nobody but `onTerminated`. */
  [Symbol.dispose](): void {
    for (const { transaction } of [...this.#servers.values()]) transaction[Symbol.dispose]()
    for (const transaction of [...this.#clients.values()]) transaction[Symbol.dispose]()
  }
}

/** Whether the transport itself repeats what was lost. */
export function isReliable(transport: TransportName): boolean {
  return transport !== 'udp'
}

function mergeKeyOf({ callId, fromTag, cseq }: IncomingRequest): string {
  return `${fromTag} ${cseq.number} ${cseq.method} ${callId}`
}
