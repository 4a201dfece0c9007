import { createHash } from 'node:crypto'

export type DigestAlgorithm = 'MD5' | 'SHA-256'

export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly algorithm: DigestAlgorithm
  /** Without it the older computation of RFC 2069 is asked for. */
  readonly qop?: 'auth' | undefined
  readonly opaque?: string | undefined
}

/** The value of a WWW-Authenticate or Proxy-Authenticate header (RFC 8760). */
export function writeChallenge({ realm, nonce, algorithm, qop, opaque }: DigestChallenge): string {
  const parts = [`realm="${realm}"`, `nonce="${nonce}"`, `algorithm=${algorithm}`]
  if (qop) parts.push(`qop="${qop}"`)
  if (opaque) parts.push(`opaque="${opaque}"`)
  return `Digest ${parts.join(', ')}`
}

/** The parameters of a challenge or of credentials, without their quotes. */
export function readDigest(value: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, name = '', quoted, bare] of value
    .replace(/^\s*Digest\s+/i, '')
    .matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/g)) {
    found[name.toLowerCase()] = quoted ?? bare ?? ''
  }
  return found
}

/** What a digest is computed over (RFC 2617 §3.2.2). */
interface DigestInput {
  readonly user: string
  readonly password: string
  readonly method: string
  readonly uri: string
  readonly realm: string
  readonly nonce: string
  readonly algorithm: string
  readonly qop: string | undefined
  readonly nc: string | undefined
  readonly cnonce: string | undefined
}

function response(input: DigestInput): string {
  const { user, password, method, uri, realm, nonce, algorithm, qop, nc, cnonce } = input
  const hash = (text: string) =>
    createHash(algorithm.toUpperCase() === 'SHA-256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex')
  const secret = hash(`${user}:${realm}:${password}`)
  const request = hash(`${method}:${uri}`)
  return qop
    ? hash(`${secret}:${nonce}:${nc}:${cnonce}:${qop}:${request}`)
    : hash(`${secret}:${nonce}:${request}`)
}

/** Checks the credentials of a request against the challenge that it answers; says what is wrong, or nothing. */
export function faultOfCredentials(
  credentials: string | undefined,
  challenge: DigestChallenge,
  { user, password, method }: { readonly user: string; readonly password: string; readonly method: string },
): string | undefined {
  if (credentials === undefined) return 'no credentials'
  const given = readDigest(credentials)
  const { username, realm, nonce, algorithm = 'MD5', uri = '', qop, nc, cnonce, opaque } = given
  if (username !== user) return `user is ${username}, expected ${user}`
  if (realm !== challenge.realm) return `realm is ${realm}, expected ${challenge.realm}`
  if (nonce !== challenge.nonce) return 'another nonce'
  if (algorithm !== challenge.algorithm) return `algorithm is ${algorithm}, expected ${challenge.algorithm}`
  if (qop !== challenge.qop) return `qop is ${qop}, expected ${challenge.qop}`
  if (opaque !== challenge.opaque) return 'another opaque value'
  const expected = response({ user, password, method, uri, realm, nonce, algorithm, qop, nc, cnonce })
  const { response: found } = given
  return found === expected ? undefined : 'wrong response'
}

/** The credentials that answer a challenge header. */
export function answerChallenge(
  challenge: string,
  {
    user,
    password,
    method,
    uri,
  }: { readonly user: string; readonly password: string; readonly method: string; readonly uri: string },
): string {
  const { realm = '', nonce = '', algorithm = 'MD5', qop: offered, opaque } = readDigest(challenge)
  const qop = offered?.split(',').some((option) => option.trim() === 'auth') ? 'auth' : undefined
  const nc = '00000001'
  const cnonce = '0a4f113b'
  const digest = response({ user, password, method, uri, realm, nonce, algorithm, qop, nc, cnonce })
  const parts = [
    `username="${user}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    `response="${digest}"`,
    `algorithm=${algorithm}`,
  ]
  if (qop) parts.push(`qop=${qop}`, `nc=${nc}`, `cnonce="${cnonce}"`)
  if (opaque !== undefined) parts.push(`opaque="${opaque}"`)
  return `Digest ${parts.join(', ')}`
}
