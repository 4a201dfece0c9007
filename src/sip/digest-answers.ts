import type { Ids } from '../runtime/ids.ts'
import type { RequestTemplate } from './dialog.ts'
import { answerChallenge, type Credentials, chooseChallenge } from './digest.ts'
import type { SipHeader, SipResponse } from './message.ts'

/** Where the challenges of a server (401) and of a proxy (407) stand, and where the answers go. */
const PLACES: Partial<Record<number, { readonly challenge: string; readonly answer: string }>> = {
  401: { challenge: 'WWW-Authenticate', answer: 'Authorization' },
  407: { challenge: 'Proxy-Authenticate', answer: 'Proxy-Authorization' },
}

/**
 * The challenges to one request, however often it is sent again. Each place is answered once, and once more if only
 * its nonce was stale; the realm of the first challenge stays the only one, so that no other party gets an answer.
 */
export class DigestAnswers {
  readonly #ids: Ids
  readonly #answers = new Map<string, SipHeader>()
  #credentials: Credentials
  #staleAnswered = false

  constructor(credentials: Credentials, ids: Ids) {
    this.#credentials = credentials
    this.#ids = ids
  }

  /** All credentials for the next attempt; undefined: the response is no challenge, or one that stays unanswered. */
  answer(response: SipResponse, request: RequestTemplate): readonly SipHeader[] | undefined {
    const place = PLACES[response.status]
    const challenge = place && chooseChallenge(response.headers.all(place.challenge), this.#credentials)
    if (!challenge || !this.#mayAnswer(place.answer, challenge.stale)) return undefined
    const value = answerChallenge(challenge, this.#credentials, request, { ids: this.#ids })
    if (value === undefined) return undefined
    this.#credentials = { ...this.#credentials, realm: challenge.realm }
    this.#answers.set(place.answer, { name: place.answer, value })
    return [...this.#answers.values()]
  }

  #mayAnswer(place: string, stale: boolean): boolean {
    if (!this.#answers.has(place)) return true
    if (!stale || this.#staleAnswered) return false
    this.#staleAnswered = true
    return true
  }
}
