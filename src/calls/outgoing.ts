import type { EndReason } from '../domain/call.ts'
import { MediaUnavailableError } from '../media/port.ts'
import type { Clock } from '../runtime/clock.ts'
import type {
  Dialog,
  DialogHandler,
  InviteFailure,
  OutgoingInvite,
  OutgoingInviteHandler,
  UserAgent,
} from '../sip/user-agent.ts'
import type { LegEnd, LiveCall } from './live-call.ts'
import { OfferAnswerSession } from './offer-answer-session.ts'
import { outcomeOf } from './outcome.ts'
import { addPhoneLeg, connectAnswered, dialogHandlerOf, type PhoneDependencies } from './phone-calls.ts'
import type { PhoneLeg } from './phone-leg.ts'
import type { OutgoingRoute } from './routing.ts'

export interface OutgoingDependencies extends PhoneDependencies {
  readonly userAgent: Pick<UserAgent, 'invite'>
  readonly clock: Clock
  readonly newSessionId: () => number
  /** The address that our SDP names to this peer. */
  readonly mediaAddressFor: (route: OutgoingRoute) => string
  /** How long it may ring. */
  readonly ringMs: number
  /** A fault in our own code: logged; the call fails. */
  readonly onFault: (error: unknown) => void
}

/** Calls a phone for a leg that the record already knows. Everything that becomes of it is told to `call`. */
export function callPhone(
  call: LiveCall,
  legId: string,
  route: OutgoingRoute,
  dependencies: OutgoingDependencies,
): void {
  const outgoing = new OutgoingCall(call, legId, route, dependencies)
  outgoing.run().catch((error: unknown) => {
    dependencies.onFault(error)
    outgoing.fail(500, { by: 'linnet', cause: 'fault', detail: 'an internal fault; the log has it' })
  })
}

class OutgoingCall implements OutgoingInviteHandler {
  readonly #call: LiveCall
  readonly #legId: string
  readonly #route: OutgoingRoute
  readonly #dependencies: OutgoingDependencies
  readonly #leg: PhoneLeg
  #session: OfferAnswerSession | undefined
  #invite: OutgoingInvite | undefined
  #dialog: Dialog | undefined
  #ringing: Disposable | undefined
  #rang = false
  /** The leg has ended; what SIP still says of it is of no interest. */
  #over = false

  constructor(call: LiveCall, legId: string, route: OutgoingRoute, dependencies: OutgoingDependencies) {
    this.#call = call
    this.#legId = legId
    this.#route = route
    this.#dependencies = dependencies
    this.#leg = addPhoneLeg(call, legId, (reason) => this.#hangUp(reason), dependencies)
  }

  async run(): Promise<void> {
    const { userAgent, clock, newSessionId, mediaAddressFor, ringMs } = this.#dependencies
    try {
      if (!(await this.#leg.openAudio())) return
    } catch (error) {
      if (!(error instanceof MediaUnavailableError)) throw error
      return this.fail(503, { by: 'linnet', cause: 'capacity', detail: error.message })
    }
    this.#session = new OfferAnswerSession({
      address: mediaAddressFor(this.#route),
      port: this.#leg.rtpPort,
      sessionId: newSessionId(),
    })
    this.#ringing = clock.after(ringMs, () => this.#noAnswer())
    this.#invite = userAgent.invite({ ...this.#route, sdp: this.#session.makeOffer() }, this)
  }

  onProvisional(status: number): void {
    if (this.#over || this.#rang || status === 181) return // 181: forwarded, nobody rings yet
    this.#rang = true
    this.#call.record.report({ type: 'legStatus', legId: this.#legId, status: 'ringing' })
  }

  onAnswer(dialog: Dialog, sdp: string | undefined): DialogHandler {
    this.#dialog = dialog
    this.#ringing?.[Symbol.dispose]()
    if (!this.#session) throw new Error('an answer before the offer')
    connectAnswered(this.#call, this.#leg, this.#session.takeAnswer(sdp))
    return dialogHandlerOf(this.#call, this.#leg, this.#session)
  }

  onFailure(failure: InviteFailure): void {
    if (this.#over) return
    const { legStatus, sipResponseCode, endReason } = outcomeOf(failure, this.#rang)
    const { status, reason } = failure
    this.#call.record.report({ type: 'sipFailure', legId: this.#legId, status, reason })
    this.#end({ status: legStatus, sipResponseCode, reason: endReason, farEndGone: true })
  }

  fail(sipResponseCode: number, reason: EndReason): void {
    this.#end({ status: 'failed', sipResponseCode, reason })
  }

  #noAnswer(): void {
    const seconds = this.#dependencies.ringMs / 1000
    if (this.#invite?.heard) {
      const detail = `nobody answered within ${seconds} s`
      this.#end({
        status: 'no_answer',
        sipResponseCode: 480,
        reason: { by: 'linnet', cause: 'noAnswer', detail },
      })
    } else {
      const detail = `no SIP response came within ${seconds} s`
      this.fail(408, { by: 'linnet', cause: 'unreachable', detail })
    }
  }

  #end(end: LegEnd): void {
    this.#stopWaiting()
    this.#call.endLeg(this.#legId, end)
  }

  #hangUp({ detail, cause }: EndReason): void {
    this.#stopWaiting()
    if (this.#dialog) void this.#dialog.bye(detail ?? cause)
    else this.#invite?.cancel()
  }

  #stopWaiting(): void {
    this.#over = true
    this.#ringing?.[Symbol.dispose]()
  }
}
