import type { HttpRequest, HttpResponse } from '../runtime/http-client.ts'

/** Headers that must not reach another origin than the one they were meant for. */
const secret = new Set(['authorization', 'cookie', 'proxy-authorization'])

/** Headers that describe a body that is no longer sent. */
const ofBody = /^content-/

/**
 * What a redirect asks for next (RFC 9110 §15.4): a POST becomes a GET after 301, 302 and 303 and stays one after 307 and 308.
 * Undefined when the response is none.
 */
export function nextRequest(request: HttpRequest, response: HttpResponse): HttpRequest | undefined {
  const location = response.headers['location']
  if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) return undefined
  const from = new URL(request.url)
  const to = URL.parse(location, request.url)
  const keepsBody = response.status >= 307 || request.method === 'GET'
  const sameOrigin = to?.origin === from.origin
  if (to && sameOrigin && to.username === '') [to.username, to.password] = [from.username, from.password]

  const { body, headers = {}, ...rest } = request
  return {
    ...rest,
    url: to?.href ?? location, // what is no URL is refused like any other
    method: keepsBody ? request.method : 'GET',
    headers: Object.fromEntries(
      Object.entries(headers).filter(
        ([name]) =>
          (sameOrigin || !secret.has(name.toLowerCase())) && (keepsBody || !ofBody.test(name.toLowerCase())),
      ),
    ),
    ...(keepsBody && body ? { body } : {}),
  }
}
