import type { EndReason } from '../domain/call.ts'
import type { Prompts } from '../domain/speech.ts'
import type { MediaEngine } from '../media/port.ts'
import type { NegotiatedAudio } from '../sdp/negotiation.ts'
import type { Refusal } from '../sdp/offer-answer.ts'
import type { DialogHandler } from '../sip/user-agent.ts'
import { parseInfoKey } from './info-keys.ts'
import { LegRecordings, type RecordingDependencies } from './leg-recordings.ts'
import type { LegEnd, LiveCall } from './live-call.ts'
import type { OfferAnswerSession } from './offer-answer-session.ts'
import { PhoneLeg } from './phone-leg.ts'

/** What incoming and outgoing calls share: phones with audio. */
export interface PhoneDependencies {
  readonly media: MediaEngine
  readonly prompts: Prompts
  readonly recording: RecordingDependencies
}

/** Adds a phone to `call`; what its audio tells is journalled, and ends the leg where it must. */
export function addPhoneLeg(
  call: LiveCall,
  id: string,
  hangUp: (reason: EndReason) => void,
  { media, prompts, recording }: PhoneDependencies,
): PhoneLeg {
  const end = (reason: EndReason) => call.endLeg(id, { status: 'hangup', reason })
  const leg = new PhoneLeg({
    id,
    callId: call.id,
    direction: call.record.legs.get(id)?.direction ?? call.record.call.direction,
    media,
    prompts,
    recordings: new LegRecordings(id, call.record, recording),
    hangUp,
    onEvent: (event) => {
      switch (event.type) {
        case 'key':
          call.record.report({ type: 'key', legId: id, key: event.key })
          return
        case 'noMedia': {
          const detail = `no audio arrived for ${Math.round(event.forMs / 1000)} s`
          end({ by: 'linnet', cause: 'noMedia', detail })
          return
        }
        case 'lost':
          end({ by: 'linnet', cause: 'fault', detail: 'the media thread of this call died' })
      }
    },
  })
  call.add(leg)
  return leg
}

/** Follows an answered phone's dialog: its end, its new offers, and its answers to ours. */
export function dialogHandlerOf(call: LiveCall, leg: PhoneLeg, session: OfferAnswerSession): DialogHandler {
  return {
    onEnd: (how, reasonHeader) => call.endLeg(leg.id, dialogEnd(how, reasonHeader)),
    onOffer: (offer) => {
      if (offer === undefined) return { sdp: session.makeOffer() }
      const answer = session.answer(offer)
      if ('refused' in answer) return { status: 488, reason: 'Not Acceptable Here' }
      leg.connect(answer.audio)
      return { sdp: answer.sdp }
    },
    onAnswer: (sdp) => connectAnswered(call, leg, session.takeAnswer(sdp)),
    onInfo: (contentType, body) => {
      const pressed = parseInfoKey(contentType, body)
      if (pressed) leg.press(pressed.key, pressed.heldMs)
      return pressed !== undefined
    },
  }
}

/** The far end has answered our offer: audio begins, and with the first answer the call; without a common codec the leg ends. */
export function connectAnswered(call: LiveCall, leg: PhoneLeg, audio: NegotiatedAudio | Refusal): void {
  if ('refused' in audio) {
    const reason: EndReason = { by: 'linnet', cause: 'noCommonCodec', detail: audio.detail }
    const answered = call.record.legs.get(leg.id)?.status === 'ongoing'
    call.endLeg(
      leg.id,
      answered ? { status: 'hangup', reason } : { status: 'failed', sipResponseCode: 488, reason },
    )
    return
  }
  leg.connect(audio)
  if (call.record.legs.get(leg.id)?.status !== 'ongoing') call.answered(leg)
}

function dialogEnd(how: 'bye' | 'noAck' | 'transportError', reasonHeader: string | undefined): LegEnd {
  switch (how) {
    case 'bye': {
      const reason: EndReason = {
        by: 'remote',
        cause: 'hangup',
        ...(reasonHeader && { detail: reasonHeader }),
      }
      return { status: 'hangup', reason, farEndGone: true }
    }
    case 'noAck': {
      const detail = 'the far end never acknowledged our answer (ACK)'
      return { status: 'hangup', reason: { by: 'linnet', cause: 'noAck', detail }, farEndGone: true }
    }
    case 'transportError': {
      const detail = 'the far end can no longer be reached by SIP'
      return { status: 'hangup', reason: { by: 'linnet', cause: 'unreachable', detail }, farEndGone: true }
    }
  }
}
