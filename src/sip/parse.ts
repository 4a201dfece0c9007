import { isAscii, isUtf8 } from 'node:buffer'
import { type HeaderKind, headerKind } from './header-names.ts'
import { headersOfCheckedEntries } from './headers.ts'
import { identityOf } from './identity.ts'
import type { SipHeader, SipMessage, SipRequest } from './message.ts'
import { parseVia } from './via.ts'

/** Bounds of one message. What exceeds one is refused as a whole, never cut. */
export const SIP_LIMITS = {
  messageBytes: 65_535,
  /** Start line and headers, without the empty line. */
  headerBlockBytes: 32 * 1024,
  headerLines: 256,
  linesOfOneHeader: 64,
  headerValueBytes: 8 * 1024,
} as const

/** Bytes that are no SIP message. */
export interface ParseFailure {
  readonly kind: 'failure'
  /** For the log: what was found, in lower case. */
  readonly reason: string
  /** What to answer `answerable` with. */
  readonly status: 400 | 505 | 513
  /** Enough of the request to answer it; absent for responses, ACKs, keep-alives and garbage, which are dropped. */
  readonly answerable?: SipRequest
}

/**
 * Parses one datagram, or one framed message of a stream (RFC 3261 §7). Total: no input makes it throw.
 * The body is a view of the datagram; bytes past Content-Length are ignored (§18.3).
 */
export function parseSipMessage(datagram: Buffer): SipMessage | ParseFailure {
  const start = skipLineEnds(datagram)
  if (start === datagram.length) return failure('keep-alive: nothing but line ends')
  if (datagram.length > SIP_LIMITS.messageBytes) return failure('message too long', 513)
  const emptyLine = datagram.indexOf('\r\n\r\n', start, 'latin1')
  const headEnd = emptyLine === -1 ? datagram.length : emptyLine
  if (headEnd - start > SIP_LIMITS.headerBlockBytes) return failure('header block too long', 513)

  const head = datagram.toString('latin1', start, headEnd)
  const ascii = isAscii(datagram) || isAscii(datagram.subarray(start, headEnd))
  const { startLine, entries, problem, contentLength } = readHead(head, ascii ? undefined : decodeUtf8)
  if (startLine.kind === 'failure') return failure(startLine.reason)
  if (problem !== undefined) return refuse(problem, startLine, entries)
  if (emptyLine === -1) return refuse(problemOf('no empty line after the headers'), startLine, entries)

  const headers = headersOfCheckedEntries(entries)
  const identity = identityOf(headers)
  if (typeof identity === 'string') return refuse(problemOf(identity), startLine, entries)
  if (startLine.kind === 'request' && identity.cseq.method !== startLine.method) {
    return refuse(problemOf('CSeq names another method'), startLine, entries)
  }
  const bodyStart = headEnd + 4
  const bodyEnd = contentLength === undefined ? datagram.length : bodyStart + contentLength
  if (bodyEnd > datagram.length) {
    return refuse(problemOf('body shorter than Content-Length'), startLine, entries)
  }
  const body = datagram.subarray(bodyStart, bodyEnd)
  return startLine.kind === 'request'
    ? { kind: 'request', method: startLine.method, uri: startLine.uri, headers, body }
    : { kind: 'response', status: startLine.status, reason: startLine.reason, headers, body }
}

interface Problem {
  readonly reason: string
  readonly status: ParseFailure['status']
}

type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string; readonly problem?: Problem }
  | {
      readonly kind: 'response'
      readonly status: number
      readonly reason: string
      readonly problem?: Problem
    }

const problemOf = (reason: string, status: Problem['status'] = 400): Problem => ({ reason, status })

const failure = (reason: string, status: Problem['status'] = 400): ParseFailure => ({
  kind: 'failure',
  reason,
  status,
})

/** Line ends before the start line are ignored (§7.5). */
function skipLineEnds(datagram: Buffer): number {
  let at = 0
  while (at < datagram.length && (datagram[at] === 0x0d || datagram[at] === 0x0a)) at++
  return at
}

