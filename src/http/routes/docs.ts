import Fastify, { type FastifyInstance } from 'fastify'

const PAGE = '/docs'
const SCRIPT = '/docs/js/scalar.js'

/** Nothing from elsewhere is loaded or called; the page's own script and styles stand in its HTML. */
const CONTENT_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'"

/**
 * The API's description: /openapi.json as committed, and a page that shows it at /docs. Neither is loaded before
 * somebody asks: the page's script alone is 4 MB.
 */
export function docsRoutes(app: FastifyInstance): void {
  const openPage = once(renderPage)
  const openDocument = once(async () => {
    const { default: document } = await import('../../../docs/api/openapi.json', { with: { type: 'json' } })
    return JSON.stringify(document)
  })
  const config = { open: true, hidden: true } as const

  app.get('/openapi.json', { config }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(await openDocument()),
  )

  app.get(PAGE, { config }, async (_request, reply) =>
    reply
      .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CONTENT_POLICY })
      .send((await openPage()).html),
  )

  app.get(SCRIPT, { config }, async (_request, reply) =>
    reply
      .headers({ 'content-type': 'application/javascript; charset=utf-8', 'cache-control': 'max-age=86400' })
      .send((await openPage()).script),
  )
}

interface Page {
  readonly html: string
  readonly script: Buffer
}

/** What Scalar's plugin would serve: it can't join an app that already runs, so it gets one of its own. */
async function renderPage(): Promise<Page> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const app = Fastify()
  await using _closed = { [Symbol.asyncDispose]: () => app.close() }
  await app.register(scalar, {
    routePrefix: PAGE,
    configuration: { url: '/openapi.json', cdn: SCRIPT, pageTitle: 'Linnet API', withDefaultFonts: false },
  })
  const html = await app.inject({ url: `${PAGE}/` })
  const script = await app.inject({ url: SCRIPT })
  return { html: html.body, script: script.rawPayload }
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
