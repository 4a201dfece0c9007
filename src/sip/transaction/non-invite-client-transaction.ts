import type { SipResponse } from '../message.ts'
import type { SipSource } from '../transport.ts'
import { advance, type Effect, type Event, type State, type Timer } from './non-invite-client.ts'
import { TimerSet, type TransactionContext } from './timer-set.ts'

/** The neighbours of a non-INVITE client transaction. */
export interface NonInviteClientPeers {
  send(request: Buffer, onError: () => void): void
  onResponse(response: SipResponse, source: SipSource): void
  onFailure(reason: 'timeout' | 'transportError'): void
  onTerminated(): void
}

/** Carries out what the non-INVITE client table asks for. Its owner disposes it. */
export class NonInviteClientTransaction implements Disposable {
  #state: State = 'trying'
  #request: Buffer | undefined
  readonly #peers: NonInviteClientPeers
  readonly #timers: TimerSet<Timer>
  readonly #t2: number
  readonly #onSendError = () => this.#handle('transportError')

  constructor(request: Buffer, peers: NonInviteClientPeers, context: TransactionContext, reliable: boolean) {
    this.#request = request
    this.#peers = peers
    this.#t2 = context.timers.t2
    this.#timers = new TimerSet<Timer>(context, reliable, (timer) => this.#handle(timer))
  }

  get state(): State {
    return this.#state
  }

  /** Sends the request: the arrow into Trying. */
  start(): void {
    this.#timers.start('timerE')
    this.#timers.start('timerF')
    this.#send()
  }

  receive(response: SipResponse, source: SipSource): void {
    this.#handle(response.status < 200 ? 'response1xx' : 'responseFinal', { response, source })
  }

  [Symbol.dispose](): void {
    if (this.#state === 'terminated') return
    this.#state = 'terminated'
    this.#end()
  }

  #handle(event: Event, received?: Received): void {
    if (this.#state === 'terminated') return
    const { next, effects } = advance(this.#state, event)
    this.#state = next
    for (const effect of effects) this.#perform(effect, received)
    if (next === 'terminated') this.#end()
  }

  #perform(effect: Effect, received: Received | undefined): void {
    switch (effect) {
      case 'resendRequest':
        this.#send()
        break
      case 'deliverResponse':
        if (received) this.#peers.onResponse(received.response, received.source)
        break
      case 'reportTimeout':
        this.#peers.onFailure('timeout')
        break
      case 'reportTransportError':
        this.#peers.onFailure('transportError')
        break
      case 'startE':
        this.#timers.start('timerE')
        break
      case 'startEAtT2':
        this.#timers.startAfter('timerE', this.#t2)
        break
      case 'startK':
        this.#request = undefined
        this.#timers.start('timerK')
        break
      case 'stopEAndF':
        this.#timers.stop('timerE')
        this.#timers.stop('timerF')
        break
    }
  }

  #send(): void {
    if (this.#request) this.#peers.send(this.#request, this.#onSendError)
  }

  #end(): void {
    this.#timers[Symbol.dispose]()
    this.#request = undefined
    this.#peers.onTerminated()
  }
}

interface Received {
  readonly response: SipResponse
  readonly source: SipSource
}
