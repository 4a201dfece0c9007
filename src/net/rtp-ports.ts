import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { NoFreePortError, type RtpPorts, type RtpReceiver, type RtpSocket } from '../rtp/transport.ts'
import { RtpPortPool } from './rtp-port-pool.ts'

export interface UdpRtpPortsOptions {
  /** The IP address to bind to. */
  readonly address: string
  /** 0–0 lets the system choose the ports. */
  readonly range: { readonly first: number; readonly last: number }
  /** How long a closed port rests. */
  readonly restMs: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
}

const ATTEMPTS = 32

/** Opens the pairs of UDP sockets that RTP and RTCP use: even port and the odd one above it. */
export class UdpRtpPorts implements RtpPorts {
  readonly #options: UdpRtpPortsOptions
  readonly #pool: RtpPortPool | undefined
  readonly #open = new Set<RtpSocket>()
  #closed = false

  constructor(options: UdpRtpPortsOptions) {
    this.#options = options
    const { range, restMs, now, random } = options
    if (range.last > 0) this.#pool = new RtpPortPool(range, restMs, now, random)
  }

  get free(): number {
    return this.#pool?.free ?? Number.POSITIVE_INFINITY
  }

  async open(receiver: RtpReceiver): Promise<RtpSocket> {
    let fault: unknown
    for (let attempt = 0; attempt < ATTEMPTS && !this.#closed; attempt++) {
      const port = this.#pool ? this.#pool.take() : 0
      if (port === undefined) break
      try {
        return await this.#openPair(port, receiver)
      } catch (error) {
        fault = error
        if (port !== 0) this.#pool?.release(port) // another program has it: it is tried again later
      }
    }
    const { first, last } = this.#options.range
    throw new NoFreePortError(`no free RTP port in ${first}-${last}`, { cause: fault })
  }

  [Symbol.dispose](): void {
    this.#closed = true
    for (const socket of this.#open) socket[Symbol.dispose]()
  }

  async #openPair(port: number, receiver: RtpReceiver): Promise<RtpSocket> {
    const pair = port === 0 ? await this.#bindAnyPair() : await this.#bindPair(port)
    if (this.#closed) {
      pair.close()
      throw new Error('the RTP ports were closed meanwhile')
    }
    const socket = new UdpRtpSocket(pair, receiver, (closed) => this.#release(closed))
    this.#open.add(socket)
    return socket
  }

  #release(socket: RtpSocket): void {
    this.#open.delete(socket)
    this.#pool?.release(socket.port)
  }

  async #bindPair(port: number): Promise<SocketPair> {
    const rtp = await bind(this.#options.address, port)
    try {
      return new SocketPair(port, rtp, await bind(this.#options.address, port + 1))
    } catch (error) {
      rtp.close()
      throw error
    }
  }

  /** The system's choice decides which half of a pair is first: the other half is its neighbour. */
  async #bindAnyPair(): Promise<SocketPair> {
    const one = await bind(this.#options.address, 0)
    const chosen = one.address().port
    const even = chosen % 2 === 0
    try {
      const other = await bind(this.#options.address, even ? chosen + 1 : chosen - 1)
      return even ? new SocketPair(chosen, one, other) : new SocketPair(chosen - 1, other, one)
    } catch (error) {
      one.close()
      throw error
    }
  }
}

class SocketPair {
  readonly port: number
  readonly rtp: Socket
  readonly rtcp: Socket

  constructor(port: number, rtp: Socket, rtcp: Socket) {
    this.port = port
    this.rtp = rtp
    this.rtcp = rtcp
  }

  close(): void {
    this.rtp.close()
    this.rtcp.close()
  }
}

class UdpRtpSocket implements RtpSocket {
  readonly port: number
  readonly #pair: SocketPair
  readonly #onClose: (socket: RtpSocket) => void
  #open = true

  constructor(pair: SocketPair, receiver: RtpReceiver, onClose: (socket: RtpSocket) => void) {
    this.port = pair.port
    this.#pair = pair
    this.#onClose = onClose
    pair.rtp.on('message', (datagram: Buffer, from: RemoteInfo) =>
      receiver.receiveRtp(datagram, from.address, from.port),
    )
    pair.rtcp.on('message', (datagram: Buffer, from: RemoteInfo) =>
      receiver.receiveRtcp(datagram, from.address, from.port),
    )
    // An error on a bound UDP socket is the network's answer to one datagram: the next one may well arrive.
    pair.rtp.on('error', ignore)
    pair.rtcp.on('error', ignore)
  }

  sendRtp(datagram: Uint8Array, port: number, address: string): boolean {
    return this.#open && send(this.#pair.rtp, datagram, port, address)
  }

  sendRtcp(datagram: Uint8Array, port: number, address: string): boolean {
    return this.#open && send(this.#pair.rtcp, datagram, port, address)
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    this.#pair.close()
    this.#onClose(this)
  }
}

/**
 * libuv sends at once if it can, and else queues the datagram without copying it. The caller writes over it in 20 ms, and
 * audio that waits is worthless: nothing is sent while something waits.
 */
function send(socket: Socket, datagram: Uint8Array, port: number, address: string): boolean {
  if (socket.getSendQueueCount() > 0) return false
  socket.send(datagram, port, address)
  return true
}

function ignore(): void {}

function bind(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', lookup: lookUpNothing })
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const fail = (error: Error) => {
    socket.close()
    reject(error)
  }
  socket.once('error', fail)
  socket.bind({ address, port, exclusive: true }, () => {
    socket.off('error', fail)
    resolve(socket)
  })
  return promise
}

/**
 * Addresses are IP addresses already. Node's own look-up would answer in a later tick, when the leg's packet may hold its
 * next frame; this one answers at once, so that `send` has reached the kernel when it returns.
 */
function lookUpNothing(
  address: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, address, address.includes(':') ? 6 : 4)
}
