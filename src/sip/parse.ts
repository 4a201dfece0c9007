import { isAscii, isUtf8 } from 'node:buffer'
import { parseCSeq } from './cseq.ts'
import { canonicalHeaderName, SINGLE_HEADERS } from './header-names.ts'
import { headersOfCheckedEntries } from './headers.ts'
import type { SipHeader, SipHeaders, SipMessage, SipRequest } from './message.ts'
import { parseNameAddress } from './name-address.ts'
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
  const lines = readHeaderLines(head, isAscii(datagram.subarray(start, headEnd)))
  const startLine = lines.startLine
  if (startLine.kind === 'failure') return failure(startLine.reason)
  const body = datagram.subarray(Math.min(headEnd + 4, datagram.length))
  const headers = headersOfCheckedEntries(lines.entries)
  const problem =
    startLine.problem ??
    lines.problem ??
    (emptyLine === -1 ? problemOf('no empty line after the headers') : undefined) ??
    findProblem(headers, startLine, body.length)
  if (problem !== undefined) return describe(problem, startLine, lines.entries)

  const contentLength = headers.get('Content-Length')
  const content = contentLength === undefined ? body : body.subarray(0, Number(contentLength))
  return startLine.kind === 'request'
    ? { kind: 'request', method: startLine.method, uri: startLine.uri, headers, body: content }
    : { kind: 'response', status: startLine.status, reason: startLine.reason, headers, body: content }
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

