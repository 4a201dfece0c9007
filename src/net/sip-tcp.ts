import { once } from 'node:events'
import { connect, createServer, isIP, type Server, type Socket } from 'node:net'
import type { SipListenAddress, SipTarget } from '../sip/transport.ts'
import { isWildcard, type SipListener, type SipListenerOptions } from './sip-listener.ts'
import { SIP_TCP_LIMITS, SipTcpConnection, type SipTcpLimits } from './sip-tcp-connection.ts'

export interface SipTcpOptions extends SipListenerOptions {
  readonly limits?: Partial<SipTcpLimits>
  /** Ids are unique among all listeners of the process. */
  readonly nextConnectionId: () => number
}

/** Opens SIP over TCP on one address; rejects with what the system says (EADDRINUSE, EACCES …). */
export async function openSipTcp(options: SipTcpOptions): Promise<SipListener> {
  const { address, port } = options
  const server = createServer({ allowHalfOpen: false })
  server.listen({ host: address, port, exclusive: true, ipv6Only: true })
  await once(server, 'listening') // rejects with the server's error
  const bound = server.address()
  const boundPort = typeof bound === 'object' ? (bound?.port ?? port) : port
  return new SipTcp(options, server, { transport: 'tcp', address, port: boundPort })
}

interface OpenConnection {
  readonly connection: SipTcpConnection
  readonly remote: string
  readonly outgoing: boolean
}

class SipTcp implements SipListener {
  readonly local: SipListenAddress
  readonly #options: SipTcpOptions
  readonly #limits: SipTcpLimits
  readonly #server: Server
  readonly #connections = new Map<number, OpenConnection>()
  /** The newest connection to each remote address and port, for reuse. */
  readonly #byRemote = new Map<string, number>()
  readonly #accepted = new Map<string, number>()
  #closing: Promise<void> | undefined

  constructor(options: SipTcpOptions, server: Server, local: SipListenAddress) {
    this.#options = options
    this.#limits = { ...SIP_TCP_LIMITS, ...options.limits }
    this.#server = server
    this.local = local
    server.on('connection', (socket) => this.#accept(socket))
    server.on('error', (error) => options.logger.error({ err: error }, 'sip tcp listener failed'))
  }

  send(message: Buffer, target: SipTarget, onError: (error: Error) => void): void {
    const open = this.#find(target) ?? this.#connect(target)
    if (open instanceof Error) queueMicrotask(() => onError(open))
    else open.send(message, onError)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#server.close(() => resolve()))
    for (const { connection } of this.#connections.values()) connection[Symbol.dispose]()
    await this.#closing
  }

  #find(target: SipTarget): SipTcpConnection | undefined {
    const preferred =
      target.connectionId === undefined ? undefined : this.#connections.get(target.connectionId)
    if (preferred) return preferred.connection
    const id = this.#byRemote.get(`${target.address} ${target.port}`)
    return id === undefined ? undefined : this.#connections.get(id)?.connection
  }

  #connect({ address, port }: SipTarget): SipTcpConnection | Error {
    if (this.#closing !== undefined) return new Error('the SIP transports are closed')
    if (this.#connections.size >= this.#limits.connections) return new Error('too many SIP connections')
    try {
      // From the address that we listen on, so that the far end sees one of us, unless that is all of them.
      const bound = isWildcard(this.local.address) ? {} : { localAddress: this.local.address }
      const socket = connect({ host: address, port, family: isIP(address), ...bound })
      return this.#adopt(socket, address, port, true)
    } catch (error) {
      return new Error(`can’t connect to ${address}:${port}`, { cause: error })
    }
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket
    if (this.#closing !== undefined || remoteAddress === undefined || remotePort === undefined) {
      socket.destroy()
      return
    }
    const fromThere = this.#accepted.get(remoteAddress) ?? 0
    const isFull = this.#connections.size >= this.#limits.connections
    if (isFull || fromThere >= this.#limits.connectionsPerAddress) {
      this.#options.logger.warn({ address: remoteAddress }, 'sip connection refused: too many')
      socket.destroy()
      return
    }
    this.#accepted.set(remoteAddress, fromThere + 1)
    this.#adopt(socket, remoteAddress, remotePort, false)
  }

  #adopt(socket: Socket, address: string, port: number, outgoing: boolean): SipTcpConnection {
    const { onMessage, nameFor, clock, nextConnectionId } = this.#options
    const id = nextConnectionId()
    const connection = new SipTcpConnection({
      ...{ socket, outgoing, clock, limits: this.#limits },
      onMessage: (message) => {
        const localAddress = nameFor(address, socket.localAddress ?? this.local.address)
        const localPort = this.local.port
        onMessage(message, { transport: 'tcp', address, port, localAddress, localPort, connectionId: id })
      },
      onClose: (fault) => this.#forget(id, address, fault),
    })
    const remote = `${address} ${port}`
    this.#connections.set(id, { connection, remote, outgoing })
    this.#byRemote.set(remote, id)
    return connection
  }

  #forget(id: number, address: string, fault: Error | undefined): void {
    const closed = this.#connections.get(id)
    if (closed === undefined) return
    this.#connections.delete(id)
    if (this.#byRemote.get(closed.remote) === id) this.#byRemote.delete(closed.remote)
    if (fault) this.#options.logger.debug({ err: fault, address }, 'sip connection closed')
    if (closed.outgoing) return
    const left = (this.#accepted.get(address) ?? 1) - 1
    if (left === 0) this.#accepted.delete(address)
    else this.#accepted.set(address, left)
  }
}
