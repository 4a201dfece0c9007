import { type Clock, sleep } from '../../src/runtime/clock.ts'
import type { HttpClient, HttpClientError, HttpRequest, HttpResponse } from '../../src/runtime/http-client.ts'

/** What a scripted receiver does with one request. */
export interface ScriptedAnswer {
  readonly status?: number
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of an answer. */
  readonly failure?: HttpClientError
  readonly afterMs?: number
}

/** An HttpClient without a network: asks `answer` for each request, and keeps what was requested. */
export class ScriptedHttp implements HttpClient {
  readonly requests: HttpRequest[] = []
  readonly #clock: Clock
  readonly #answer: (request: HttpRequest, count: number) => ScriptedAnswer

  constructor(clock: Clock, answer: (request: HttpRequest, count: number) => ScriptedAnswer) {
    this.#clock = clock
    this.#answer = answer
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    this.requests.push(request)
    const {
      status = 200,
      body = '',
      headers = {},
      failure,
      afterMs,
    } = this.#answer(request, this.requests.length)
    if (afterMs !== undefined) await sleep(this.#clock, afterMs, signal)
    if (failure) throw failure
    return { status, headers, body: Buffer.from(body) }
  }
}