function parseStartLine(line: string, decode: (text: string) => string): StartLine | Failed {
  const request = REQUEST_LINE.exec(line)
  if (request !== null) return { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '' }
  const response = STATUS_LINE.exec(line)
  if (response !== null) {
    return { kind: 'response', status: Number(response[1]), reason: decode(response[2] ?? '') }
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

interface HeaderLines {
  readonly startLine: StartLine | Failed
  readonly entries: readonly SipHeader[]
  readonly problem?: Problem
}

/** One pass over the header block. After a problem it goes on, so that the request may still be answered. */
function readHeaderLines(head: string, ascii: boolean): HeaderLines {
  const decode = ascii ? (text: string) => text : decodeUtf8
  const firstEnd = head.indexOf('\r\n')
  const startLine = parseStartLine(firstEnd === -1 ? head : head.slice(0, firstEnd), decode)
  if (startLine.kind === 'failure' || firstEnd === -1) return { startLine, entries: [] }

  const entries: SipHeader[] = []
  let problem: Problem | undefined
  let at = firstEnd + 2
  while (at <= head.length) {
    const end = endOfHeader(head, at)
    const header = parseHeaderLine(head.slice(at, end), decode)
    if ('reason' in header) problem ??= header
    else entries.push(header)
    at = end + 2
    if (entries.length <= SIP_LIMITS.headerLines) continue
    entries.length = SIP_LIMITS.headerLines
    problem ??= problemOf('too many headers', 513)
    break
  }
  return problem === undefined ? { startLine, entries } : { startLine, entries, problem }
}

/** The end of a header that may be folded over several lines (§7.3.1). */
function endOfHeader(head: string, start: number): number {
  let end = head.indexOf('\r\n', start)
  while (end !== -1) {
    const next = head.charCodeAt(end + 2)
    if (next !== 0x20 && next !== 0x09) return end
    end = head.indexOf('\r\n', end + 2)
  }
  return head.length
}

function parseHeaderLine(line: string, decode: (text: string) => string): SipHeader | Problem {
  const colon = line.indexOf(':')
  if (colon === -1) return problemOf('a header line without a colon')
  const name =
    canonicalHeaderName(line.slice(0, colon)) ?? canonicalHeaderName(line.slice(0, colon).trimEnd())
  if (name === undefined) return problemOf('a header name that is no token')
  if (line.length - colon > SIP_LIMITS.headerValueBytes) return problemOf(`${name} too long`, 513)
  let value = line.slice(colon + 1)
  if (value.includes('\n') || value.includes('\r')) {
    value = value.replace(/\r\n[ \t]+/g, ' ')
    if (/[\r\n]/.test(value)) return problemOf(`a lone line end in ${name}`)
  }
  return { name, value: decode(trimWhitespace(value)) }
}

/** Spaces and tabs only: `trim` would take bytes that are part of a UTF-8 character (A0). */
function trimWhitespace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isBlank = (code: number) => code === 0x20 || code === 0x09

/** Reads what was taken as Latin-1 as UTF-8, unless it is none: then it was Latin-1, as from some old phones. */
function decodeUtf8(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : text
}

/** Largest value of each header that is a plain number. */
const NUMBERS: readonly (readonly [name: string, largest: number])[] = [
  ['Content-Length', SIP_LIMITS.messageBytes],
  ['Max-Forwards', 255],
  ['Expires', 2 ** 32 - 1],
  ['Min-Expires', 2 ** 32 - 1],
  ['RSeq', 2 ** 32 - 1],
]

/** What makes a message unusable although each of its lines is well formed. */
function findProblem(headers: SipHeaders, startLine: StartLine, bodyBytes: number): Problem | undefined {
  return (
    findRepetition(headers.entries) ??
    findBadNumber(headers) ??
    findBadIdentity(headers, startLine) ??
    (Number(headers.get('Content-Length') ?? 0) > bodyBytes
      ? problemOf('body shorter than Content-Length')
      : undefined)
  )
}

function findRepetition(entries: readonly SipHeader[]): Problem | undefined {
  const seen = new Set<string>()
  for (const { name } of entries) {
    if (!SINGLE_HEADERS.has(name)) continue
    if (seen.has(name)) return problemOf(`more than one ${name}`)
    seen.add(name)
  }
  if (entries.length <= SIP_LIMITS.linesOfOneHeader) return undefined
  const counts = new Map<string, number>()
  for (const { name } of entries) {
    const count = (counts.get(name) ?? 0) + 1
    if (count > SIP_LIMITS.linesOfOneHeader) return problemOf(`too many lines of ${name}`, 513)
    counts.set(name, count)
  }
  return undefined
}

function findBadNumber(headers: SipHeaders): Problem | undefined {
  for (const { name, value } of headers.entries) {
    for (const [number, largest] of NUMBERS) {
      if (name === number && !(/^\d{1,10}$/.test(value) && Number(value) <= largest)) {
        return problemOf(`${name} is not a number up to ${largest}`)
      }
    }
  }
  return undefined
}

/** The headers that every message has (§8.1.1) and that say which dialog and transaction it belongs to. */
function findBadIdentity(headers: SipHeaders, startLine: StartLine): Problem | undefined {
  if (parseVia(headers.get('Via') ?? '') === undefined) return problemOf('no Via that can be read')
  if (!headers.get('Call-ID')) return problemOf('no Call-ID')
  if (parseNameAddress(headers.get('From') ?? '') === undefined) return problemOf('no From that can be read')
  if (parseNameAddress(headers.get('To') ?? '') === undefined) return problemOf('no To that can be read')
  const cseq = parseCSeq(headers.get('CSeq') ?? '')
  if (cseq === undefined) return problemOf('no CSeq that can be read')
  if (startLine.kind === 'request' && cseq.method !== startLine.method) {
    return problemOf('CSeq names another method')
  }
  return undefined
}

const NEEDED_TO_ANSWER = ['Via', 'From', 'To', 'Call-ID', 'CSeq']

/** The failure, with the request as far as it was understood if a response could find its way back. */
function describe(problem: Problem, startLine: StartLine, entries: readonly SipHeader[]): ParseFailure {
  const dropped: ParseFailure = { kind: 'failure', ...problem }
  if (startLine.kind === 'response' || startLine.method === 'ACK') return dropped
  const seen = new Set<string>()
  const kept = entries.filter(({ name }) => {
    const isRepetition = SINGLE_HEADERS.has(name) && seen.has(name)
    seen.add(name)
    return !isRepetition
  })
  const headers = headersOfCheckedEntries(kept)
  const answerable =
    NEEDED_TO_ANSWER.every((name) => headers.get(name)) && parseVia(headers.get('Via') ?? '') !== undefined
  if (!answerable) return dropped
  const { method, uri } = startLine
  return { ...dropped, answerable: { kind: 'request', method, uri, headers, body: Buffer.alloc(0) } }
}
