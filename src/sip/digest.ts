import { createHash } from 'node:crypto'
import type { Ids } from '../runtime/ids.ts'
import { splitList } from './headers.ts'
import { quote, unquote } from './parameters.ts'

/** User and password for digest authentication (RFC 3261 §22, RFC 8760). */
export interface Credentials {
  readonly username: string
  readonly password: string
  /** Answer only challenges of this realm; absent: the trunk's first challenge names it. */
  readonly realm?: string
}

/** Strongest first. Each also comes as `-sess` (RFC 7616 §3.4.2). */
const HASHES = [
  ['SHA-512-256', 'sha512-256'],
  ['SHA-256', 'sha256'],
  ['MD5', 'md5'],
] as const

/** The value of WWW-Authenticate or Proxy-Authenticate. */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque?: string
  /** As it was written, so that it can be echoed; `MD5` when there was none. */
  readonly algorithm: string
  /** What the server offers, in lower case; empty for a server of RFC 2069. */
  readonly qop: readonly string[]
  /** The last answer was right, but its nonce is too old: answer again with the same credentials. */
  readonly stale: boolean
}

/** The request that is to be authenticated. */
export interface DigestRequest {
  readonly method: string
  /** The Request-URI as it is on the wire. */
  readonly uri: string
  readonly body: Buffer
}

/** What all digests are made of (RFC 7616 §3.4). */
export interface DigestInput extends DigestRequest {
  readonly username: string
  readonly password: string
  readonly realm: string
  readonly nonce: string
  readonly algorithm: string
  /** Absent: the computation of RFC 2069, without cnonce and count. */
  readonly qop?: string
  readonly cnonce?: string
  /** Eight hexadecimal digits. */
  readonly nonceCount?: string
}

/** Parses one challenge; undefined unless it is Digest with realm and nonce. Never throws. */
export function parseChallenge(headerValue: string): DigestChallenge | undefined {
  const parameters = parseDigestParameters(headerValue)
  const realm = parameters?.get('realm')
  const nonce = parameters?.get('nonce')
  if (parameters === undefined || realm === undefined || !nonce) return undefined
  const opaque = parameters.get('opaque')
  const qop = parameters.get('qop')?.toLowerCase().split(',') ?? []
  return {
    realm,
    nonce,
    ...(opaque === undefined ? undefined : { opaque }),
    algorithm: parameters.get('algorithm') ?? 'MD5',
    qop: qop.map((word) => word.trim()).filter((word) => word !== ''),
    stale: parameters.get('stale')?.toLowerCase() === 'true',
  }
}

/**
 * The challenge to answer: of those in the credentials' realm (or else the realm of the first) the one with the strongest
 * algorithm that we know. Undefined: none can, or may, be answered.
 */
export function chooseChallenge(
  headerValues: readonly string[],
  credentials: Credentials,
): DigestChallenge | undefined {
  const challenges = headerValues.map(parseChallenge).filter((challenge) => challenge !== undefined)
  const realm = credentials.realm ?? challenges[0]?.realm
  return challenges
    .filter((challenge) => challenge.realm === realm && isAnswerable(challenge))
    .sort((a, b) => strength(a.algorithm) - strength(b.algorithm))[0]
}

/**
 * The value of Authorization (to a 401) or Proxy-Authorization (to a 407). `nonceCount` is 1 for the first request with
 * this nonce and grows by one with each. Undefined for an algorithm or a qop that we don't know.
 */
export function answerChallenge(
  challenge: DigestChallenge,
  credentials: Credentials,
  request: DigestRequest,
  { ids, nonceCount = 1 }: { readonly ids: Ids; readonly nonceCount?: number },
): string | undefined {
  if (!isAnswerable(challenge)) return undefined
  const { realm, nonce, opaque, algorithm } = challenge
  const { username, password } = credentials
  const qop = challenge.qop.includes('auth') ? 'auth' : challenge.qop[0] && 'auth-int'
  const usesCnonce = qop !== undefined || isSession(algorithm)
  const input = {
    ...{ username, password, realm, nonce, algorithm, ...request },
    ...(qop === undefined ? undefined : { qop, nonceCount: nonceCount.toString(16).padStart(8, '0') }),
    ...(usesCnonce ? { cnonce: ids.token(16) } : undefined),
  }
  const response = digestResponse(input)
  if (response === undefined) return undefined
  const parts = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(request.uri)}`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
  ]
  if (input.cnonce !== undefined) parts.push(`cnonce="${input.cnonce}"`)
  if (input.qop !== undefined) parts.push(`qop=${input.qop}`, `nc=${input.nonceCount}`)
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`)
  return `Digest ${parts.join(', ')}`
}

/** The `response` of RFC 7616 §3.4.1 in lower-case hex; undefined for an algorithm or a qop that we don't know. */
export function digestResponse(input: DigestInput): string | undefined {
  const hash = hashOf(input.algorithm)
  if (hash === undefined) return undefined
  const { username, realm, password, nonce, cnonce = '', qop, nonceCount = '' } = input
  const digest = (content: string | Buffer) => createHash(hash).update(content).digest('hex')
  const plain = digest(`${username}:${realm}:${password}`)
  const a1 = isSession(input.algorithm) ? digest(`${plain}:${nonce}:${cnonce}`) : plain
  const a2 = `${input.method}:${input.uri}`
  switch (qop) {
    case undefined:
      return digest(`${a1}:${nonce}:${digest(a2)}`)
    case 'auth':
      return digest(`${a1}:${nonce}:${nonceCount}:${cnonce}:auth:${digest(a2)}`)
    case 'auth-int':
      return digest(
        `${a1}:${nonce}:${nonceCount}:${cnonce}:auth-int:${digest(`${a2}:${digest(input.body)}`)}`,
      )
    default:
      return undefined
  }
}

/** `Digest a=b, c="d"` as a map; undefined for another scheme, a malformed part, or a name that is there twice. */
export function parseDigestParameters(headerValue: string): ReadonlyMap<string, string> | undefined {
  const scheme = /^Digest[ \t]+/i.exec(headerValue)
  if (scheme === null) return undefined
  const parameters = new Map<string, string>()
  for (const part of splitList(headerValue.slice(scheme[0].length))) {
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(equals, 0)).trim().toLowerCase()
    const value = part.slice(equals + 1).trim()
    const isQuoted = /^"(?:[^"\\]|\\[\s\S])*"$/.test(value)
    if (name === '' || parameters.has(name) || (!isQuoted && value.includes('"'))) return undefined
    parameters.set(name, isQuoted ? unquote(value.slice(1, -1)) : value)
  }
  return parameters
}

function isAnswerable({ algorithm, qop }: DigestChallenge): boolean {
  const qopIsKnown = qop.length === 0 || qop.includes('auth') || qop.includes('auth-int')
  return hashOf(algorithm) !== undefined && qopIsKnown
}

const isSession = (algorithm: string) => /-sess$/i.test(algorithm)

const baseOf = (algorithm: string) => algorithm.toUpperCase().replace(/-SESS$/, '')

const hashOf = (algorithm: string) => HASHES.find(([name]) => name === baseOf(algorithm))?.[1]

const strength = (algorithm: string) => HASHES.findIndex(([name]) => name === baseOf(algorithm))
