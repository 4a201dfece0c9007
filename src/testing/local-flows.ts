import { Buffer } from 'node:buffer'
import { type HttpClient, HttpClientError, type HttpRequest } from '../runtime/http-client.ts'
import type { VirtualClock } from '../runtime/virtual-clock.ts'

/** A call flow as it is written: JSON or XML as text, or what JSON stands for; an array is its steps. */
export type FlowInput = string | object

/** What a flow asked for with `fetchCallFlow` (GET), or with the `onFinish` of a recording (POST). */
export interface LocalRequest {
  readonly method: 'GET' | 'POST'
  /** As it was sent: with `callID`, `legID`, `variables`, … in its query. */
  readonly url: string
  readonly variables: Readonly<Record<string, string>>
  /** JSON text, of a POST. */
  readonly body?: string
}

/** Flows by the URL that they are fetched from, without query. A URL also stands for all that lies below it; the longest wins. */
export type LocalFlows = Readonly<
  Record<string, FlowInput | ((request: LocalRequest) => FlowInput | Promise<FlowInput>)>
>

/** Answers fetches from `flows`, in no time. Every other URL fails, and nothing is ever sent. Throws RangeError for a bad URL. */
export function openLocalFlows(flows: LocalFlows, clock: VirtualClock): HttpClient {
  const byUrl = Object.entries(flows)
    .map(([url, answer]) => ({ base: baseOf(url), answer }))
    .sort((one, other) => other.base.length - one.base.length)
  const send = async (request: HttpRequest) => {
    const asked = baseOf(request.url)
    const found = byUrl.find(({ base }) => asked === base || isBelow(asked, base))
    if (!found) {
      throw new HttpClientError(
        'forbiddenAddress',
        `no flow is given for ${asked}, and nothing is fetched from the network`,
      )
    }
    const { answer } = found
    const flow =
      typeof answer === 'function'
        ? await clock.standStillFor(Promise.resolve(answer(localRequest(request))))
        : answer
    const body = Buffer.from(typeof flow === 'string' ? flow : JSON.stringify(flow))
    if (body.length > request.maxBytes) {
      throw new HttpClientError('tooLarge', `the flow for ${asked} is larger than ${request.maxBytes} bytes`)
    }
    return { status: 200, headers: {}, body }
  }
  return { send }
}

/** A URL without query and fragment. */
export function baseOf(url: string): string {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new RangeError(`\`${url}\` is no URL that a flow can be fetched from`)
  }
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

function isBelow(url: string, base: string): boolean {
  return url.startsWith(base.endsWith('/') ? base : `${base}/`)
}

function localRequest({ method, url, body }: HttpRequest): LocalRequest {
  const variables = JSON.parse(new URL(url).searchParams.get('variables') ?? '{}') as Record<string, string> // of our own making
  return { method, url, variables, ...(body && { body: body.toString() }) }
}
