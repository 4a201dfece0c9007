import type { Dispatcher } from 'undici'
import { HttpClientError, type HttpFailure } from '../runtime/http-client.ts'

type ResponseBody = Dispatcher.ResponseData['body']

/** Reads a body of at most `maxBytes`; more closes the connection and rejects with 'tooLarge', at once if its length says so. */
export async function readBody(
  body: ResponseBody,
  length: number,
  maxBytes: number,
  host: string,
): Promise<Buffer> {
  const tooLarge = () => new HttpClientError('tooLarge', `${host} sent more than ${maxBytes} bytes`)
  if (length > maxBytes) {
    body.on('error', () => {}) // destroying it emits one
    body.destroy()
    throw tooLarge()
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge() // leaving the loop destroys the body
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

const failuresByCode: Readonly<Record<string, HttpFailure>> = {
  ENOTFOUND: 'unresolvable',
  ENODATA: 'unresolvable',
  EAI_AGAIN: 'unresolvable',
  ESERVFAIL: 'unresolvable',
  ECONNREFUSED: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  UND_ERR_CONNECT_TIMEOUT: 'unreachable',
  UND_ERR_DESTROYED: 'unreachable',
  UND_ERR_CLOSED: 'unreachable',
  UND_ERR_HEADERS_OVERFLOW: 'tooLarge',
  HPE_HEADER_OVERFLOW: 'tooLarge',
  ECONNRESET: 'brokenResponse',
  EPIPE: 'brokenResponse',
  UND_ERR_SOCKET: 'brokenResponse',
  UND_ERR_INVALID_ARG: 'invalidUrl',
}

/** Says what an error of undici, TLS, DNS or a socket means. Errors that are none of these are returned as they are: bugs. */
export function failureOf(error: unknown, host: string): Error {
  if (error instanceof HttpClientError) return error
  if (!(error instanceof Error)) return new Error('something else than an error was thrown', { cause: error })
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const failure = failuresByCode[code] ?? (error.name === 'HTTPParserError' ? 'brokenResponse' : undefined)
  if (failure)
    return new HttpClientError(failure, `${host}: ${sentences[failure]} (${code || error.message})`, {
      cause: error,
    })
  if (/CERT|TLS|SSL|SIGNED|EPROTO|ISSUER|HOSTNAME/.test(code)) {
    return new HttpClientError('unreachable', `${host}: TLS failed (${code})`, { cause: error })
  }
  return error
}

const sentences: Readonly<Record<HttpFailure, string>> = {
  invalidUrl: 'the request is not valid',
  forbiddenAddress: 'its address is not allowed',
  unresolvable: 'the name does not resolve',
  unreachable: 'no connection',
  timeout: 'no answer in time',
  tooLarge: 'the answer is too large',
  tooManyRedirects: 'too many redirects',
  brokenResponse: 'the connection broke or the answer is not HTTP',
}
