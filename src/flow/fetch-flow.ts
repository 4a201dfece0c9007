import { Buffer } from 'node:buffer'
import type { CallFlow } from '../domain/call-flow.ts'
import type { Clock } from '../runtime/clock.ts'
import {
  type HttpClient,
  HttpClientError,
  type HttpRequest,
  type HttpResponse,
} from '../runtime/http-client.ts'
import { type ParseOptions, parseCallFlow } from './parse-call-flow.ts'
import { parseCallFlowXml } from './parse-xml.ts'

/** What a step asks for: `fetchCallFlow` gets, `record` posts its recording to `onFinish`. */
export interface FlowRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly token?: string
  /** A JSON object as text. */
  readonly variables: string
  /** JSON, of a POST. */
  readonly body?: string
}

/** One HTTP exchange, as the journal has it. */
export interface FetchAttempt {
  readonly url: string
  readonly durationMs: number
  readonly status?: number
  readonly error?: string
}

export interface FetchedFlow {
  readonly attempts: readonly FetchAttempt[]
  /** A sentence says why there is no flow. */
  readonly result: { readonly flow: CallFlow } | { readonly error: string }
}

/** Fetches a call flow. Rejects only with `signal.reason`. */
export type FetchFlow = (request: FlowRequest, signal: AbortSignal) => Promise<FetchedFlow>

export interface FlowFetcherOptions {
  readonly http: HttpClient
  readonly clock: Clock
  /** How answers are parsed. */
  readonly parse: ParseOptions
  /** What the receiver is told of the call. Unknown numbers are left out. */
  readonly call: {
    readonly callId: string
    readonly legId: string
    readonly source?: string
    readonly destination?: string
  }
  /** More headers for the final URL and body, such as signatures. */
  readonly headers?: (request: {
    readonly url: string
    readonly body: string
    readonly token?: string
  }) => Readonly<Record<string, string>>
}

const TIMEOUT_MS = 10_000
const MAX_BYTES = 64 * 1024
const MAX_REDIRECTS = 3

/** Fetches flows over HTTP for one leg, as docs/api/call-flow-language.md says: 10 s in all, one more try if nobody answers. */
export function createFlowFetcher(options: FlowFetcherOptions): FetchFlow {
  return async (request, signal) => {
    const exchange = httpRequest(request, options)
    const attempts: FetchAttempt[] = []
    const startedAt = options.clock.now()
    for (;;) {
      const left = TIMEOUT_MS - (options.clock.now() - startedAt)
      const attempt = await tryOnce({ ...exchange, timeoutMs: Math.max(1, left) }, options, signal)
      attempts.push(attempt.entry)
      const retry =
        attempt.unreachable && attempts.length === 1 && options.clock.now() - startedAt < TIMEOUT_MS
      if (!retry) return { attempts, result: attempt.result }
    }
  }
}

function httpRequest(
  { method, url, token, variables, body }: FlowRequest,
  { call, headers }: FlowFetcherOptions,
): HttpRequest {
  const finalUrl = withQuery(url, {
    callID: call.callId,
    legID: call.legId,
    source: call.source,
    destination: call.destination,
    variables,
  })
  return {
    method,
    url: finalUrl,
    headers: {
      accept: 'application/json, application/xml',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers?.({ url: finalUrl, body: body ?? '', ...(token !== undefined && { token }) }),
    },
    ...(body !== undefined && { body: Buffer.from(body) }),
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
    maxRedirects: MAX_REDIRECTS,
  }
}

/**
 * Adds parameters to a URL's query, form-encoded. The URL's own parameters stay as they are written, in front; those with
 * the name of an added one give way to it (a receiver may hand out URLs that it was called with). Drops the fragment.
 */
export function withQuery(url: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const target = new URL(url)
  target.hash = ''
  const kept = target.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !Object.hasOwn(parameters, nameOf(pair)))
  const added = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) added.append(name, value)
  target.search = [...kept, added.toString()].join('&')
  return target.href
}

function nameOf(pair: string): string {
  const [name = ''] = new URLSearchParams(pair).keys()
  return name
}

interface Attempt {
  readonly entry: FetchAttempt
  readonly result: FetchedFlow['result']
  readonly unreachable: boolean
}

async function tryOnce(
  request: HttpRequest,
  { http, clock, parse }: FlowFetcherOptions,
  signal: AbortSignal,
): Promise<Attempt> {
  const startedAt = clock.now()
  const entry = { url: request.url }
  try {
    const response = await http.send(request, signal)
    const durationMs = clock.now() - startedAt
    const result = readAnswer(response, parse)
    const error = 'error' in result ? { error: result.error } : {}
    return { entry: { ...entry, durationMs, status: response.status, ...error }, result, unreachable: false }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof HttpClientError)) throw error
    const durationMs = clock.now() - startedAt
    const { message, failure } = error
    return {
      entry: { ...entry, durationMs, error: message },
      result: { error: message },
      unreachable: failure === 'unreachable',
    }
  }
}

/** The body tells its own kind: XML starts with `<`. Content types are not asked, as many receivers get them wrong. */
function readAnswer({ status, body }: HttpResponse, parse: ParseOptions): FetchedFlow['result'] {
  if (status < 200 || status > 299) return { error: `the answer was HTTP ${status}` }
  const text = decodeUtf8(body)
  if (text === undefined) return { error: 'the answer is not UTF-8' }
  if (text.trim() === '') return { error: 'the answer is empty' }
  const result = text.trimStart().startsWith('<') ? parseCallFlowXml(text, parse) : parseJson(text, parse)
  if ('flow' in result) return { flow: result.flow }
  const [first, ...others] = result.faults
  const more = others.length > 0 ? ` (and ${others.length} more faults)` : ''
  return { error: `the answer is not a valid call flow: ${first.message}${more}` }
}

function parseJson(text: string, parse: ParseOptions): ReturnType<typeof parseCallFlow> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { faults: [{ kind: 'unparsable', message: 'The body is neither JSON nor XML.' }] }
  }
  return parseCallFlow(Array.isArray(value) ? { steps: value } : value, parse)
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
