import { ACCEPT_SDP, ALLOW, CONTENT_TYPE_SDP, isSdp, mediaTypeOf, SUPPORTED } from './capabilities.ts'
import { contactOf } from './dialog.ts'
import type { DialogSession } from './dialog-session.ts'
import type { SipHeader } from './message.ts'
import { contactHeader } from './outgoing-request.ts'
import { createResponse } from './responses.ts'
import { serializeSipMessage } from './serialize.ts'
import type { IncomingRequest } from './transaction/incoming-request.ts'
import type { SipSource, SipTransports } from './transport.ts'
import { answerFinally, callHandler } from './user-agent-context.ts'

/** How long the far end shall wait before it offers again (RFC 3261 §14.2 asks for up to ten seconds, at random). */
const MAX_RETRY_AFTER_SECONDS = 10

/** Answers a request inside a dialog (RFC 3261 §12.2.2). Its method is one that we allow, and never ACK or CANCEL. */
export function receiveDialogRequest(session: DialogSession, incoming: IncomingRequest): void {
  const { context, state, phase } = session
  if (!state.takeRemoteCSeq(incoming.cseq.number)) {
    answerFinally(context, incoming, 500, 'CSeq Out of Order')
    return
  }
  switch (incoming.request.method) {
    case 'BYE':
      answerFinally(context, incoming, 200, 'OK')
      session.endByRemote(incoming.request.headers.get('Reason'))
      break
    case 'INVITE':
    case 'UPDATE':
      if (phase === 'ending') answerFinally(context, incoming, 481, 'Call/Transaction Does Not Exist')
      else receiveOffer(session, incoming)
      break
    case 'INFO':
      receiveInfo(session, incoming)
      break
    default:
      answerFinally(context, incoming, 200, 'OK', { headers: [ALLOW, ACCEPT_SDP, SUPPORTED] })
  }
}

/** A re-INVITE (RFC 3261 §14.2) or an UPDATE (RFC 3311 §5.2). */
function receiveOffer(session: DialogSession, incoming: IncomingRequest): void {
  const { context, handler } = session
  const { method, headers, body } = incoming.request
  const offer = body.length === 0 ? undefined : body.toString()
  if (offer !== undefined && !isSdp(headers.get('Content-Type'))) {
    answerFinally(context, incoming, 415, 'Unsupported Media Type', { headers: [ACCEPT_SDP] })
    return
  }
  if (method === 'UPDATE' && offer === undefined) {
    refreshTarget(session, incoming)
    answerFinally(context, incoming, 200, 'OK', {
      headers: dialogHeaders(context.transports, incoming.source),
    })
    return
  }
  if (session.phase !== 'confirmed' || !handler) {
    refuseForNow(session, incoming, 500, 'Offer Still Unanswered')
    return
  }
  if (session.awaitsAck) {
    refuseForNow(session, incoming, 491, 'Request Pending')
    return
  }
  const answer = callHandler(context, () => handler.onOffer(offer))
  if (!answer) {
    answerFinally(context, incoming, 500, 'Server Internal Error')
    return
  }
  if ('status' in answer) {
    answerFinally(context, incoming, answer.status, answer.reason)
    return
  }
  refreshTarget(session, incoming)
  accept(session, incoming, answer.sdp)
}

function accept(session: DialogSession, incoming: IncomingRequest, sdp: string): void {
  const { context } = session
  const parts = {
    headers: [...dialogHeaders(context.transports, incoming.source), CONTENT_TYPE_SDP, context.serverHeader],
    body: sdp,
  }
  const message = serializeSipMessage(createResponse(incoming, 200, 'OK', parts))
  const transaction = context.layer.openServer(incoming, {
    onAck: (ack) => session.receiveAck(ack),
    onFailure: (reason) => {
      if (reason === 'transportError') session.fail()
    },
  })
  if (incoming.request.method === 'UPDATE') {
    transaction.respond(200, message)
    return
  }
  session.succeed(transaction, {
    cseq: incoming.cseq.number,
    message,
    offered: incoming.request.body.length === 0,
  })
}

/** INFO without a body only asks whether we are there; keys and the like are the handler's. */
function receiveInfo({ context, handler }: DialogSession, incoming: IncomingRequest): void {
  const { headers, body } = incoming.request
  const contentType = mediaTypeOf(headers.get('Content-Type'))
  const taken =
    body.length === 0 || callHandler(context, () => handler?.onInfo?.(contentType, body.toString())) === true
  if (taken) answerFinally(context, incoming, 200, 'OK')
  else answerFinally(context, incoming, 415, 'Unsupported Media Type', { headers: [ACCEPT_SDP] })
}

function refuseForNow(
  session: DialogSession,
  incoming: IncomingRequest,
  status: number,
  reason: string,
): void {
  const { context } = session
  // Any spread will do: the two ends must not keep meeting in the middle.
  const seconds = Number.parseInt(context.ids.token(1), 16) % (MAX_RETRY_AFTER_SECONDS + 1)
  const headers = status === 500 ? [{ name: 'Retry-After', value: `${seconds}` }] : []
  answerFinally(context, incoming, status, reason, { headers })
}

function refreshTarget({ state }: DialogSession, { request }: IncomingRequest): void {
  const contact = contactOf(request)
  if (contact) state.refreshTarget(contact)
}

/** Contact and our capabilities, as each 2xx that makes or refreshes a dialog carries them (RFC 3261 §13.3.1.4). */
export function dialogHeaders(transports: SipTransports, source: SipSource): readonly SipHeader[] {
  const { transport, address, port, localAddress, localPort } = source
  const local = transports.localAddressFor({ transport, address, port }) ?? {
    transport,
    address: localAddress,
    port: localPort,
  }
  return [contactHeader(local), ALLOW, SUPPORTED]
}
