import { isIP } from 'node:net'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type {
  SipListenAddress,
  SipSource,
  SipTarget,
  SipTransports,
  TransportName,
} from '../sip/transport.ts'
import { createNameResolver, type NameResolver } from './name-resolver.ts'
import { isWildcard, type SipListener, type SipListenerOptions } from './sip-listener.ts'
import { openSipTcp } from './sip-tcp.ts'
import type { SipTcpLimits } from './sip-tcp-connection.ts'
import { openSipUdp } from './sip-udp.ts'

export interface SipTransportsOptions {
  readonly listen: readonly SipListenAddress[]
  readonly onMessage: (datagram: Buffer, source: SipSource) => void
  readonly logger: Logger
  readonly clock: Clock
  /** What far ends that are not on this machine reach us by, if that is not the address that we listen on. */
  readonly publicAddress?: string | undefined
  readonly resolveName?: NameResolver
  readonly tcpLimits?: Partial<SipTcpLimits>
}

export interface OpenSipTransports extends SipTransports, AsyncDisposable {
  /** What is open, with real ports, in the order of `listen`. */
  readonly addresses: readonly SipListenAddress[]
}

/** A listening address that can't be had; `cause` is the system's error, with its code. */
export class SipListenError extends Error {
  override readonly name = 'SipListenError'
}

const RESOLVE_TIMEOUT_MS = 4_000
const MAX_HOST_LENGTH = 253

/** Opens all of `listen` (UDP and TCP so far), or none: rejects with SipListenError, naming transport, address and port. */
export async function openSipTransports(options: SipTransportsOptions): Promise<OpenSipTransports> {
  await using opened = new AsyncDisposableStack()
  const listeners: SipListener[] = []
  let connections = 0
  const nextConnectionId = () => ++connections
  for (const listen of options.listen) {
    try {
      listeners.push(opened.use(await openListener(listen, options, nextConnectionId)))
    } catch (error) {
      const { transport, address, port } = listen
      const why = error instanceof Error ? error.message : String(error)
      throw new SipListenError(`can’t listen on ${transport} ${address} port ${port}: ${why}`, {
        cause: error,
      })
    }
  }
  return new SocketSipTransports(options, listeners, opened.move())
}

function openListener(
  { transport, address, port }: SipListenAddress,
  { onMessage, logger, clock, publicAddress, tcpLimits }: SipTransportsOptions,
  nextConnectionId: () => number,
): Promise<SipListener> {
  if (isIP(address) === 0) throw new Error(`${JSON.stringify(address)} is not an IP address`)
  const nameFor: SipListenerOptions['nameFor'] = (remote, local) => namedAddress(remote, local, publicAddress)
  const common: SipListenerOptions = { address, port, onMessage, nameFor, clock, logger }
  switch (transport) {
    case 'udp':
      return openSipUdp(common)
    case 'tcp':
      return openSipTcp({ ...common, nextConnectionId, ...(tcpLimits && { limits: tcpLimits }) })
    case 'tls':
    case 'ws':
    case 'wss':
      throw new Error(`${transport} is not implemented`)
  }
}

class SocketSipTransports implements OpenSipTransports {
  readonly addresses: readonly SipListenAddress[]
  readonly #options: SipTransportsOptions
  readonly #listeners: readonly SipListener[]
  readonly #opened: AsyncDisposableStack
  readonly #resolveName: NameResolver

  constructor(
    options: SipTransportsOptions,
    listeners: readonly SipListener[],
    opened: AsyncDisposableStack,
  ) {
    this.#options = options
    this.#listeners = listeners
    this.#opened = opened
    this.#resolveName = options.resolveName ?? createNameResolver()
    this.addresses = listeners.map(({ local }) => local)
  }

  // A message of more than 1300 bytes stays on UDP (RFC 3261 §18.1.1 wants TCP): IP fragments it.
  send(message: Buffer, target: SipTarget, onError: (error: Error) => void): void {
    const listener = this.#listenerFor(target)
    if (listener) listener.send(message, target, onError)
    else {
      const { transport, address } = target
      queueMicrotask(() => onError(new Error(`no ${transport} transport is open towards ${address}`)))
    }
  }

  async resolve(
    host: string,
    port: number | undefined,
    transport: TransportName,
  ): Promise<readonly SipTarget[]> {
    const isSecure = transport === 'tls' || transport === 'wss'
    const targetPort = port ?? (isSecure ? 5061 : 5060)
    const bare = host.startsWith('[') ? host.slice(1, -1) : host
    const addresses = isIP(bare) === 0 ? await this.#addressesOf(bare) : [bare]
    return addresses
      .map((address): SipTarget => ({ transport, address, port: targetPort }))
      .filter((target) => this.#listenerFor(target) !== undefined)
  }

  localAddressFor(target: SipTarget): SipListenAddress | undefined {
    const local = this.#listenerFor(target)?.local
    return (
      local && { ...local, address: namedAddress(target.address, local.address, this.#options.publicAddress) }
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync()
  }

  /** Of the same family; on loopback for loopback and not for others, if there is a choice. */
  #listenerFor({ transport, address }: SipTarget): SipListener | undefined {
    const family = isIP(address)
    const fitting = this.#listeners.filter(
      ({ local }) => local.transport === transport && isIP(local.address) === family,
    )
    const reaches = ({ local }: SipListener) =>
      isWildcard(local.address) || isLoopback(local.address) === isLoopback(address)
    return fitting.find(reaches) ?? fitting[0]
  }

  /** Empty for a name that is none, has no address, or takes too long. */
  async #addressesOf(host: string): Promise<readonly string[]> {
    if (host === '' || host.length > MAX_HOST_LENGTH) return []
    const { clock, logger } = this.#options
    const timeout = new AbortController()
    using _timer = clock.after(RESOLVE_TIMEOUT_MS, () =>
      timeout.abort(new Error('name resolution took too long')),
    )
    try {
      return await this.#resolveName(host, timeout.signal)
    } catch (error) {
      logger.warn({ err: error, host }, 'sip host not resolved')
      return []
    }
  }
}

const isLoopback = (address: string) => address.startsWith('127.') || address === '::1'

/** The address to name towards a far end: the public one, unless it is on this machine. */
function namedAddress(remote: string, local: string, publicAddress: string | undefined): string {
  if (isLoopback(remote)) {
    if (!isWildcard(local)) return local
    return isIP(local) === 6 ? '::1' : '127.0.0.1'
  }
  return publicAddress !== undefined && isIP(publicAddress) === isIP(local) ? publicAddress : local
}
