import type { LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import type { Clock } from '../runtime/clock.ts'
import {
  type HttpClient,
  HttpClientError,
  type HttpRequest,
  type HttpResponse,
} from '../runtime/http-client.ts'
import { type AddressPolicy, classifyAddress, createAddressFilter } from './address-filter.ts'
import { failureOf, readBody } from './http-exchange.ts'
import { nextRequest } from './http-redirect.ts'
import { createNameResolver, type NameResolver } from './name-resolver.ts'

export interface HttpClientOptions extends AddressPolicy {
  readonly clock: Clock
  /** How long a name may take to resolve; default 3,000. */
  readonly resolveTimeoutMs?: number
  /** How long a connection may take to open, TLS included, name resolution not; default 5,000. */
  readonly connectTimeoutMs?: number
  /** Connections kept for each origin; further exchanges wait for one. Default 32. */
  readonly connectionsPerOrigin?: number
  /** Certificates (PEM) of authorities to trust instead of those that Node trusts. */
  readonly certificateAuthorities?: string
  /** Default: DNS, then the system. */
  readonly resolveName?: NameResolver
}

const USER_AGENT = 'Linnet'

/**
 * The one door for outgoing HTTP. Every connection goes to an address that has passed the filter, whatever named it: a name is
 * resolved once and the socket is pinned to what was checked; literals and redirects are checked alike. Nothing is left open
 * after it is disposed: exchanges under way reject with HttpClientError.
 */
export function openHttpClient(options: HttpClientOptions): HttpClient & AsyncDisposable {
  const { clock, connectionsPerOrigin = 32 } = options
  const agent = new Agent({
    connect: createConnector(options),
    connections: connectionsPerOrigin,
    allowH2: false,
  })

  async function exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const url = parseUrl(request.url)
    try {
      const { statusCode, headers, body } = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: headersOf(request, url),
        body: request.body ?? null,
        signal,
        headersTimeout: 0, // the timer of the whole exchange covers both
        bodyTimeout: 0,
      })
      return {
        status: statusCode,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [
            name,
            Array.isArray(value) ? value.join(', ') : (value ?? ''),
          ]),
        ),
        body: await readBody(body, Number(headers['content-length'] ?? 0), request.maxBytes, url.host),
      }
    } catch (error) {
      signal.throwIfAborted()
      throw failureOf(error, url.host)
    }
  }

  async function follow(first: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    let request = first
    for (let redirects = 0; ; redirects += 1) {
      const response = await exchange(request, signal)
      const next = request.maxRedirects === 0 ? undefined : nextRequest(request, response)
      if (!next) return response
      if (redirects === request.maxRedirects) {
        throw new HttpClientError(
          'tooManyRedirects',
          `${hostOf(first.url)} redirects more than ${redirects} times`,
        )
      }
      request = next
    }
  }

  return {
    async send(request, signal) {
      signal.throwIfAborted()
      const timeout = new AbortController()
      using _timer = clock.after(request.timeoutMs, () => timeout.abort(timeoutOf(request)))
      return await follow(request, AbortSignal.any([signal, timeout.signal]))
    },
    async [Symbol.asyncDispose]() {
      await agent.destroy(new HttpClientError('unreachable', 'the HTTP client is closed'))
    },
  }
}

function timeoutOf({ url, timeoutMs }: HttpRequest): HttpClientError {
  return new HttpClientError('timeout', `${hostOf(url)} did not answer within ${timeoutMs} ms`)
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? 'the URL'
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') return url
  throw new HttpClientError(
    'invalidUrl',
    url ? `${url.protocol} URLs are not fetched, only http: and https:` : 'the URL is not a valid one',
  )
}

/** Compression is not asked for: the limit on bytes holds for what is kept, and sound does not compress. */
function headersOf({ headers = {} }: HttpRequest, url: URL): Record<string, string> {
  const own: Record<string, string> = { 'user-agent': USER_AGENT, 'accept-encoding': 'identity' }
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    own['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`
  }
  for (const [name, value] of Object.entries(headers)) own[name.toLowerCase()] = value
  return own
}

/** Opens connections to checked addresses only. Literals are checked here since Node does not look them up. */
function createConnector(options: HttpClientOptions): buildConnector.connector {
  const passes = createAddressFilter(options)
  const connect = buildConnector({
    allowH2: false,
    timeout: options.connectTimeoutMs ?? 5000,
    lookup: createLookup(options, passes),
    autoSelectFamily: true,
    ...(options.certificateAuthorities === undefined ? {} : { ca: options.certificateAuthorities }),
  })
  return (target, callback) => {
    if (classifyAddress(target.hostname) !== undefined && !passes(target.hostname)) {
      queueMicrotask(() => callback(forbidden(target.hostname, target.hostname), null))
    } else connect(target, callback)
  }
}

/** What `net.connect` asks for the addresses of a name. One bad address refuses the name: a choice among them would be luck. */
function createLookup(options: HttpClientOptions, passes: (address: string) => boolean): LookupFunction {
  const { clock, resolveName = createNameResolver(), resolveTimeoutMs = 3000 } = options

  async function resolve(host: string): Promise<{ address: string; family: number }[]> {
    const timeout = new AbortController()
    using _timer = clock.after(resolveTimeoutMs, () => {
      timeout.abort(
        new HttpClientError('unresolvable', `${host} did not resolve within ${resolveTimeoutMs} ms`),
      )
    })
    const addresses = await resolveName(host, timeout.signal)
    const refused = addresses.find((address) => !passes(address))
    if (refused !== undefined) throw forbidden(host, refused)
    if (addresses.length === 0) throw new HttpClientError('unresolvable', `${host} has no address`)
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }

  return (host, { all }, callback) => {
    resolve(host).then(
      (found) => (all ? callback(null, found) : callback(null, found[0]?.address ?? '', found[0]?.family)),
      (error) => callback(failureOf(error, host), ''),
    )
  }
}

function forbidden(host: string, address: string): HttpClientError {
  const through = host === address ? '' : ` (${address})`
  return new HttpClientError('forbiddenAddress', `${host}${through} is not a public address`)
}
