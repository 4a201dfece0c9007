import { MAX_SECONDS, MAX_URL_CHARACTERS } from './limits.ts'

/** What a field may hold. `parse` gives the typed value, or undefined for a value that breaks the rule. */
export interface Rule<T> {
  readonly parse: (raw: unknown) => T | undefined
  /** Completes "The … parameter must". */
  readonly must: string
}

const NANOSECONDS = 1e9

/** A string that matches; with `numbers`, a JSON number of whole digits counts as its digits. */
export function text(
  must: string,
  matches: (value: string) => boolean,
  { numbers = false }: { readonly numbers?: boolean } = {},
): Rule<string> {
  return {
    must,
    parse: (raw) => {
      const value = numbers && Number.isSafeInteger(raw) ? String(raw) : raw
      return typeof value === 'string' && matches(value) ? value : undefined
    },
  }
}

/** A whole number in a range, as a JSON number or as its digits in a string (Node types say string, XML has no other). */
export function integer(min: number, max: number): Rule<number> {
  return {
    must: `be a whole number from ${min} to ${max}`,
    parse: (raw) => {
      const value = wholeNumber(raw)
      return value !== undefined && value >= min && value <= max ? value : undefined
    },
  }
}

/** Whole seconds from 1 to a day. Values of 10⁹ and more are nanoseconds (the Go SDK's), rounded up. */
export const seconds: Rule<number> = {
  must: `be a whole number of seconds from 1 to ${MAX_SECONDS}`,
  parse: (raw) => {
    const value = wholeNumber(raw)
    if (value === undefined) return undefined
    const inSeconds = value >= NANOSECONDS ? Math.ceil(value / NANOSECONDS) : value
    return inSeconds >= 1 && inSeconds <= MAX_SECONDS ? inSeconds : undefined
  },
}

/** A boolean, also as the string or number that some clients and XML make of it. */
export const boolean: Rule<boolean> = {
  must: 'be `true` or `false`',
  parse: (raw) => {
    if (raw === true || raw === 1) return true
    if (raw === false || raw === 0) return false
    if (typeof raw !== 'string') return undefined
    const value = raw.toLowerCase()
    if (value === 'true' || value === '1') return true
    return value === 'false' || value === '0' ? false : undefined
  },
}

/** One word of a list, compared case-insensitively; the result is the list's spelling. */
export function oneOf<Word extends string>(words: readonly Word[]): Rule<Word> {
  const spellings = new Map(words.map((word) => [word.toLowerCase(), word]))
  return {
    must: `be ${listOf(words)}`,
    parse: (raw) => (typeof raw === 'string' ? spellings.get(raw.toLowerCase()) : undefined),
  }
}

/** A code of a list of lower-case codes; the result is spelled as given. */
export function languageOf(codes: ReadonlySet<string>): Rule<string> {
  return {
    must: `be one of the languages ${[...codes].join(', ')}`,
    parse: (raw) => (typeof raw === 'string' && codes.has(raw.toLowerCase()) ? raw : undefined),
  }
}

/** An absolute http: or https: URL; the result is as given. */
export const httpUrl: Rule<string> = text(
  'be an absolute URL that starts with http:// or https://',
  isHttpUrl,
)

/** Free text of 1 to `maxCharacters` on one line, without control characters. */
export function line(maxCharacters: number, options?: { readonly numbers?: boolean }): Rule<string> {
  return text(
    `be a text of 1 to ${maxCharacters} characters on one line`,
    (value) => value !== '' && hasAtMost(maxCharacters, value) && isClean(value) && !/[\t\n\r]/.test(value),
    options,
  )
}

/** Any of DTMF's 16 keys. */
export const key: Rule<string> = {
  must: 'be one key: 0–9, *, # or A–D',
  parse: (raw) => {
    const value = typeof raw === 'number' ? String(raw) : raw
    return typeof value === 'string' && /^[0-9*#A-D]$/i.test(value) ? value.toUpperCase() : undefined
  },
}

/** Whether a text has at most `max` characters (code points: an emoji is one). */
export function hasAtMost(max: number, value: string): boolean {
  return value.length <= max || (value.length <= 2 * max && [...value].length <= max)
}

/** Whether a text is well-formed Unicode with no control characters but tab and line ends. */
export function isClean(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return value.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(value)
}

export function isHttpUrl(value: string): boolean {
  return (
    value.length <= MAX_URL_CHARACTERS &&
    /^https?:\/\/[^\s]+$/i.test(value) &&
    isClean(value) &&
    URL.canParse(value)
  )
}

function wholeNumber(raw: unknown): number | undefined {
  const value = typeof raw === 'string' && /^\d{1,15}$/.test(raw) ? Number(raw) : raw
  return Number.isSafeInteger(value) ? (value as number) : undefined
}

function listOf(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``)
  return quoted.length === 1 ? `${quoted[0]}` : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}
