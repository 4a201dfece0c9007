/** `;name=value` parameters after a header's value (RFC 3261 §25.1, generic-param). Names in lower case, values unquoted. */
export type Parameters = ReadonlyMap<string, string>

export const NO_PARAMETERS: Parameters = new Map()

const PARAMETER =
  /[ \t]*;[ \t]*(?:([A-Za-z0-9\-.!%*_+`'~]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s;,"<>]*)))?)?/y

/**
 * Parses all of `text` from `start` on. A parameter without a value maps to ''. Undefined for anything else between the
 * semicolons, and for a name that is there twice: which of two tags counts must not depend on the reader.
 */
export function parseParameters(text: string, start = 0): Parameters | undefined {
  let at = start
  const end = text.trimEnd().length
  if (at >= end) return NO_PARAMETERS
  const parameters = new Map<string, string>()
  while (at < end) {
    PARAMETER.lastIndex = at
    const match = PARAMETER.exec(text)
    if (match === null) return undefined
    at = PARAMETER.lastIndex
    const [, name, quoted, plain] = match
    if (name === undefined) continue // an empty parameter, as in `<sip:a@b>;`
    const key = name.toLowerCase()
    if (parameters.has(key)) return undefined
    parameters.set(key, quoted === undefined ? (plain ?? '') : unquote(quoted))
  }
  return parameters
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
