import type { SipUri } from './message.ts'
import type { SipSource, SipTarget, TransportName } from './transport.ts'
import type { UserAgentContext } from './user-agent-context.ts'

/** Where a URI leads: host, port and transport (RFC 3263 §4.1 without NAPTR, which `transports.resolve` may add). */
export interface NextHop {
  readonly host: string
  readonly port: number | undefined
  readonly transport: TransportName
}

const SECURE: Partial<Record<string, TransportName>> = { tcp: 'tls', ws: 'wss', wss: 'wss', tls: 'tls' }
const PLAIN: Partial<Record<string, TransportName>> = {
  udp: 'udp',
  tcp: 'tcp',
  tls: 'tls',
  ws: 'ws',
  wss: 'wss',
}

/** Undefined for tel: and for transports that we don't speak. */
export function nextHopOf(uri: SipUri): NextHop | undefined {
  if (uri.scheme === 'tel') return undefined
  const asked = uri.parameters.get('transport')?.toLowerCase()
  const transport =
    uri.scheme === 'sips' ? SECURE[asked ?? 'tls'] : asked === undefined ? ('udp' as const) : PLAIN[asked]
  if (transport === undefined) return undefined
  return { host: uri.parameters.get('maddr') ?? uri.host, port: uri.port, transport }
}

/** The way back to where a message came from. */
export function flowOf({ transport, address, port, connectionId }: SipSource): SipTarget {
  return { transport, address, port, ...(connectionId === undefined ? {} : { connectionId }) }
}

/**
 * The addresses to try for a URI, best first; empty if there is none. With `flow` (where the far end's messages come
 * from), a URI that can't be reached from here gives way to it: WebSocket and `.invalid` hosts (RFC 7118 §5), and
 * private addresses behind a public one. A flow by the same address lends its connection.
 */
export async function resolveTargets(
  { transports, logger }: Pick<UserAgentContext, 'transports' | 'logger'>,
  uri: SipUri,
  flow?: SipTarget,
): Promise<readonly SipTarget[]> {
  const hop = nextHopOf(uri)
  if (flow && (!hop || isOnlyReachableBy(flow, hop))) return [flow]
  if (!hop) return []
  try {
    const targets = await transports.resolve(hop.host, hop.port, hop.transport)
    return flow?.connectionId === undefined ? targets : targets.map((target) => onConnectionOf(flow, target))
  } catch (error) {
    logger.warn({ err: error, host: hop.host }, 'sip target not resolved')
    return []
  }
}

function isOnlyReachableBy(flow: SipTarget, { host, transport }: NextHop): boolean {
  if (transport === 'ws' || transport === 'wss' || host.endsWith('.invalid')) return true
  return isPrivateAddress(host) && !isPrivateAddress(flow.address)
}

function onConnectionOf(flow: SipTarget, target: SipTarget): SipTarget {
  const same = flow.transport === target.transport && flow.address === target.address
  return same && flow.connectionId !== undefined ? { ...target, connectionId: flow.connectionId } : target
}

/** Whether an IP address is one that only its own network can reach (RFC 6890); false for names. */
export function isPrivateAddress(address: string): boolean {
  if (address.includes(':')) {
    const start = address.toLowerCase()
    return start === '::1' || /^f[cd]/.test(start) || /^fe[89ab]/.test(start)
  }
  const [first, second, ...rest] = address.split('.').map(Number)
  if (first === undefined || second === undefined || rest.length !== 2) return false
  return (
    first === 10 ||
    first === 127 ||
    (first === 172 && second >= 16 && second < 32) ||
    (first === 192 && second === 168) ||
    (first === 100 && second >= 64 && second < 128) ||
    (first === 169 && second === 254)
  )
}