const REQUEST_LINE = /^([A-Za-z0-9\-.!%*_+`'~]{1,64}) (\S+) SIP\/2\.0$/i
const METHOD = /^[A-Za-z0-9\-.!%*_+`'~]{1,64}$/
const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i

function parseStartLine(line: string, decode: Decode | undefined): StartLine | Failed {
  const request = REQUEST_LINE.exec(line)
  if (request !== null) return { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '' }
  const response = STATUS_LINE.exec(line)
  if (response !== null) {
    return {
      kind: 'response',
      status: Number(response[1]),
      reason: decode?.(response[2] ?? '') ?? response[2] ?? '',
    }
  }
  return parseBadRequestLine(line.trimEnd())
}

/** A request line that is wrong only in its URI, its spaces or its version can still be answered. */
function parseBadRequestLine(line: string): StartLine | Failed {
  const firstSpace = line.indexOf(' ')
  const lastSpace = line.lastIndexOf(' ')
  const method = line.slice(0, Math.max(firstSpace, 0))
  const version = /^SIP\/(\d+\.\d+)$/i.exec(line.slice(lastSpace + 1))?.[1]
  if (!METHOD.test(method) || version === undefined || /[\r\n]/.test(line)) {
    return { kind: 'failure', reason: 'neither a request line nor a status line' }
  }
  const uri = line.slice(firstSpace, lastSpace).trim()
  const problem =
    version === '2.0' ? problemOf('malformed request line') : problemOf('another SIP version', 505)
  return { kind: 'request', method, uri, problem }
}

interface Failed {
  readonly kind: 'failure'
  readonly reason: string
}

/** Takes text that was read as Latin-1 to what it means. */
type Decode = (text: string) => string

interface Head {
  readonly startLine: StartLine | Failed
  readonly entries: readonly SipHeader[]
  readonly contentLength: number | undefined
  readonly problem: Problem | undefined
}

/** One pass over start line and headers. After a problem it goes on, so that the request may still be answered. */
function readHead(head: string, decode: Decode | undefined): Head {
  const firstEnd = endOfLine(head, 0)
  const startLine = parseStartLine(head.slice(0, firstEnd), decode)
  const entries: SipHeader[] = []
  let problem = startLine.kind === 'failure' ? undefined : startLine.problem
  let contentLength: number | undefined
  let seenSingle = 0
  let lines = 0
  for (let at = firstEnd + 2; at < head.length && lines <= SIP_LIMITS.headerLines; lines++) {
    const end = endOfHeader(head, at)
    const header = parseHeader(head, at, end, decode)
    at = end + 2
    if ('reason' in header) {
      problem ??= header
      continue
    }
    const { kind, value } = header
    const isRepetition = (seenSingle & kind.singleBit) !== 0
    seenSingle |= kind.singleBit
    if (isRepetition) problem ??= problemOf(`more than one ${kind.name}`)
    else entries.push({ name: kind.name, value })
    if (kind.largest !== undefined) {
      const number = parseNumber(value, kind.largest)
      if (number === undefined) problem ??= problemOf(`${kind.name} is not a number up to ${kind.largest}`)
      if (kind.name === 'Content-Length') contentLength = number
    }
  }
  problem ??= findTooMany(entries, lines)
  return { startLine, entries, contentLength, problem }
}

/** The next CRLF; other line ends are left in the line, for its reader to refuse. */
function endOfLine(head: string, start: number): number {
  let end = head.indexOf('\r', start) // one character is found faster than two
  while (end !== -1 && head[end + 1] !== '\n') end = head.indexOf('\r', end + 1)
  return end === -1 ? head.length : end
}

/** The end of a header that may be folded over several lines (§7.3.1). */
function endOfHeader(head: string, start: number): number {
  let end = endOfLine(head, start)
  while (end + 2 < head.length && isBlank(head.charCodeAt(end + 2))) end = endOfLine(head, end + 2)
  return end
}

interface ParsedHeader {
  readonly kind: HeaderKind
  readonly value: string
}

function parseHeader(
  head: string,
  start: number,
  end: number,
  decode: Decode | undefined,
): ParsedHeader | Problem {
  const colon = head.indexOf(':', start)
  if (colon === -1 || colon > end) return problemOf('a header line without a colon')
  const name = head.slice(start, colon)
  const kind = headerKind(name) ?? headerKind(name.trimEnd())
  if (kind === undefined) return problemOf('a header name that is no token')

  // Spaces and tabs only: `trim` would take bytes that are part of a UTF-8 character (A0).
  let valueStart = colon + 1
  let valueEnd = end
  while (valueStart < valueEnd && isBlank(head.charCodeAt(valueStart))) valueStart++
  while (valueEnd > valueStart && isBlank(head.charCodeAt(valueEnd - 1))) valueEnd--
  if (valueEnd - valueStart > SIP_LIMITS.headerValueBytes) return problemOf(`${kind.name} too long`, 513)
  const value = head.slice(valueStart, valueEnd)
  if (!value.includes('\n') && !value.includes('\r')) return { kind, value: decode?.(value) ?? value }
  const unfolded = value.replace(/\r\n[ \t]+/g, ' ').replace(/^ +| $/g, '')
  if (/[\r\n]/.test(unfolded)) return problemOf(`a lone line end in ${kind.name}`)
  return { kind, value: decode?.(unfolded) ?? unfolded }
}

const isBlank = (code: number) => code === 0x20 || code === 0x09

function parseNumber(value: string, largest: number): number | undefined {
  if (!/^\d{1,10}$/.test(value)) return undefined
  const number = Number(value)
  return number <= largest ? number : undefined
}

function findTooMany(entries: readonly SipHeader[], lines: number): Problem | undefined {
  if (lines > SIP_LIMITS.headerLines) return problemOf('too many headers', 513)
  if (entries.length <= SIP_LIMITS.linesOfOneHeader) return undefined
  const counts = new Map<string, number>()
  for (const { name } of entries) {
    const count = (counts.get(name) ?? 0) + 1
    if (count > SIP_LIMITS.linesOfOneHeader) return problemOf(`too many lines of ${name}`, 513)
    counts.set(name, count)
  }
  return undefined
}

/** Reads what was taken as Latin-1 as UTF-8, unless it is none: then it was Latin-1, as from some old phones. */
function decodeUtf8(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : text
}

const NEEDED_TO_ANSWER = ['Via', 'From', 'To', 'Call-ID', 'CSeq']

/** The failure, with the request as far as it was understood if a response could find its way back. */
function refuse(problem: Problem, startLine: StartLine, entries: readonly SipHeader[]): ParseFailure {
  const dropped: ParseFailure = { kind: 'failure', ...problem }
  if (startLine.kind === 'response' || startLine.method === 'ACK') return dropped
  const headers = headersOfCheckedEntries(entries)
  const answerable =
    NEEDED_TO_ANSWER.every((name) => headers.get(name)) && parseVia(headers.get('Via') ?? '') !== undefined
  if (!answerable) return dropped
  const { method, uri } = startLine
  return { ...dropped, answerable: { kind: 'request', method, uri, headers, body: Buffer.alloc(0) } }
}
