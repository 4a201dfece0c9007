import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { kindOf, matchesKind, readSip, type SipText } from './sip-text.ts'

export interface Peer {
  readonly address: string
  readonly port: number
}

/** One datagram as the phone saw it. */
export interface WireEntry {
  /** `performance.now()` at the moment it was sent, or handed over by Node. */
  readonly atMs: number
  readonly direction: 'in' | 'out'
  /** `INVITE`, `180 INVITE`; `garbage` for what isn't SIP. */
  readonly kind: string
  readonly message: SipText | undefined
  readonly text: string
  readonly peer: Peer
  /** Lost on purpose: it was not sent, or the phone didn't look at it. */
  readonly lost: boolean
}

/** Loses the first `count` messages of a kind, as a bad network would. */
export interface Loss {
  readonly direction: 'in' | 'out'
  readonly kind: string
  readonly count: number
}

/** A phone's SIP socket: sends and receives text, loses what it was told to, and remembers everything. */
export class Wire implements AsyncDisposable {
  readonly log: WireEntry[] = []
  readonly #socket: Socket
  readonly #losses: { direction: 'in' | 'out'; kind: string; left: number }[] = []
  readonly #onMessage: (message: SipText, from: Peer, text: string) => void

  private constructor(socket: Socket, onMessage: (message: SipText, from: Peer, text: string) => void) {
    this.#socket = socket
    this.#onMessage = onMessage
    socket.on('message', (datagram, from) => this.#receive(datagram.toString('utf8'), from))
  }

  static async open(
    local: Peer,
    onMessage: (message: SipText, from: Peer, text: string) => void,
  ): Promise<Wire> {
    const socket = createSocket('udp4')
    socket.bind(local.port, local.address)
    await once(socket, 'listening')
    return new Wire(socket, onMessage)
  }

  get local(): Peer {
    return this.#socket.address()
  }

  lose({ direction, kind, count }: Loss): void {
    this.#losses.push({ direction, kind, left: count })
  }

  send(text: string | Buffer, peer: Peer): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    const entry = this.#note('out', bytes.toString('utf8'), peer)
    if (!entry.lost) this.#socket.send(bytes, peer.port, peer.address)
  }

  #receive(text: string, { address, port }: Peer): void {
    const { message, lost } = this.#note('in', text, { address, port })
    if (message && !lost) this.#onMessage(message, { address, port }, text)
  }

  #note(direction: 'in' | 'out', text: string, peer: Peer): WireEntry {
    const message = readSip(text)
    const kind = message ? kindOf(message) : 'garbage'
    const loss = this.#losses.find(
      (rule) => rule.left > 0 && rule.direction === direction && matchesKind(kind, rule.kind),
    )
    if (loss) loss.left -= 1
    const entry = {
      atMs: performance.now(),
      direction,
      kind,
      message,
      text,
      peer,
      lost: loss !== undefined,
    }
    this.log.push(entry)
    return entry
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.close(resolve)
    })
  }
}
