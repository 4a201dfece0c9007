import type { SipUri } from './message.ts'
import { NO_PARAMETERS } from './parameters.ts'

/** Longest URI that is looked at; a longer one is no URI. */
export const MAX_URI_LENGTH = 2048

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const NEVER_IN_A_URI = /[\x00-\x20\x7f<>"\\^`{|}]/
const HOST_NAME = /^[A-Za-z0-9_.-]{1,255}$/
const IPV6_ADDRESS = /^[0-9A-Fa-f:.]{2,45}$/
const TELEPHONE_NUMBER = /^\+?[0-9A-Fa-f*#().-]+$/

/**
 * Parses a sip:, sips: or tel: URI (RFC 3261 §19.1.1, RFC 3966 §3); undefined for anything else.
 * Escapes are undone; `headers` stays as it was written.
 */
export function parseSipUri(text: string): SipUri | undefined {
  if (text.length > MAX_URI_LENGTH || NEVER_IN_A_URI.test(text)) return undefined
  const colon = text.indexOf(':')
  const scheme = text.startsWith('sip:') ? 'sip' : text.slice(0, colon).toLowerCase()
  if (scheme === 'tel') return parseTelUri(text.slice(colon + 1))
  if (scheme !== 'sip' && scheme !== 'sips') return undefined

  // The user part may hold ; and ? unescaped, but nothing may hold a second @.
  const at = text.indexOf('@', colon)
  if (at === -1) return parseHostPart(scheme, {}, text, colon + 1)
  if (text.includes('@', at + 1)) return undefined
  const user = parseUserInfo(text.slice(colon + 1, at))
  return user && parseHostPart(scheme, user, text, at + 1)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The part from the host on, put together with what stood before it. */
function parseHostPart(
  scheme: 'sip' | 'sips',
  { user, password }: UserInfo,
  text: string,
  start: number,
): SipUri | undefined {
  const question = text.indexOf('?', start)
  const end = question === -1 ? text.length : question
  const semicolon = text.indexOf(';', start)
  const hostEnd = semicolon === -1 || semicolon > end ? end : semicolon
  const hostPort = parseHostPort(text.slice(start, hostEnd))
  const parameters = hostEnd === end ? NO_PARAMETERS : parseUriParameters(text.slice(hostEnd, end))
  if (hostPort === undefined || parameters === undefined) return undefined
  const uri: Mutable<SipUri> = { scheme, host: hostPort.host, parameters }
  if (user !== undefined) uri.user = user
  if (password !== undefined) uri.password = password
  if (hostPort.port !== undefined) uri.port = hostPort.port
  if (question !== -1) uri.headers = text.slice(question + 1)
  return uri
}

/** A host with its port, as URIs and Via have it. */
export interface HostPort {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string
  readonly port: number | undefined
}

/** Parses `host`, `host:port`, `[IPv6]` and `[IPv6]:port` (RFC 3261 §25.1); undefined for anything else. */
export function parseHostPort(text: string): HostPort | undefined {
  const isIpv6 = text.startsWith('[')
  const hostEnd = isIpv6 ? text.indexOf(']') : text.indexOf(':')
  const host = hostEnd === -1 ? text : text.slice(isIpv6 ? 1 : 0, hostEnd)
  if (!(isIpv6 ? IPV6_ADDRESS : HOST_NAME).test(host)) return undefined
  const portStart = isIpv6 ? hostEnd + 1 : hostEnd
  if (hostEnd === -1 || portStart === text.length) return { host, port: undefined }
  const port = text[portStart] === ':' ? parsePort(text.slice(portStart + 1)) : undefined
  return port === undefined ? undefined : { host, port }
}

function parsePort(digits: string): number | undefined {
  if (!/^\d{1,5}$/.test(digits)) return undefined
  const port = Number(digits)
  return port >= 1 && port <= 65_535 ? port : undefined
}

/** Writes a URI, escaping what its place does not allow. The opposite of `parseSipUri`. */
export function serializeSipUri(uri: SipUri): string {
  const parameters = serializeUriParameters(uri.parameters)
  if (uri.scheme === 'tel') return `tel:${escapeAll(uri.user ?? '', NOT_IN_TEL)}${parameters}`
  const password = uri.password === undefined ? '' : `:${escapeAll(uri.password, NOT_IN_PASSWORD)}`
  const user = uri.user === undefined ? '' : `${escapeAll(uri.user, NOT_IN_USER)}${password}@`
  const port = uri.port === undefined ? '' : `:${uri.port}`
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`
  return `${uri.scheme}:${user}${serializeHost(uri.host)}${port}${parameters}${headers}`
}

/** Puts brackets around an IPv6 address, as URIs and Via want it. */
export function serializeHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Whether two URIs name the same resource (RFC 3261 §19.1.4; for tel: RFC 3966 §5). Not transitive, by design of the RFC. */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme) return false
  if (a.scheme === 'tel') {
    return (
      withoutSeparators(a.user) === withoutSeparators(b.user) &&
      a.parameters.size === b.parameters.size &&
      sharedParametersMatch(a, b)
    )
  }
  return (
    a.user === b.user &&
    a.password === b.password &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    MATTER_WHEN_ALONE.every((name) => a.parameters.has(name) === b.parameters.has(name)) &&
    sharedParametersMatch(a, b) &&
    comparableHeaders(a.headers) === comparableHeaders(b.headers)
  )
}

/** Parameters that differ from their own absence. The RFC's list names all but transport, which its examples add. */
const MATTER_WHEN_ALONE = ['user', 'ttl', 'method', 'maddr', 'transport']

function sharedParametersMatch(a: SipUri, b: SipUri): boolean {
  for (const [name, value] of a.parameters) {
    const other = b.parameters.get(name)
    if (other === undefined ? a.scheme === 'tel' : other.toLowerCase() !== value.toLowerCase()) return false
  }
  return true
}

function comparableHeaders(headers: string | undefined): string {
  if (headers === undefined) return ''
  const pairs = headers.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split('=', 2)
    return `${unescapeText(name)?.toLowerCase()}=${unescapeText(value)}`
  })
  return pairs.sort().join('&')
}

const withoutSeparators = (number: string | undefined) => number?.replace(/[-.()]/g, '').toLowerCase()

function parseTelUri(text: string): SipUri | undefined {
  const semicolon = text.indexOf(';')
  const number = unescapeText(semicolon === -1 ? text : text.slice(0, semicolon))
  const parameters = parseUriParameters(semicolon === -1 ? '' : text.slice(semicolon))
  if (number === undefined || !TELEPHONE_NUMBER.test(number) || parameters === undefined) return undefined
  return { scheme: 'tel', user: number, host: '', parameters }
}

interface UserInfo {
  readonly user?: string
  readonly password?: string
}

/** `user` or `user:password`, unescaped. */
function parseUserInfo(text: string): UserInfo | undefined {
  const colon = text.indexOf(':')
  const user = unescapeText(colon === -1 ? text : text.slice(0, colon))
  if (user === undefined || user === '') return undefined
  if (colon === -1) return { user }
  const password = unescapeText(text.slice(colon + 1))
  return password === undefined ? undefined : { user, password }
}

/** `;a=b;c`; undefined when one is empty, escaped wrongly or there twice (RFC 3261 §19.1.1). */
function parseUriParameters(text: string): SipUri['parameters'] | undefined {
  if (text === '') return NO_PARAMETERS
  const parameters = new Map<string, string>()
  for (const part of text.slice(1).split(';')) {
    const equals = part.indexOf('=')
    const name = unescapeText(equals === -1 ? part : part.slice(0, equals))?.toLowerCase()
    const value = equals === -1 ? '' : unescapeText(part.slice(equals + 1))
    if (!name || value === undefined || parameters.has(name)) return undefined
    parameters.set(name, value)
  }
  return parameters
}

function serializeUriParameters(parameters: SipUri['parameters']): string {
  let text = ''
  for (const [name, value] of parameters) {
    text += `;${escapeAll(name, NOT_IN_PARAMETER)}`
    if (value !== '') text += `=${escapeAll(value, NOT_IN_PARAMETER)}`
  }
  return text
}

/** Undefined for a percent sign without two hexadecimal digits, and for escapes that are no UTF-8. */
function unescapeText(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const NOT_IN_USER = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]+/g
const NOT_IN_PASSWORD = /[^A-Za-z0-9\-_.!~*'()&=+$,]+/g
const NOT_IN_PARAMETER = /[^A-Za-z0-9\-_.!~*'()[\]/:&+$]+/g
const NOT_IN_TEL = /[^0-9A-Fa-f*().+-]+/g

function escapeAll(text: string, notAllowed: RegExp): string {
  // A lone surrogate would throw. Every character that encodeURIComponent leaves alone is allowed or a letter.
  return text.replace(notAllowed, (some) => encodeURIComponent(some.toWellFormed()))
}
