import ipaddr from 'ipaddr.js'

/** `public`: reachable on the Internet. `forbidden`: private, link-local, carrier NAT, multicast, translated, reserved … */
export type AddressClass = 'public' | 'loopback' | 'forbidden'

type Address = ReturnType<typeof ipaddr.parse>

/** Global unicast (RFC 4291 §2.4): all else, such as `::127.0.0.1`, only looks like unicast. */
const globalUnicast = ipaddr.parseCIDR('2000::/3')

/**
 * Classifies a literal address in any spelling that a socket would understand: `127.1`, `2130706433`, `0x7f.1`, `[::1]`,
 * `::ffff:127.0.0.1`. Undefined for a name.
 */
export function classifyAddress(host: string): AddressClass | undefined {
  const address = parseAddress(host)
  return address && classOf(address)
}

function classOf(address: Address): AddressClass {
  const range = address.range()
  if (range === 'loopback') return 'loopback'
  if (range !== 'unicast') return 'forbidden'
  return address.kind() === 'ipv4' || address.match(globalUnicast) ? 'public' : 'forbidden'
}

/** IPv4-mapped addresses are unwrapped: the socket connects to what is inside. */
function parseAddress(host: string): Address | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  const text = bare.includes(':') && bare.includes('.') ? withoutDottedPart(bare) : bare
  return text !== undefined && ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

/** `::127.0.0.1` is `::7f00:1` to a socket, while ipaddr.js reads it as `::ffff:127.0.0.1`: let the URL parser say it in hexadecimal. */
function withoutDottedPart(address: string): string | undefined {
  return URL.parse(`http://[${address}]`)?.hostname.slice(1, -1)
}

/** Which addresses outgoing HTTP may connect to. */
export interface AddressPolicy {
  /** For local mode. */
  readonly allowLoopback?: boolean
  /** Networks that are allowed although they are not public: CIDRs such as `10.20.0.0/16`, or addresses. */
  readonly allowedAddresses?: readonly string[]
}

/** Whether a literal address may be connected to. Throws at once when `allowedAddresses` holds anything but addresses and CIDRs. */
export function createAddressFilter(policy: AddressPolicy): (address: string) => boolean {
  const networks = (policy.allowedAddresses ?? []).map(parseNetwork)
  return (text) => {
    const address = parseAddress(text)
    if (!address) return false
    const addressClass = classOf(address)
    if (addressClass === 'public' || (addressClass === 'loopback' && policy.allowLoopback)) return true
    return networks.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
    )
  }
}

function parseNetwork(text: string): [Address, number] {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  const address = parseAddress(text)
  if (!address)
    throw new RangeError(`allowed address ${JSON.stringify(text)} is neither an address nor a CIDR`)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
