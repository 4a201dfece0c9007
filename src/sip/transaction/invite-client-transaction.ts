import type { SipResponse } from '../message.ts'
import type { SipSource } from '../transport.ts'
import { advance, type Effect, type Event, type State, type Timer } from './invite-client.ts'
import { TimerSet, type TransactionContext } from './timer-set.ts'

/** The neighbours of an INVITE client transaction. */
export interface InviteClientPeers {
  send(request: Buffer, onError: () => void): void
  /** The ACK of a 3xx–6xx (RFC 3261 §17.1.1.3), ready to send. */
  createAck(response: SipResponse): Buffer
  onResponse(response: SipResponse, source: SipSource): void
  onFailure(reason: 'timeout' | 'transportError'): void
  onTerminated(): void
}

/** Carries out what the INVITE client table asks for. Its owner disposes it. */
export class InviteClientTransaction implements Disposable {
  #state: State = 'calling'
  #request: Buffer | undefined
  readonly #peers: InviteClientPeers
  readonly #timers: TimerSet<Timer>
  readonly #onSendError = () => this.#handle('transportError')

  constructor(request: Buffer, peers: InviteClientPeers, context: TransactionContext, reliable: boolean) {
    this.#request = request
    this.#peers = peers
    this.#timers = new TimerSet<Timer>(context, reliable, (timer) => this.#handle(timer))
  }

  get state(): State {
    return this.#state
  }

  /** Sends the request: the arrow into Calling. */
  start(): void {
    this.#timers.start('timerA')
    this.#timers.start('timerB')
    if (this.#request) this.#peers.send(this.#request, this.#onSendError)
  }

  receive(response: SipResponse, source: SipSource): void {
    const { status } = response
    this.#handle(status < 200 ? 'response1xx' : status < 300 ? 'response2xx' : 'response3xxTo6xx', {
      response,
      source,
    })
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
    if (next === 'completed' || next === 'accepted') this.#request = undefined
    for (const effect of effects) this.#perform(effect, received)
    if (next === 'terminated') this.#end()
  }

  #perform(effect: Effect, received: Received | undefined): void {
    switch (effect) {
      case 'resendRequest':
        if (this.#request) this.#peers.send(this.#request, this.#onSendError)
        break
      case 'sendAck':
        if (received) this.#peers.send(this.#peers.createAck(received.response), this.#onSendError)
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
      case 'startA':
        this.#timers.start('timerA')
        break
      case 'startD':
        this.#timers.start('timerD')
        break
      case 'startM':
        this.#timers.start('timerM')
        break
      case 'stopAAndB':
        this.#timers.stop('timerA')
        this.#timers.stop('timerB')
        break
    }
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
