import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../../runtime/clock.ts'
import { readDocsScript } from '../docs-script.ts'
import { HttpError } from '../errors.ts'
import { RateLimiter } from '../rate-limit.ts'

const SCRIPT = '/docs/js/scalar.js'

/** Nothing from elsewhere is loaded or called, and no script runs but the one file; Scalar writes its styles into the page. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
  'img-src data:',
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const SETTINGS = {
  url: '/openapi.json',
  withDefaultFonts: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
}

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Linnet API</title></head>
<body>
<div id="api-reference" data-configuration="${JSON.stringify(SETTINGS).replaceAll('"', '&quot;')}"></div>
<script src="${SCRIPT}"></script>
</body>
</html>
`

/** The script is 4 MB for anyone who asks: all together may have it this often, and nobody may take longer than this. */
const SCRIPT_RATE = { perSecond: 1, burst: 20 }
const SCRIPT_TIMEOUT_MS = 60_000

/** The API's description, without a key: /openapi.json as committed, and a page that shows it at /docs. */
export function docsRoutes(app: FastifyInstance, { clock }: { readonly clock: Clock }): void {
  const openDocument = once(async () => {
    const { default: document } = await import('../../../docs/api/openapi.json', { with: { type: 'json' } })
    return JSON.stringify(document)
  })
  const scripts = new RateLimiter(clock, SCRIPT_RATE)
  const config = { open: true, hidden: true } as const

  app.get('/openapi.json', { config }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(await openDocument()),
  )

  app.get('/docs', { config }, async (_request, reply) =>
    reply
      .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CONTENT_POLICY })
      .send(PAGE),
  )

  app.get(SCRIPT, { config }, async (_request, reply) => {
    const waitSeconds = scripts.take(SCRIPT)
    if (waitSeconds > 0) {
      const answer = { code: 14, message: `Too many requests. Try again in ${waitSeconds} s.` }
      throw new HttpError(429, answer, { 'retry-after': String(waitSeconds) })
    }
    const script = readDocsScript(AbortSignal.timeout(SCRIPT_TIMEOUT_MS))
    return reply
      .headers({
        'content-type': 'application/javascript; charset=utf-8',
        'cache-control': 'public, max-age=604800',
      })
      .send(Readable.from(script, { objectMode: false }))
  })
}

/** Runs `make` at the first call only; a failure is not kept. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}
