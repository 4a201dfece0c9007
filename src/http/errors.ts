import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Fault, RequestError, type RequestErrorKind } from '../domain/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { NO_PAGINATION } from './envelope.ts'

/** MessageBird error code and HTTP status of each kind (docs/api/errors.md). */
const ANSWERS: Record<RequestErrorKind, { readonly code: number; readonly status: number }> = {
  missing: { code: 11, status: 400 },
  invalid: { code: 12, status: 400 },
  notFound: { code: 13, status: 404 },
  forbidden: { code: 14, status: 403 },
  unauthenticated: { code: 15, status: 401 },
  unparsable: { code: 16, status: 400 },
  badVersion: { code: 17, status: 400 },
  badQuery: { code: 18, status: 400 },
  unprocessable: { code: 25, status: 400 },
}

/** A refusal that HTTP has a status of its own for: 405, 413, 429. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly code: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    answer: { readonly code: number; readonly message: string },
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(answer.message)
    this.status = status
    this.code = answer.code
    this.headers = headers
  }
}

/** `No call found for ID …`: also for what belongs to another account. */
export function notFound(resource: string, id: string): RequestError {
  return new RequestError({ kind: 'notFound', message: `No ${resource} found for ID \`${shown(id)}\`.` })
}

/** A value of the client's inside a message, cut to a readable length. */
export function shown(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}…` : value
}

/** One element of `errors`. The Java SDK refuses any further key. */
interface ErrorObject {
  readonly message: string
  readonly description: string
  readonly code: number
  readonly parameter?: string
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly errors: readonly ErrorObject[]
}

/** The body of every refusal. */
export function errorBody(errors: readonly ErrorObject[]): string {
  return JSON.stringify({ data: null, errors, pagination: NO_PAGINATION })
}

export function errorObject(code: number, message: string, parameter?: string): ErrorObject {
  return { message, description: message, code, ...(parameter !== undefined && { parameter }) }
}

/** The one place where an error becomes a response; what no client caused is logged and becomes code 21. */
export function createErrorHandler(logger: Logger, validationStatus: 400 | 422) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const answer = answerTo(error, validationStatus)
    if (answer.status >= 500)
      logger.error({ err: error, method: request.method, url: request.url }, 'request failed')
    void reply
      .code(answer.status)
      .headers({ 'content-type': 'application/json; charset=utf-8', ...answer.headers })
      .send(errorBody(answer.errors))
  }
}

function answerTo(error: unknown, validationStatus: 400 | 422): Answer {
  if (error instanceof RequestError) return answerToFaults(error.faults, validationStatus)
  if (error instanceof HttpError) {
    return { status: error.status, headers: error.headers, errors: [errorObject(error.code, error.message)] }
  }
  return answerToFastify(error) ?? { status: 500, errors: [errorObject(21, 'An internal error occurred.')] }
}

function answerToFaults(faults: readonly [Fault, ...Fault[]], validationStatus: 400 | 422): Answer {
  const { status } = ANSWERS[faults[0].kind]
  return {
    status: status === 400 ? validationStatus : status,
    ...(status === 401 && { headers: { 'www-authenticate': 'AccessKey' } }),
    errors: faults.map(({ kind, message, parameter }) => errorObject(ANSWERS[kind].code, message, parameter)),
  }
}

/** What Fastify itself refuses before a handler runs. */
function answerToFastify(error: unknown): Answer | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { status: 413, errors: [errorObject(12, 'The body is too large.')] }
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { status: 404, errors: [errorObject(13, 'The requested path does not exist.')] }
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'ECONNRESET': // the client went away in the middle of its body
      return { status: 400, errors: [errorObject(16, 'The body is incomplete.')] }
    default:
      return undefined
  }
}
