import type { Socket } from 'node:net'
import type { Clock } from '../runtime/clock.ts'
import { StreamFramer } from '../sip/stream-framer.ts'

/** Bounds of SIP over TCP. */
export interface SipTcpLimits {
  /** Connections at once, both ways. */
  readonly connections: number
  /** Accepted connections from one address. */
  readonly connectionsPerAddress: number
  /** A connection without a message or keep-alive for this long is closed. */
  readonly idleMs: number
  /** How long an accepted connection may take for its first message, and any for the rest of one that has begun. */
  readonly messageMs: number
  readonly connectMs: number
  /** Bytes waiting for a far end that does not read; more close the connection. */
  readonly unsentBytes: number
}

export const SIP_TCP_LIMITS: SipTcpLimits = {
  connections: 2_000,
  connectionsPerAddress: 200,
  idleMs: 15 * 60_000,
  messageMs: 30_000,
  connectMs: 5_000,
  unsentBytes: 1024 * 1024,
}

export interface SipTcpConnectionOptions {
  readonly socket: Socket
  /** Whether we opened it: then it has `connectMs`, else `messageMs` to begin. */
  readonly outgoing: boolean
  readonly limits: SipTcpLimits
  readonly clock: Clock
  readonly onMessage: (message: Buffer) => void
  /** Called once, with what ended it if that was a fault. */
  readonly onClose: (fault: Error | undefined) => void
}

const PONG = '\r\n'

/** One TCP connection that carries SIP: framing, keep-alives, deadlines and bounds. Its owner hears of its end. */
export class SipTcpConnection implements Disposable {
  readonly #options: SipTcpConnectionOptions
  readonly #framer = new StreamFramer()
  #deadline: Disposable | undefined
  #waitingForRest = false
  #fault: Error | undefined

  constructor(options: SipTcpConnectionOptions) {
    this.#options = options
    const { socket, outgoing, limits } = options
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => {
      this.#fault ??= error
    })
    socket.on('close', () => {
      this.#deadline?.[Symbol.dispose]()
      options.onClose(this.#fault)
    })
    if (outgoing) {
      this.#closeAfter(limits.connectMs, 'no connection in time')
      socket.on('connect', () => this.#touch())
    } else this.#closeAfter(limits.messageMs, 'no message in time')
  }

  /** Writes a whole message; `onError` is called at most once, when it is known not to have left. */
  send(message: Buffer | string, onError: (error: Error) => void): void {
    const { socket, limits } = this.#options
    if (socket.destroyed || socket.writableEnded) {
      queueMicrotask(() => onError(this.#fault ?? new Error('the connection is closed')))
      return
    }
    if (socket.writableLength > limits.unsentBytes) this.#close('the far end does not read')
    socket.write(message, (error) => {
      if (error) onError(this.#fault ?? error)
    })
    if (!socket.connecting && !this.#waitingForRest) this.#touch()
  }

  /** Closes at once; what was not written is reported to its sender. */
  [Symbol.dispose](): void {
    this.#options.socket.destroy()
  }

  #receive(chunk: Buffer): void {
    const { messages, pings, fault } = this.#framer.push(chunk)
    for (const message of messages) this.#options.onMessage(message)
    if (pings > 0) this.send(PONG.repeat(pings), () => {})
    if (fault !== undefined) {
      this.#close(fault)
    } else if (this.#framer.heldBytes === 0) {
      if (messages.length > 0 || pings > 0) this.#touch()
    } else if (!this.#waitingForRest || messages.length > 0) {
      // One deadline for the whole rest: a byte now and then must not prolong it.
      this.#waitingForRest = true
      this.#closeAfter(this.#options.limits.messageMs, 'no rest of a message in time')
    }
  }

  #touch(): void {
    this.#waitingForRest = false
    this.#closeAfter(this.#options.limits.idleMs, undefined)
  }

  #closeAfter(ms: number, fault: string | undefined): void {
    this.#deadline?.[Symbol.dispose]()
    if (!this.#options.socket.destroyed) {
      this.#deadline = this.#options.clock.after(ms, () => this.#close(fault))
    }
  }

  #close(fault: string | undefined): void {
    if (fault !== undefined) this.#fault ??= new Error(fault)
    this.#options.socket.destroy()
  }
}
