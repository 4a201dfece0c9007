import { canonicalHeaderName, LIST_HEADERS } from './header-names.ts'
import type { MessageIdentity } from './identity.ts'
import type { SipHeader, SipHeaders } from './message.ts'

/** A header that must not be written: its name is no token, or its value would end the line and begin another header. */
export class InvalidHeaderError extends Error {
  override readonly name = 'InvalidHeaderError'
}

/** A header as callers write it: an entry of a message, or a name in any spelling with its value. */
export type HeaderInput = SipHeader | readonly [name: string, value: string]

/** Makes headers in the given order. Throws InvalidHeaderError for a bad name, or a CR or LF in a value. */
export function createHeaders(entries: readonly HeaderInput[]): SipHeaders {
  return new HeaderLines(entries.map(checkedHeader))
}

/**
 * A copy in which each named header has only the new value, in the place of its first line, or at the end.
 * An array makes several lines; undefined removes the header.
 */
export function withHeaders(
  headers: SipHeaders,
  replacements: readonly (readonly [name: string, value: string | readonly string[] | undefined])[],
): SipHeaders {
  const added = new Map<string, SipHeader[]>()
  for (const [name, value] of replacements) {
    const values = value === undefined ? [] : typeof value === 'string' ? [value] : value
    added.set(
      checkedName(name),
      values.map((one) => checkedHeader([name, one])),
    )
  }
  const written = new Set<string>()
  const entries = headers.entries.flatMap((entry) => {
    const replacement = added.get(entry.name)
    if (replacement === undefined) return [entry]
    if (written.has(entry.name)) return []
    written.add(entry.name)
    return replacement
  })
  for (const [name, lines] of added) if (!written.has(name)) entries.push(...lines)
  return new HeaderLines(entries)
}

/** Lines that were checked before: by the parser, whose values can't hold a line end, or by `createHeaders`. */
export function headersOfCheckedEntries(entries: readonly SipHeader[]): SipHeaders {
  return new HeaderLines(entries)
}

/** Splits at commas that stand outside quoted strings and angle brackets. Values are trimmed, empty ones kept. */
export function splitList(value: string): string[] {
  if (!value.includes(',')) return [value.trim()]
  const parts: string[] = []
  let start = 0
  let closer = 0 // the character that ends what we are in; 0 at top level
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code === BACKSLASH && closer === QUOTE) index++
    else if (closer !== 0) closer = code === closer ? 0 : closer
    else if (code !== COMMA) closer = closerOf(code)
    else {
      parts.push(value.slice(start, index).trim())
      start = index + 1
    }
  }
  parts.push(value.slice(start).trim())
  return parts
}

const closerOf = (code: number) => (code === QUOTE ? QUOTE : code === LESS ? GREATER : 0)

const COMMA = 0x2c
const BACKSLASH = 0x5c
const QUOTE = 0x22
const LESS = 0x3c
const GREATER = 0x3e

/** The one implementation of SipHeaders. Made by `createHeaders` and the parser, not directly. */
export class HeaderLines implements SipHeaders {
  readonly entries: readonly SipHeader[]
  /** Kept by `identityOf`; entries never change, so it stays true. */
  identity: MessageIdentity | string | undefined = undefined

  constructor(entries: readonly SipHeader[]) {
    this.entries = entries
  }

  get(name: string): string | undefined {
    const canonical = canonicalHeaderName(name)
    for (const entry of this.entries) {
      if (entry.name !== canonical) continue
      if (!LIST_HEADERS.has(canonical) || !entry.value.includes(',')) return entry.value
      return splitList(entry.value)[0]
    }
    return undefined
  }

  all(name: string): readonly string[] {
    const canonical = canonicalHeaderName(name)
    if (canonical === undefined) return []
    const isList = LIST_HEADERS.has(canonical)
    const values: string[] = []
    for (const entry of this.entries) {
      if (entry.name !== canonical) continue
      if (isList) values.push(...splitList(entry.value).filter((value) => value !== ''))
      else values.push(entry.value)
    }
    return values
  }
}

// NUL and its like are allowed: a quoted string of somebody's To may hold them (RFC 4475 §3.1.1.2), and is echoed.
const LINE_BREAKERS = /[\r\n]/

function checkedHeader(input: HeaderInput): SipHeader {
  const [name, value] = 'name' in input ? [input.name, input.value] : input
  const canonical = checkedName(name)
  if (LINE_BREAKERS.test(value)) throw new InvalidHeaderError(`${canonical} has a line end in its value`)
  return { name: canonical, value: value.trim() }
}

function checkedName(name: string): string {
  const canonical = canonicalHeaderName(name)
  if (canonical === undefined) throw new InvalidHeaderError(`not a header name: ${JSON.stringify(name)}`)
  return canonical
}
