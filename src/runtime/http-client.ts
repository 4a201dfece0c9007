/** One outgoing HTTP exchange. `net/` implements it with the address filter, limits and pinned sockets. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  /** Absolute http: or https: URL. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Whole exchange, redirects included. */
  readonly timeoutMs: number
  /** The body is cut off with HttpClientError 'tooLarge' beyond this. */
  readonly maxBytes: number
  /** 0 = a redirect is an answer like any other. */
  readonly maxRedirects: number
}

export interface HttpResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export type HttpFailure =
  | 'invalidUrl'
  | 'forbiddenAddress'
  | 'unresolvable'
  | 'unreachable'
  | 'timeout'
  | 'tooLarge'
  | 'tooManyRedirects'
  | 'brokenResponse'

/** No usable answer was received; `failure` says why, the message names the URL's host and the fault. */
export class HttpClientError extends Error {
  override readonly name = 'HttpClientError'
  readonly failure: HttpFailure

  constructor(failure: HttpFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}

export interface HttpClient {
  /** Resolves with any complete answer, whatever its status. Rejects with HttpClientError, or with `signal.reason`. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>
}
