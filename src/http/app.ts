import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import type { AccessKey } from '../domain/account.ts'
import { RequestError } from '../domain/errors.ts'
import { openAccessKeys } from './access-keys.ts'
import { authenticate, checkVersion } from './authentication.ts'
import { type ApiDependencies, type ApiLimits, DEFAULT_LIMITS } from './dependencies.ts'
import { createErrorHandler, errorBody, errorObject, HttpError } from './errors.ts'
import type { OperationId } from './operations.ts'
import { refuseOtherMethods } from './other-methods.ts'
import { RateLimiter } from './rate-limit.ts'
import { METHODS, rewriteRequest } from './rewrite.ts'
import { callFlowRoutes } from './routes/call-flows.ts'
import { callRoutes } from './routes/calls.ts'
import { docsRoutes } from './routes/docs.ts'
import { healthRoutes } from './routes/health.ts'
import { legRoutes } from './routes/legs.ts'
import { numberRoutes } from './routes/numbers.ts'
import { recordingRoutes } from './routes/recordings.ts'
import { transcriptionRoutes } from './routes/transcriptions.ts'
import { webhookRoutes } from './routes/webhooks.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The operation's id in the OpenAPI document. */
    operation?: OperationId
    /** Not part of the OpenAPI document. */
    hidden?: true
    /** Needs no access key. */
    open?: true
  }
  interface FastifyRequest {
    /** The key that the request came with; there is one unless the route is open. */
    accessKey: AccessKey
    /** The Content-Type's media type in lower case, without parameters; empty if there is none. */
    bodyType: string
  }
}

/**
 * Bodies are read by our own code, since the API's input is looser than a schema can say (docs/decisions/0003-http-validation.md):
 * Fastify's compilers are never loaded. The cast: Fastify's types name the compilers of Ajv, of which it uses only the call.
 */
const NO_COMPILERS = {
  compilersFactory: {
    buildValidator: () => () => () => true,
    buildSerializer: () => () => (data: unknown) => JSON.stringify(data),
  },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>

/** The whole HTTP API, not yet listening. Its owner listens and closes it. `prepare` runs before any route is there. */
export async function buildApp(
  dependencies: ApiDependencies,
  prepare?: (app: FastifyInstance) => Promise<void>,
): Promise<FastifyInstance> {
  const limits = { ...DEFAULT_LIMITS, ...dependencies.limits }
  const app = createServer(dependencies, limits)
  readBodiesAsBytes(app)
  admitRequests(app, dependencies, limits)
  await prepare?.(app)
  const refuseOthers = refuseOtherMethods(app)

  docsRoutes(app, dependencies)
  healthRoutes(app, dependencies)
  callFlowRoutes(app, dependencies)
  numberRoutes(app, dependencies)
  callRoutes(app, dependencies)
  legRoutes(app, dependencies)
  recordingRoutes(app, dependencies)
  transcriptionRoutes(app, dependencies)
  webhookRoutes(app, dependencies, limits.webhooksPerAccount)
  refuseOthers()

  app.setNotFoundHandler(() => {
    throw new RequestError({ kind: 'notFound', message: 'The requested path does not exist.' })
  })
  await app.ready()
  return app
}

function createServer({ logger }: ApiDependencies, limits: ApiLimits): FastifyInstance {
  const answerError = createErrorHandler(logger, limits.validationStatus)
  const app = Fastify({
    bodyLimit: limits.maxBodyBytes,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    rewriteUrl: rewriteRequest,
    requestTimeout: 30_000,
    return503OnClosing: false, // requests that were sent before the close are served in the API's own shape
    frameworkErrors: answerError,
    clientErrorHandler: refuseBrokenRequest,
    schemaController: NO_COMPILERS,
  })
  app.setErrorHandler(answerError)
  return app
}

/** Content types mean nothing before the body is read: SDKs send odd ones, or none, with good JSON. */
function readBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.decorateRequest('bodyType', '')
  app.addHook('onRequest', (request, _reply, done) => {
    const contentType = request.headers['content-type']
    if (contentType !== undefined) {
      request.bodyType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
      request.headers['content-type'] = 'application/octet-stream' // Fastify refuses what is no media type
    }
    done()
  })
}

/** Who may pass: a known key, of a known version, within its rate. */
function admitRequests(app: FastifyInstance, dependencies: ApiDependencies, limits: ApiLimits): void {
  const { clock, repositories, readiness } = dependencies
  const accessKeys = dependencies.accessKeys ?? openAccessKeys(repositories.accessKeys, clock)
  const rates = new RateLimiter(clock, { perSecond: limits.requestsPerSecond, burst: limits.requestBurst })

  app.decorateRequest('accessKey')
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    if (readiness() === 'draining') reply.header('connection', 'close')
    if (request.routeOptions.config?.open) return
    request.accessKey = await authenticate(request, accessKeys)
    const waitSeconds = rates.take(request.accessKey.id)
    if (waitSeconds > 0) throw tooManyRequests(waitSeconds)
    checkVersion(request)
    checkOverride(request)
  })
}

/** An override that rewriteRequest could not carry out is still in the query. */
function checkOverride({ query, method }: FastifyRequest): void {
  if (method !== 'GET' && method !== 'POST') return
  const name = Object.keys(query ?? {}).find((key) => key.toLowerCase() === '_method')
  if (name === undefined) return
  const methods = METHODS.filter((known) => known !== 'HEAD' && known !== 'OPTIONS').join(', ')
  throw new RequestError({
    kind: 'badQuery',
    message: `The query parameter \`${name}\` must be one of ${methods}.`,
    parameter: name,
  })
}

function tooManyRequests(waitSeconds: number): HttpError {
  const message = `Too many requests with this access key. Try again in ${waitSeconds} s.`
  return new HttpError(429, { code: 14, message }, { 'retry-after': String(waitSeconds) })
}

type ClientErrorHandler = NonNullable<FastifyServerOptions['clientErrorHandler']>

/** Answers what is no HTTP at all, or HTTP beyond Node's limits, in the API's shape. */
function refuseBrokenRequest(...[error, socket]: Parameters<ClientErrorHandler>): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, message] = BROKEN_REQUESTS[error.code ?? ''] ?? [
    '400 Bad Request',
    'The request is not valid HTTP.',
  ]
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = errorBody([errorObject(16, message)])
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

const BROKEN_REQUESTS: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers of the request are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive.'],
}
