import { promises as dns } from 'node:dns'
import { unlessAborted } from '../runtime/abort.ts'
import { Semaphore } from '../runtime/semaphore.ts'

/** The addresses of a name, IPv4 first; empty when it has none. Rejects with a DNS error, or with `signal.reason`. */
export type NameResolver = (host: string, signal: AbortSignal) => Promise<readonly string[]>

/** What is used of `node:dns`. */
export interface DnsFunctions {
  resolve4(host: string): Promise<string[]>
  resolve6(host: string): Promise<string[]>
  /** getaddrinfo: knows /etc/hosts and search domains, but occupies one of Node's four pool threads while it waits. */
  lookup(host: string): Promise<readonly { readonly address: string }[]>
}

const LOOKUPS_AT_ONCE = 2 // of the four pool threads that files and look-ups share
const QUERY_TIMEOUT_MS = 1500
const QUERY_TRIES = 2

function systemDns(): DnsFunctions {
  const resolver = new dns.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES })
  return {
    resolve4: (host) => resolver.resolve4(host),
    resolve6: (host) => resolver.resolve6(host),
    lookup: (host) => dns.lookup(host, { all: true, order: 'ipv4first' }),
  }
}

/**
 * Resolves through DNS directly, and through the system for names without a dot and names that DNS does not know: those of
 * /etc/hosts and of search domains. A name in both places has the addresses that DNS gives.
 */
export function createNameResolver(functions: DnsFunctions = systemDns()): NameResolver {
  const lookups = new Semaphore(LOOKUPS_AT_ONCE)

  async function lookup(host: string, signal: AbortSignal): Promise<readonly string[]> {
    // The place is held until the thread is free again, even when nobody waits for its answer any more.
    const place = await lookups.acquire(signal)
    const answer = functions.lookup(host).finally(() => place[Symbol.dispose]())
    return (await unlessAborted(answer, signal)).map(({ address }) => address)
  }

  async function query(host: string): Promise<readonly string[]> {
    const answers = await Promise.allSettled([functions.resolve4(host), functions.resolve6(host)])
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  }

  return async (host, signal) => {
    signal.throwIfAborted()
    const name = host.toLowerCase().replace(/\.$/, '')
    if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1'] // RFC 6761 §6.3
    const addresses = name.includes('.') ? await unlessAborted(query(name), signal) : []
    return addresses.length > 0 ? addresses : await lookup(name, signal)
  }
}
