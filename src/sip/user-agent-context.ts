import type { Clock } from '../runtime/clock.ts'
import type { Ids } from '../runtime/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import type { DialogRegistry } from './dialog-registry.ts'
import type { SipHeader } from './message.ts'
import { createResponse, type ResponseParts } from './responses.ts'
import { serializeSipMessage } from './serialize.ts'
import type { AnswerableRequest, IncomingRequest } from './transaction/incoming-request.ts'
import type { SipTimers } from './transaction/timers.ts'
import type { TransactionLayer } from './transaction/transaction-layer.ts'
import type { SipTransports } from './transport.ts'

/** What the parts of one user agent share. */
export interface UserAgentContext {
  readonly clock: Clock
  readonly ids: Ids
  readonly logger: Logger
  readonly timers: SipTimers
  readonly transports: SipTransports
  readonly layer: TransactionLayer
  readonly dialogs: DialogRegistry
  readonly userAgentHeader: SipHeader
  readonly serverHeader: SipHeader
  /** The To tag of all stateless answers: the same request must get the same one again (RFC 3261 §8.2.7). */
  readonly statelessTag: string
}

/** A new branch with the magic cookie (RFC 3261 §8.1.1.7). */
export function createBranch(ids: Ids): string {
  return `z9hG4bK${ids.token(8)}`
}

/** Answers once and keeps nothing; a retransmission is answered again, alike (RFC 3261 §8.2.7). Never call it for an ACK. */
export function answerStatelessly(
  context: UserAgentContext,
  request: AnswerableRequest,
  status: number,
  reason: string,
  parts: ResponseParts = {},
): void {
  const headers = [...(parts.headers ?? []), context.serverHeader]
  const response = createResponse(request, status, reason, {
    toTag: context.statelessTag,
    ...parts,
    headers,
  })
  context.transports.send(serializeSipMessage(response), request.replyTo, (error) =>
    context.logger.debug({ err: error }, 'sip response not sent'),
  )
}

/** Answers a request inside a dialog with a final response, in a transaction that repeats it as often as it is asked for. */
export function answerFinally(
  context: UserAgentContext,
  incoming: IncomingRequest,
  status: number,
  reason: string,
  parts: ResponseParts = {},
): void {
  const headers = [...(parts.headers ?? []), context.serverHeader]
  const response = createResponse(incoming, status, reason, { ...parts, headers })
  context.layer.openServer(incoming, {}).respond(status, serializeSipMessage(response))
}

/** Calls a handler of the layer above; what it throws is logged and ends nothing but this call. */
export function callHandler<Result>(context: UserAgentContext, call: () => Result): Result | undefined {
  try {
    return call()
  } catch (error) {
    context.logger.error({ err: error }, 'sip handler failed')
    return undefined
  }
}
