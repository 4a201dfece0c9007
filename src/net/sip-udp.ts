import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'
import type { SipListenAddress, SipSource, SipTarget } from '../sip/transport.ts'
import type { SipListener, SipListenerOptions } from './sip-listener.ts'

/** Enough for a burst of some thousand messages while the event loop is busy. */
const RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024

/**
 * Opens SIP over UDP on one address; rejects with what the system says (EADDRINUSE, EACCES …).
 * Linux tells an unconnected socket of no ICMP errors, so `onError` hears only what fails while sending (no route, message
 * too long); an unreachable far end shows as a timeout of its transaction.
 */
export async function openSipUdp(options: SipListenerOptions): Promise<SipListener> {
  const { address, port, onMessage, nameFor, logger } = options
  const isIpv6 = isIP(address) === 6
  const socket = createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    ipv6Only: isIpv6, // the system refuses it for IPv4
    recvBufferSize: RECEIVE_BUFFER_BYTES,
    lookup: literalLookup,
  })
  const bound = once(socket, 'listening')
  socket.bind({ address, port, exclusive: true })
  try {
    await bound // `once` rejects with the socket's error
  } catch (error) {
    socket.close()
    throw error
  }
  const local: SipListenAddress = { transport: 'udp', address, port: socket.address().port }
  socket.on('message', (datagram: Buffer, from: RemoteInfo) => {
    const source: SipSource = {
      transport: 'udp',
      address: from.address,
      port: from.port,
      localAddress: nameFor(from.address, address),
      localPort: local.port,
    }
    onMessage(datagram, source)
  })
  // The network's answer to one datagram, not the end of the socket.
  socket.on('error', (error) => logger.debug({ err: error }, 'sip udp socket error'))
  return new SipUdp(socket, local)
}

class SipUdp implements SipListener {
  readonly local: SipListenAddress
  readonly #socket: Socket
  #closing: Promise<void> | undefined

  constructor(socket: Socket, local: SipListenAddress) {
    this.#socket = socket
    this.local = local
  }

  send(message: Buffer, target: SipTarget, onError: (error: Error) => void): void {
    if (this.#closing !== undefined) {
      queueMicrotask(() => onError(new Error('the SIP transports are closed')))
      return
    }
    try {
      this.#socket.send(message, target.port, target.address, (error) => {
        if (error) onError(error)
      })
    } catch (error) {
      // A port of 0, or an address that is none: it must not take the caller down.
      queueMicrotask(() =>
        onError(new Error(`can’t send to ${target.address}:${target.port}`, { cause: error })),
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#socket.close(resolve))
    await this.#closing
  }
}

type LookupCallback = (error: Error | null, address: string, family: number) => void

/** Targets are IP addresses: a name here is a mistake, and must not wait for DNS. */
function literalLookup(host: string, _options: unknown, callback: LookupCallback): void {
  const family = isIP(host)
  queueMicrotask(() => callback(family === 0 ? new Error(`not an IP address: ${host}`) : null, host, family))
}
