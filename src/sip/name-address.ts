import type { NameAddress } from './message.ts'
import { parseParameters, quote, serializeParameters, unquote, withoutControls } from './parameters.ts'
import { parseSipUri, serializeSipUri } from './uri.ts'

const QUOTED_NAME = /^"((?:[^"\\]|\\[\s\S])*)"[ \t]*(?=<)/

/**
 * Parses the value of From, To, Contact, Route and their like (RFC 3261 §20.10). Without angle brackets every parameter is
 * the header's. Control characters in the display name are dropped. Undefined for anything else, `*` included.
 */
export function parseNameAddress(text: string): NameAddress | undefined {
  const quoted = text.startsWith('"') ? QUOTED_NAME.exec(text) : undefined
  if (quoted === null) return undefined
  const open = quoted ? quoted[0].length : text.indexOf('<')
  if (open === -1) return parseBareAddress(text)

  const close = text.indexOf('>', open)
  const uri = close === -1 ? undefined : parseSipUri(text.slice(open + 1, close))
  const parameters = uri && parseParameters(text, close + 1)
  if (uri === undefined || parameters === undefined) return undefined
  const plainName = quoted ? '' : text.slice(0, open).trim()
  if (plainName.includes('"') || plainName.includes('>')) return undefined
  const displayName = withoutControls(quoted ? unquote(quoted[1] ?? '') : plainName)
  return displayName === '' ? { uri, parameters } : { displayName, uri, parameters }
}

/** Writes the form with angle brackets, the display name always quoted. */
export function serializeNameAddress(value: NameAddress): string {
  const name = value.displayName ? `${quote(value.displayName)} ` : ''
  return `${name}<${serializeSipUri(value.uri)}>${serializeParameters(value.parameters)}`
}

/** The tag of a From or To (RFC 3261 §19.3); undefined when there is none, or an empty one. */
export function tagOf(value: NameAddress): string | undefined {
  return value.parameters.get('tag') || undefined
}

/** A copy with this tag in the place of any other. */
export function withTag(value: NameAddress, tag: string): NameAddress {
  return { ...value, parameters: new Map(value.parameters).set('tag', tag) }
}

function parseBareAddress(text: string): NameAddress | undefined {
  const semicolon = text.indexOf(';')
  const uri = parseSipUri((semicolon === -1 ? text : text.slice(0, semicolon)).trim())
  const parameters = semicolon === -1 ? parseParameters('') : parseParameters(text, semicolon)
  if (uri === undefined || parameters === undefined || uri.headers !== undefined) return undefined
  return { uri, parameters }
}
