import type { FastifyRequest } from 'fastify'
import { RequestError } from '../domain/errors.ts'
import { asObject } from '../flow/fields.ts'
import { parseJson, unwrapJson } from './json.ts'

/** What a client sent, told apart by its content first and its Content-Type second: SDKs label bodies carelessly. */
export type RequestBody =
  | { readonly type: 'none' }
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'xml'; readonly text: string }

/** Reads the body; a string of JSON is read once more. Throws RequestError 'unparsable' for what is neither JSON nor XML. */
export function readBody(request: FastifyRequest): RequestBody {
  const text = decodeText(request).trim()
  if (text === '') return { type: 'none' }
  if (isXml(request.bodyType, text)) return { type: 'xml', text }
  return { type: 'json', value: unwrapJson(parseJson(text)) }
}

/** The body as the object that it must be: no body and `[]` are empty objects. Throws RequestError. */
export function readObject(request: FastifyRequest): object {
  const body = readBody(request)
  if (body.type === 'none') return {}
  if (body.type === 'xml') throw unparsable('The body must be JSON.')
  const object = asObject(body.value)
  if (!object) throw new RequestError({ kind: 'invalid', message: 'The body must be a JSON object.' })
  return object
}

function decodeText(request: FastifyRequest): string {
  const bytes = request.body
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) return ''
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') throw unparsable('The body must not be compressed.')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw unparsable('The body is not valid UTF-8.', cause)
  }
}

function isXml(mediaType: string, text: string): boolean {
  if (!text.startsWith('<')) return mediaType.endsWith('/xml')
  return !mediaType.endsWith('/json')
}

function unparsable(message: string, cause?: unknown): RequestError {
  const error = new RequestError({ kind: 'unparsable', message })
  if (cause !== undefined) error.cause = cause
  return error
}
