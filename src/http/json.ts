import { RequestError } from '../domain/errors.ts'

/** Nesting of what clients send; call flows themselves allow less. */
const MAX_DEPTH = 100
/** Members of all objects and arrays together: 300 steps with every option that the Java SDK knows. */
const MAX_MEMBERS = 10_000
/** Below, no JSON takes long enough to be worth a look. */
const SMALL = 8 * 1024

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * `JSON.parse` that can't be made to hold up the process: a megabyte of brackets or of names would take it a tenth of a
 * second, and is refused after a glance of a few milliseconds. Throws RequestError 'unparsable'.
 */
export function parseJson(text: string): unknown {
  if (text.length > SMALL && isExcessive(text)) {
    const message = `The body is nested more than ${MAX_DEPTH} levels deep, or has more than ${MAX_MEMBERS} members.`
    throw new RequestError({ kind: 'unparsable', message })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    const error = new RequestError({ kind: 'unparsable', message: 'The body is not valid JSON.' })
    error.cause = cause
    throw error
  }
}

/** What a string of JSON holds, if it is an object or an array (the Ruby SDK encodes twice); otherwise the value itself. */
export function unwrapJson(value: unknown): unknown {
  if (typeof value !== 'string' || !'[{'.includes(value.trimStart().charAt(0) || ' ')) return value
  try {
    return parseJson(value)
  } catch {
    return value
  }
}

/** Counts what stands outside of strings; whether the text is JSON at all is not its business. */
function isExcessive(text: string): boolean {
  let depth = 0
  let members = 0
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) index = endOfString(text, index)
    else if (code === COMMA) members += 1
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) depth += 1
    else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth -= 1
    if (depth > MAX_DEPTH || members > MAX_MEMBERS) return true
  }
  return false
}

/** Where the string that begins at `start` ends: its closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === BACKSLASH) index += 1
    else if (code === QUOTE) return index
  }
  return text.length
}
