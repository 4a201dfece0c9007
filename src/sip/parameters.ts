/** `;name=value` parameters after a header's value (RFC 3261 §25.1, generic-param). Names in lower case, values unquoted. */
export type Parameters = ReadonlyMap<string, string>

export const NO_PARAMETERS: Parameters = new Map()

/**
 * Parses all of `text` from `start` on. A parameter without a value maps to ''. Undefined for anything else between the
 * semicolons, and for a name that is there twice: which of two tags counts must not depend on the reader.
 * An empty parameter, as in `<sip:a@b>;`, is skipped unless `strict`.
 */
export function parseParameters(text: string, start = 0, strict = false): Parameters | undefined {
  let at = skipBlanks(text, start)
  if (at === text.length) return NO_PARAMETERS
  const parameters = new Map<string, string>()
  while (at < text.length) {
    if (text.charCodeAt(at) !== SEMICOLON) return undefined
    const nameStart = skipBlanks(text, at + 1)
    const nameEnd = skipWhile(text, nameStart, IS_TOKEN)
    const name = text.slice(nameStart, nameEnd).toLowerCase()
    if (parameters.has(name) || (strict && name === '')) return undefined
    const valueEnd = endOfValue(text, skipBlanks(text, nameEnd))
    if (valueEnd === -1) return undefined
    if (name !== '') parameters.set(name, readValue(text, nameEnd, valueEnd))
    else if (valueEnd !== skipBlanks(text, nameEnd)) return undefined
    at = skipBlanks(text, valueEnd)
  }
  return parameters
}

/** The index after `=value`, or after `="quoted"`; `start` itself if there is neither, -1 if a quote is not closed. */
function endOfValue(text: string, start: number): number {
  if (text.charCodeAt(start) !== EQUALS) return start
  const valueStart = skipBlanks(text, start + 1)
  if (text.charCodeAt(valueStart) === QUOTE) return endOfQuoted(text, valueStart)
  return skipWhile(text, valueStart, IS_PLAIN)
}

/** What stands between the end of a name and the end of its value, without equals sign and quotes. */
function readValue(text: string, nameEnd: number, valueEnd: number): string {
  const equals = skipBlanks(text, nameEnd)
  if (text.charCodeAt(equals) !== EQUALS) return ''
  const start = skipBlanks(text, equals + 1)
  if (text.charCodeAt(start) !== QUOTE) return text.slice(start, valueEnd)
  return unquote(text.slice(start + 1, valueEnd - 1))
}

const SEMICOLON = 0x3b
const EQUALS = 0x3d
const QUOTE = 0x22
const BACKSLASH = 0x5c

const characterTable = (allowed: (character: string) => boolean) =>
  Uint8Array.from({ length: 128 }, (_, code) => (allowed(String.fromCharCode(code)) ? 1 : 0))
const IS_TOKEN = characterTable((character) => /[A-Za-z0-9\-.!%*_+`'~]/.test(character))
/** More than the grammar has: what can't be mistaken for the end of a value is taken as part of it. */
const IS_PLAIN = characterTable((character) => /[^\s;,"<>]/.test(character))

function skipWhile(text: string, start: number, table: Uint8Array): number {
  let at = start
  while (at < text.length && table[text.charCodeAt(at)] === 1) at++
  return at
}

const isBlank = (code: number) => code === 0x20 || code === 0x09

function skipBlanks(text: string, start: number): number {
  let at = start
  while (at < text.length && isBlank(text.charCodeAt(at))) at++
  return at
}

/** The index after the closing quote; -1 when there is none. */
function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code === BACKSLASH) at++
  }
  return -1
}

// A token or a host, and the characters that some tags and branches wrongly hold: their owners expect them back unquoted.
const PLAIN_VALUE = /^[A-Za-z0-9\-.!%*_+`'~:[\]=/@$&]+$/

/** Writes `;name=value`, quoting what is not plain. */
export function serializeParameters(parameters: Parameters): string {
  let text = ''
  for (const [name, value] of parameters) {
    text += `;${name}`
    if (value !== '') text += PLAIN_VALUE.test(value) ? `=${value}` : `=${quote(value)}`
  }
  return text
}

/** Puts text into double quotes; control characters are dropped, for no reader expects them. */
export function quote(text: string): string {
  return `"${withoutControls(text).replace(/["\\]/g, '\\$&')}"`
}

/** Takes the inside of a quoted string to the text it means. */
export function unquote(inside: string): string {
  return inside.includes('\\') ? inside.replace(/\\([\s\S])/g, '$1') : inside
}

/** Text that is safe to log and show: without the C0 and C1 controls. */
export function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '')
}
