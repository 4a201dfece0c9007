import type { Credentials } from './digest.ts'
import type { NameAddress, SipHeaders, SipUri } from './message.ts'
import type { SipSource, SipTarget, SipTransports } from './transport.ts'

/**
 * The SIP core as `calls/` sees it: INVITEs in and out, dialogs, and nothing of transactions or sockets.
 * Bodies are text (SDP). Nothing here throws for what the network sends.
 */
export interface UserAgent extends AsyncDisposable {
  /** One message from the network; garbage is answered with a 400 or dropped, as RFC 3261 says. */
  receive(datagram: Buffer, source: SipSource): void
  /** Sends an INVITE and reports to `handler` until it was answered, refused, or canceled. */
  invite(request: InviteRequest, handler: OutgoingInviteHandler): OutgoingInvite
  /** For leak checks: transactions and dialogs that are still alive. */
  readonly size: { readonly transactions: number; readonly dialogs: number }
}

export interface UserAgentOptions {
  readonly transports: SipTransports
  /** Takes each new INVITE outside a dialog; 100 Trying has been sent. Its return value hears what becomes of it. */
  readonly onInvite: (invite: IncomingInvite) => IncomingInviteHandler
}

export interface IncomingInvite {
  readonly callId: string
  readonly requestUri: SipUri
  readonly from: NameAddress
  readonly to: NameAddress
  readonly source: SipSource
  readonly headers: SipHeaders
  /** The SDP offer; undefined for an offer-less INVITE. */
  readonly offer: string | undefined
  /** Sends a provisional response (180, 181, 182, 183). */
  ring(status: number, reason: string): void
  /** Sends 200 with the SDP and repeats it until the ACK. The dialog is usable at once. */
  accept(sdp: string, handler: DialogHandler): Dialog
  /** Sends a final refusal. `headers` are added, such as Retry-After or Reason. */
  reject(status: number, reason: string, headers?: readonly (readonly [name: string, value: string])[]): void
}

/** At most one of these is called, and only before `accept` or `reject`. */
export interface IncomingInviteHandler {
  /** The caller gave up (CANCEL); 487 has been sent. */
  onCancel(): void
  /** The transaction failed before a final response could be sent. */
  onFailure(reason: 'timeout' | 'transportError'): void
}

export interface InviteRequest {
  readonly target: SipUri
  readonly from: NameAddress // its tag is added
  readonly to: NameAddress
  readonly sdp: string
  /** Answers a 401 or 407 of this peer; none: a challenge is a refusal. */
  readonly credentials?: Credentials
  /** Where to send, if not where `target` says (an outbound proxy or a trunk). */
  readonly nextHop?: SipUri
  /** Send here and nowhere else: the address, and connection, that the far end registered from (RFC 5626 §5.3). */
  readonly flow?: SipTarget
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

export interface OutgoingInvite {
  readonly callId: string
  /** Whether the far end has sent any response at all, 100 included. */
  readonly heard: boolean
  /** Sends CANCEL as soon as RFC 3261 §9.1 allows it; a crossing 200 is acknowledged and ended with BYE. The handler hears `onFailure` with 487. */
  cancel(): void
}

export interface OutgoingInviteHandler {
  /** A 1xx above 100; `sdp` when it carried early media. */
  onProvisional(status: number, sdp: string | undefined): void
  /** The first 2xx; it has been acknowledged. Returns the dialog's handler. */
  onAnswer(dialog: Dialog, sdp: string | undefined): DialogHandler
  /** Refused, or never answered: 408 with 'timeout', 503 with 'transportError', as RFC 3261 §8.1.3.1 says. */
  onFailure(failure: InviteFailure): void
}

export interface InviteFailure {
  readonly status: number
  readonly reason: string
  /** What Linnet itself found, when no response came. */
  readonly local?: 'timeout' | 'transportError' | 'canceled'
  /** The Reason header (RFC 3326), if there was one. */
  readonly reasonHeader?: string
}

export interface Dialog {
  readonly callId: string
  /** Sends BYE, once; `reason`, a text, becomes a Reason header (RFC 3326). Resolves when the BYE's transaction has ended. */
  bye(reason?: string): Promise<void>
}

export interface DialogHandler {
  /** The far end has hung up, or is gone. Not called after our own `bye`. */
  onEnd(how: 'bye' | 'noAck' | 'transportError', reasonHeader: string | undefined): void
  /** A re-INVITE or UPDATE: returns our SDP (an answer, or an offer when there was none), or a refusal status such as 488. */
  onOffer(
    offer: string | undefined,
  ): { readonly sdp: string } | { readonly status: number; readonly reason: string }
  /** The answer to an offer that our 2xx made (the INVITE had none), from the ACK; undefined: the ACK had none. */
  onAnswer?(sdp: string | undefined): void
  /** An INFO with a body: `contentType` in lower case without parameters. True: taken (200); else it is refused with 415. */
  onInfo?(contentType: string, body: string): boolean
}
