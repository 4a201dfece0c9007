import { InvalidHeaderError } from './headers.ts'
import type { SipMessage } from './message.ts'

const NOT_IN_REQUEST_LINE = /\s/
const LINE_END = /[\r\n]/

/**
 * Writes a message for the wire, with a Content-Length that fits the body in the place of any other.
 * Throws InvalidHeaderError for a method, Request-URI or reason phrase that would break the start line.
 */
export function serializeSipMessage(message: SipMessage): Buffer {
  let head = `${startLineOf(message)}\r\n`
  for (const { name, value } of message.headers.entries) {
    if (name !== 'Content-Length') head += `${name}: ${value}\r\n`
  }
  head += `Content-Length: ${message.body.length}\r\n\r\n`
  const headBytes = Buffer.from(head, 'utf8')
  return message.body.length === 0 ? headBytes : Buffer.concat([headBytes, message.body])
}

function startLineOf(message: SipMessage): string {
  if (message.kind === 'response') {
    if (LINE_END.test(message.reason)) throw new InvalidHeaderError('a line end in the reason phrase')
    return `SIP/2.0 ${message.status} ${message.reason}`
  }
  if (NOT_IN_REQUEST_LINE.test(message.method) || NOT_IN_REQUEST_LINE.test(message.uri)) {
    throw new InvalidHeaderError('a space or line end in the request line')
  }
  return `${message.method} ${message.uri} SIP/2.0`
}
