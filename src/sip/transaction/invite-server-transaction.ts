import type { SipRequest } from '../message.ts'
import { advance, type Effect, type Event, type State, type Timer } from './invite-server.ts'
import { TimerSet, type TransactionContext } from './timer-set.ts'

/** A transaction's neighbours: the transport below it and the transaction user (TU) above. */
export interface InviteServerPeers {
  send(response: Buffer, onError: () => void): void
  /** The ACK of a 2xx that carries the INVITE's branch; others reach the TU through the layer. */
  onAck(ack: SipRequest): void
  /** 'timeout': no ACK came. After 'transportError' the transaction goes on (RFC 6026 §8.8): answer it or dispose it. */
  onFailure(reason: 'timeout' | 'transportError'): void
  onTerminated(): void
}

/** Carries out what the INVITE server table asks for. Its owner disposes it. */
export class InviteServerTransaction implements Disposable {
  #state: State = 'proceeding'
  #response: Buffer | undefined
  readonly #peers: InviteServerPeers
  readonly #timers: TimerSet<Timer>
  readonly #onSendError = () => this.#handle('transportError')

  constructor(peers: InviteServerPeers, context: TransactionContext, reliable: boolean) {
    this.#peers = peers
    this.#timers = new TimerSet<Timer>(context, reliable, (timer) => this.#handle(timer))
  }

  get state(): State {
    return this.#state
  }

  /** Sends a response; the same 2xx again is a retransmission by the TU (RFC 3261 §13.3.1.4). */
  respond(status: number, response: Buffer): void {
    const event = status < 200 ? 'respond1xx' : status < 300 ? 'respond2xx' : 'respond3xxTo6xx'
    this.#handle(event, response)
  }

  /** The INVITE came again. */
  receiveInvite(): void {
    this.#handle('invite')
  }

  receiveAck(ack: SipRequest): void {
    this.#handle('ack', undefined, ack)
  }

  [Symbol.dispose](): void {
    if (this.#state === 'terminated') return
    this.#state = 'terminated'
    this.#end()
  }

  #handle(event: Event, response?: Buffer, ack?: SipRequest): void {
    if (this.#state === 'terminated') return
    const { next, effects } = advance(this.#state, event)
    this.#state = next
    for (const effect of effects) this.#perform(effect, response, ack)
    if (next === 'terminated') this.#end()
  }

  #perform(effect: Effect, response: Buffer | undefined, ack: SipRequest | undefined): void {
    switch (effect) {
      case 'sendResponse':
        this.#response = response
        this.#send()
        // A repeated INVITE is absorbed in Accepted, so the 2xx need not be kept for as long as timer L runs.
        if (this.#state === 'accepted') this.#response = undefined
        break
      case 'resendResponse':
        this.#send()
        break
      case 'deliverAck':
        if (ack) this.#peers.onAck(ack)
        break
      case 'reportTimeout':
        this.#peers.onFailure('timeout')
        break
      case 'reportTransportError':
        this.#peers.onFailure('transportError')
        break
      case 'startG':
        this.#timers.start('timerG')
        break
      case 'startH':
        this.#timers.start('timerH')
        break
      case 'startI':
        this.#timers.start('timerI')
        break
      case 'startL':
        this.#timers.start('timerL')
        break
      case 'stopGAndH':
        this.#timers.stop('timerG')
        this.#timers.stop('timerH')
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
