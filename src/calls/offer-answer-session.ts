import type { NegotiatedAudio } from '../sdp/negotiation.ts'
import {
  acceptAnswer,
  answerOffer,
  createOffer,
  type LocalSession,
  type Refusal,
} from '../sdp/offer-answer.ts'

/** One leg's side of offer and answer (RFC 3264): each description of ours is a new version of the same session (§8). */
export class OfferAnswerSession {
  readonly #local: Omit<LocalSession, 'sessionVersion'>
  #version = 0
  #offer: string | undefined

  constructor(local: Omit<LocalSession, 'sessionVersion'>) {
    this.#local = local
  }

  /** What we offer; the answer is taken by `takeAnswer`. */
  makeOffer(): string {
    this.#offer = createOffer(this.#next())
    return this.#offer
  }

  answer(offer: string): { readonly sdp: string; readonly audio: NegotiatedAudio } | Refusal {
    return answerOffer(offer, this.#next())
  }

  /** The audio that the answer to our offer settles; undefined: the far end sent none. */
  takeAnswer(answer: string | undefined): NegotiatedAudio | Refusal {
    if (this.#offer === undefined || answer === undefined)
      return { refused: 'noAudio', detail: 'the answer carried no SDP' }
    return acceptAnswer(answer, this.#offer)
  }

  #next(): LocalSession {
    this.#version += 1
    return { ...this.#local, sessionVersion: this.#version }
  }
}
