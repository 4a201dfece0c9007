import { advance, type Effect, type Event, type State, type Timer } from './non-invite-server.ts'
import { TimerSet, type TransactionContext } from './timer-set.ts'

/** The neighbours of a non-INVITE server transaction. */
export interface NonInviteServerPeers {
  send(response: Buffer, onError: () => void): void
  /** A response did not leave; the transaction goes on (RFC 6026 §8.8). */
  onFailure(reason: 'transportError'): void
  onTerminated(): void
}

/** Carries out what the non-INVITE server table asks for. Its owner disposes it. */
export class NonInviteServerTransaction implements Disposable {
  #state: State = 'trying'
  #response: Buffer | undefined
  readonly #peers: NonInviteServerPeers
  readonly #timers: TimerSet<Timer>
  readonly #onSendError = () => this.#handle('transportError')

  constructor(peers: NonInviteServerPeers, context: TransactionContext, reliable: boolean) {
    this.#peers = peers
    this.#timers = new TimerSet<Timer>(context, reliable, (timer) => this.#handle(timer))
  }

  get state(): State {
    return this.#state
  }

  respond(status: number, response: Buffer): void {
    this.#handle(status < 200 ? 'respond1xx' : 'respondFinal', response)
  }

  /** The request came again. */
  receiveRequest(): void {
    this.#handle('request')
  }

  [Symbol.dispose](): void {
    if (this.#state === 'terminated') return
    this.#state = 'terminated'
    this.#end()
  }

  #handle(event: Event, response?: Buffer): void {
    if (this.#state === 'terminated') return
    const { next, effects } = advance(this.#state, event)
    this.#state = next
    for (const effect of effects) this.#perform(effect, response)
    if (next === 'terminated') this.#end()
  }

  #perform(effect: Effect, response: Buffer | undefined): void {
    switch (effect) {
      case 'sendResponse':
        this.#response = response
        this.#send()
        break
      case 'resendResponse':
        this.#send()
        break
      case 'reportTransportError':
        this.#peers.onFailure('transportError')
        break
      case 'startJ':
        this.#timers.start('timerJ')
        break
    }
  }

  #send(): void {
    if (this.#response) this.#peers.send(this.#response, this.#onSendError)
  }

  #end(): void {
    this.#timers[Symbol.dispose]()
    this.#response = undefined
    this.#peers.onTerminated()
  }
}
