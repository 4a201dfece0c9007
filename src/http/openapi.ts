import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { refusedLegActions } from '../calls/call-control.ts'
import { systemClock } from '../runtime/clock.ts'
import { systemIds } from '../runtime/ids.ts'
import { silentLogger } from '../runtime/logger.ts'
import { buildApp } from './app.ts'
import type { ApiDependencies } from './dependencies.ts'
import { type Operation, type OperationId, operations } from './operations.ts'
import { ErrorSchema } from './schemas.ts'

/**
 * The OpenAPI 3.1 document, made of the routes that the server registers: a route without a described operation
 * rejects, as does an operation without a route.
 */
export async function createOpenApiDocument(): Promise<object> {
  const described = new Set<string>()
  const app = await buildApp(NO_DEPENDENCIES, async (server) => {
    describeRoutes(server, described)
    await server.register(swagger, { openapi: DOCUMENT })
  })
  await using _closed = { [Symbol.asyncDispose]: () => app.close() }
  const without = Object.keys(operations).filter((id) => !described.has(id))
  if (without.length > 0) throw new Error(`operations without a route: ${without.join(', ')}`)
  return shareSchemas(app.swagger())
}

const DOCUMENT = {
  openapi: '3.1.0',
  info: {
    title: 'Linnet: Voice Calling API',
    version: '20170314',
    description:
      'Make and take phone calls with call flows. Every path is also served under `/v1`, and with a trailing slash. ' +
      'Names in request bodies may come in any case. Errors are listed in docs/api/errors.md.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  components: {
    securitySchemes: {
      AccessKey: {
        type: 'apiKey' as const,
        in: 'header' as const,
        name: 'Authorization',
        description: '`Authorization: AccessKey {key}`',
      },
    },
  },
  security: [{ AccessKey: [] }],
} satisfies FastifyDynamicSwaggerOptions['openapi']

/** Attaches each route's schema before the document's plugin sees it. */
function describeRoutes(app: FastifyInstance, described: Set<string>): void {
  app.addHook('onRoute', (route) => {
    if (route.method === 'HEAD' || route.config?.hidden) {
      route.schema = { hide: true } as FastifySchema
      return
    }
    const id = route.config?.operation
    if (id === undefined) throw new Error(`the route ${route.method} ${route.url} names no operation`)
    described.add(id)
    route.schema = schemaOf(id, route)
  })
}

function schemaOf(id: OperationId, route: RouteOptions): FastifySchema {
  const { tag, summary, description, body, xml, pages, status, answer, unready, deprecated }: Operation =
    operations[id]
  const open = route.config?.open === true
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description && { description }),
    ...(deprecated && { deprecated }),
    ...(open && { security: [] }),
    ...paramsOf(route.url),
    ...(pages && { querystring: PageQuery }),
    ...(body && { body: bodyOf(body, xml) }),
    response: {
      [status]: answerOf(answer),
      ...(unready && { 503: { description: 'It does not', ...content('application/json', unready) } }),
      ...(!open && { '4xx': { description: 'Refused', ...content('application/json', ErrorSchema) } }),
    },
  } as FastifySchema
}

const PageQuery = Type.Object({
  page: Type.Optional(Type.Integer({ minimum: 1, default: 1 })),
  perPage: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
})

function paramsOf(url: string) {
  const names = [...url.matchAll(/:([a-zA-Z]+)/g)].map(([, name]) => name ?? '')
  if (names.length === 0) return {}
  return { params: Type.Object(Object.fromEntries(names.map((name) => [name, Type.String()]))) }
}

function bodyOf(schema: TSchema, xml: true | undefined) {
  const text = { schema: { type: 'string', description: 'A call flow: docs/api/call-flow-language.md' } }
  return { content: { 'application/json': { schema }, ...(xml && { 'application/xml': text }) } }
}

function answerOf(answer: Operation['answer']) {
  if (answer === undefined) return { description: 'Done', type: 'null' }
  if (typeof answer === 'object') return { description: 'Done', ...content('application/json', answer) }
  const format = answer === 'audio/wav' ? { format: 'binary' } : {}
  return { description: 'The file', ...content(answer, { type: 'string', ...format }) }
}

function content(type: string, schema: object) {
  return { content: { [type]: { schema } } }
}

/** Moves every schema with a title to the components, where each is written once. */
function shareSchemas(document: object): object {
  const shared: Record<string, unknown> = {}
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit)
    if (typeof value !== 'object' || value === null) return value
    const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]))
    const { title, type } = copy
    if (typeof title !== 'string' || type !== 'object') return copy
    shared[title] = copy
    return { $ref: `#/components/schemas/${title}` }
  }
  const { components, ...rest } = visit(document) as { components: object }
  const sorted = Object.fromEntries(Object.entries(shared).sort(([a], [b]) => a.localeCompare(b)))
  return { ...rest, components: { ...components, schemas: sorted } }
}

/** Nothing is called while a document is made: the routes are only registered. */
const NO_DEPENDENCIES: ApiDependencies = {
  repositories: {} as ApiDependencies['repositories'],
  callControl: { ...refusedLegActions, accepting: false } as ApiDependencies['callControl'],
  recordingFiles: {} as ApiDependencies['recordingFiles'],
  clock: systemClock,
  ids: systemIds,
  logger: silentLogger,
  readiness: () => 'starting',
  speaks: () => false,
  transcribes: () => false,
}
