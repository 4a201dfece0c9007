import type { Call, EndReason } from '../domain/call.ts'
import type { CallFlow } from '../domain/call-flow.ts'
import type { Repositories } from '../domain/repositories.ts'
import { MediaUnavailableError } from '../media/port.ts'
import type { Dialog, IncomingInvite, IncomingInviteHandler } from '../sip/user-agent.ts'
import type { LegEnd, LiveCall } from './live-call.ts'
import { OfferAnswerSession } from './offer-answer-session.ts'
import { addPhoneLeg, dialogHandlerOf, type PhoneDependencies } from './phone-calls.ts'
import type { PhoneLeg } from './phone-leg.ts'
import { type IncomingRoute, numberOf, routeIncoming } from './routing.ts'

export interface IncomingDependencies extends PhoneDependencies {
  readonly repositories: Pick<Repositories, 'numbers' | 'callFlows'>
  /** Owns the calls to numbers that nobody claims. */
  readonly defaultAccountId: string
  /** Registers a new call. */
  readonly begin: (call: Omit<Call, 'id' | 'createdAt' | 'updatedAt' | 'test'>) => LiveCall
  readonly newLegId: () => string
  readonly newSessionId: () => number
  /** The address that our SDP names to this caller. */
  readonly mediaAddressFor: (invite: IncomingInvite) => string
  /** A fault in our own code: logged; the INVITE gets a 500. */
  readonly onFault: (error: unknown) => void
}

const BAD_SDP = [400, 'Bad SDP'] as const
const NOT_ACCEPTABLE = [488, 'Not Acceptable Here'] as const
const EMPTY_FLOW: CallFlow = { record: false, steps: [] }

/** Serves one admitted INVITE: finds the number's flow, answers, and runs it. */
export function serveInvite(
  invite: IncomingInvite,
  dependencies: IncomingDependencies,
): IncomingInviteHandler {
  const incoming = new IncomingCall(invite, dependencies)
  incoming.run().catch((error: unknown) => {
    dependencies.onFault(error)
    incoming.refuse(500, 'Server Internal Error', { by: 'linnet', cause: 'fault' })
  })
  return incoming
}

class IncomingCall implements IncomingInviteHandler {
  readonly #invite: IncomingInvite
  readonly #dependencies: IncomingDependencies
  readonly #legId: string
  /** Set when the caller is gone before the answer. */
  #gone: LegEnd | undefined
  #call: LiveCall | undefined
  #dialog: Dialog | undefined
  #refused = false

  constructor(invite: IncomingInvite, dependencies: IncomingDependencies) {
    this.#invite = invite
    this.#dependencies = dependencies
    this.#legId = dependencies.newLegId()
  }

  async run(): Promise<void> {
    const { repositories, defaultAccountId } = this.#dependencies
    const number = numberOf(this.#invite.requestUri)
    const route = await routeIncoming(number, repositories, defaultAccountId)
    const call = this.#begin(route, number)
    const leg = addPhoneLeg(call, this.#legId, (reason) => this.#hangUp(reason), this.#dependencies)
    this.#call = call
    if (this.#gone) return this.#end(this.#gone)
    if (!route.flow) {
      const detail = `no call flow is assigned to ${number}, and there is no default flow`
      return this.refuse(404, 'Not Found', { by: 'linnet', cause: 'noFlow', detail })
    }
    if (await this.#openAudio(leg)) this.#answer(call, leg)
  }

  onCancel(): void {
    this.#leave({
      status: 'no_answer',
      sipResponseCode: 480,
      reason: { by: 'remote', cause: 'canceled', detail: 'the caller gave up before the answer' },
      farEndGone: true,
    })
  }

  onFailure(reason: 'timeout' | 'transportError'): void {
    const detail = `the caller can't be reached (${reason})`
    this.#leave({
      status: 'failed',
      reason: { by: 'linnet', cause: 'unreachable', detail },
      farEndGone: true,
    })
  }

  /** Sends a final refusal, once, and ends the call with it. */
  refuse(status: number, reason: string, endReason: EndReason): void {
    if (this.#gone || this.#dialog || this.#refused) return
    this.#refused = true
    this.#invite.reject(status, reason, status === 503 ? [['Retry-After', '5']] : undefined)
    const sipResponseCode = status === 404 || status === 488 || status === 500 ? status : 503
    this.#end({ status: 'failed', sipResponseCode, reason: endReason, farEndGone: true })
  }

  #begin({ accountId, number, flow }: IncomingRoute, destination: string): LiveCall {
    const source = numberOf(this.#invite.from.uri)
    const { begin } = this.#dependencies
    const call = begin({
      accountId,
      status: 'starting',
      direction: 'incoming',
      ...(source !== '' && { source }),
      ...(destination !== '' && { destination }),
      ...(number && { numberId: number.id }),
      callFlow: flow ?? EMPTY_FLOW,
    })
    call.record.report({
      type: 'legCreated',
      legId: this.#legId,
      direction: 'incoming',
      ...(source !== '' && { source }),
      ...(destination !== '' && { destination }),
      sipCallId: this.#invite.callId,
    })
    return call
  }

  /** False when the caller is gone, or was refused. */
  async #openAudio(leg: PhoneLeg): Promise<boolean> {
    try {
      return await leg.openAudio()
    } catch (error) {
      if (!(error instanceof MediaUnavailableError)) throw error
      this.refuse(503, 'Service Unavailable', { by: 'linnet', cause: 'capacity', detail: error.message })
      return false
    }
  }

  /** Without an offer in the INVITE ours goes out with the 200, and the call begins with the answer in the ACK. */
  #answer(call: LiveCall, leg: PhoneLeg): void {
    const { mediaAddressFor, newSessionId } = this.#dependencies
    const session = new OfferAnswerSession({
      address: mediaAddressFor(this.#invite),
      port: leg.rtpPort,
      sessionId: newSessionId(),
    })
    const handler = dialogHandlerOf(call, leg, session)
    const { offer } = this.#invite
    if (offer === undefined) {
      this.#dialog = this.#invite.accept(session.makeOffer(), handler)
      return
    }
    const answer = session.answer(offer)
    if ('refused' in answer) {
      const [status, reason] = answer.refused === 'unparsable' ? BAD_SDP : NOT_ACCEPTABLE
      this.refuse(status, reason, { by: 'linnet', cause: 'noCommonCodec', detail: answer.detail })
      return
    }
    leg.connect(answer.audio)
    this.#dialog = this.#invite.accept(answer.sdp, handler)
    call.answered(leg)
  }

  #hangUp({ detail, cause }: EndReason): void {
    if (this.#dialog) void this.#dialog.bye(detail ?? cause)
    else if (!this.#refused) this.#invite.reject(480, 'Temporarily Unavailable')
  }

  #leave(end: LegEnd): void {
    this.#gone = end
    this.#end(end)
  }

  #end(end: LegEnd): void {
    this.#call?.endLeg(this.#legId, end)
  }
}
