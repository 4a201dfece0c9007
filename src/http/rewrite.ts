import type { RawRequestDefaultExpression } from 'fastify'

/** Verbs that routes answer to. Any other is routed as OPTIONS, which every path refuses with 405. */
export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
const ROUTED: ReadonlySet<string> = new Set(METHODS)
const OVERRIDES: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * What a request is routed as: every route is served at `/` and at `/v1`, and the query parameter `_method` of a GET or
 * POST replaces its verb. Changes `request.method`, returns the URL; an override that is no verb stays in the URL.
 */
export function rewriteRequest(request: RawRequestDefaultExpression): string {
  const url = withoutVersion(request.url ?? '/')
  if (request.method !== 'GET' && request.method !== 'POST') {
    if (!ROUTED.has(request.method ?? '')) request.method = 'OPTIONS'
    return url
  }
  const queryStart = url.indexOf('?')
  if (queryStart < 0 || !url.includes('_method', queryStart)) return url
  const parameters = url.slice(queryStart + 1).split('&')
  const override = parameters.find((parameter) => /^_method=/i.test(parameter))
  const method = override?.slice('_method='.length).toUpperCase() ?? ''
  if (!OVERRIDES.has(method)) return url
  request.method = method
  const rest = parameters.filter((parameter) => parameter !== override)
  return url.slice(0, queryStart) + (rest.length > 0 ? `?${rest.join('&')}` : '')
}

function withoutVersion(url: string): string {
  if (!url.startsWith('/v1')) return url
  const rest = url.slice(3)
  if (rest === '') return '/'
  if (rest.startsWith('/')) return rest
  return rest.startsWith('?') ? `/${rest}` : url
}
