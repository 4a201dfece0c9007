import type { SipSource, SipTarget, SipTransports, TransportName } from '../../src/sip/transport.ts'
import type { FakeClock } from './fake-clock.ts'

/** What happens to one datagram: how many copies arrive (0: lost), after how long; `refused`: the sender gets an ICMP error. */
export interface Fate {
  readonly copies?: number
  readonly delayMs?: number
  readonly refused?: boolean
}

/** A host on the network: takes whole messages. */
export type Receiver = (datagram: Buffer, source: SipSource) => void

/** One datagram as a fault rule sees it. */
export interface Passage {
  readonly message: string
  readonly from: string
  readonly to: string
}

/** An in-memory network on a fake clock. Addresses are `host:port`; unknown ones swallow what is sent to them. */
export class SipNetwork {
  /** Decides about each datagram; the default delivers it once, without delay. Asked again for every retransmission. */
  fate: (passage: Passage) => Fate = () => ({})
  readonly #clock: FakeClock
  readonly #hosts = new Map<string, Receiver>()
  readonly #names = new Map<string, readonly string[]>()

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  /** Puts a host on the network and returns its transports. */
  join(address: string, receive: Receiver, transport: TransportName = 'udp'): SipTransports {
    const port = 5060
    this.#hosts.set(`${address}:${port}`, receive)
    return {
      send: (message, target, onError) => this.#carry({ address, port, transport }, message, target, onError),
      resolve: (host, targetPort, by) => Promise.resolve(this.#resolve(host, targetPort ?? 5060, by)),
      localAddressFor: () => ({ transport, address, port }),
    }
  }

  /** Gives a host name its addresses, in the order in which they are tried. */
  name(host: string, addresses: readonly string[]): void {
    this.#names.set(host, addresses)
  }

  #resolve(host: string, port: number, transport: TransportName): SipTarget[] {
    const isAddress = /^[\d.]+$/.test(host)
    const addresses = isAddress ? [host] : (this.#names.get(host) ?? [])
    return addresses.map((address) => ({ transport, address, port }))
  }

  #carry(
    from: { address: string; port: number; transport: TransportName },
    message: Buffer,
    target: SipTarget,
    onError: (error: Error) => void,
  ): void {
    const to = `${target.address}:${target.port}`
    const {
      copies = 1,
      delayMs = 0,
      refused = false,
    } = this.fate({
      message: message.toString(),
      from: `${from.address}:${from.port}`,
      to,
    })
    const deliver = () => {
      if (refused) {
        onError(new Error('connection refused'))
        return
      }
      for (let copy = 0; copy < copies; copy++) {
        this.#hosts.get(to)?.(Buffer.from(message), {
          transport: target.transport,
          address: from.address,
          port: from.port,
          localAddress: target.address,
          localPort: target.port,
        })
      }
    }
    if (delayMs > 0) this.#clock.after(delayMs, deliver)
    else queueMicrotask(deliver)
  }
}
