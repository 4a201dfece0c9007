import { timingSafeEqual } from 'node:crypto'
import { type DigestChallenge, type DigestRequest, digestResponse, parseDigestParameters } from './digest.ts'
import { quote } from './parameters.ts'
import { parseSipUri, sameUri } from './uri.ts'

/** What a server knows, to judge an Authorization by. */
export interface VerificationContext {
  readonly realm: string
  /** Algorithms that were offered, as in the challenge. */
  readonly algorithms: readonly string[]
  readonly passwordOf: (username: string) => string | undefined
  /** Whether we made the nonce, it is young enough, and this count of it was not seen before. */
  readonly judgeNonce: (nonce: string, nonceCount: number) => 'good' | 'stale' | 'unknown'
}

/** `stale`: the password was right, but a new nonce is needed; challenge again with stale=true. */
export type Verification =
  | { readonly result: 'verified'; readonly username: string }
  | { readonly result: 'stale' | 'refused' }

const REFUSED: Verification = { result: 'refused' }

/**
 * Judges the value of Authorization or Proxy-Authorization (RFC 3261 §22.4, RFC 7616 §3.4.6). A qop is demanded: without
 * one there is no count, and so no guard against replays. A user that does not exist costs as much time as a wrong password.
 */
export function verifyAuthorization(
  headerValue: string,
  request: DigestRequest,
  context: VerificationContext,
): Verification {
  const parameters = parseDigestParameters(headerValue)
  if (parameters === undefined) return REFUSED
  const part = (name: string) => parameters.get(name) ?? ''
  const algorithm = parameters.get('algorithm') ?? 'MD5'
  const nonceCount = part('nc')
  const acceptable =
    part('realm') === context.realm &&
    context.algorithms.some((offered) => offered.toUpperCase() === algorithm.toUpperCase()) &&
    /^[0-9a-f]{8}$/i.test(nonceCount) &&
    part('cnonce') !== '' &&
    sameResource(part('uri'), request.uri)
  if (!acceptable) return REFUSED

  const username = part('username')
  const password = context.passwordOf(username)
  const expected = digestResponse({
    ...{ username, password: password ?? '', realm: context.realm, nonce: part('nonce'), algorithm },
    ...{ qop: part('qop').toLowerCase(), cnonce: part('cnonce'), nonceCount },
    ...{ method: request.method, uri: part('uri'), body: request.body },
  })
  if (expected === undefined || !sameDigest(expected, part('response')) || password === undefined)
    return REFUSED
  switch (context.judgeNonce(part('nonce'), Number.parseInt(nonceCount, 16))) {
    case 'good':
      return { result: 'verified', username }
    case 'stale':
      return { result: 'stale' }
    case 'unknown':
      return REFUSED
  }
}

/** Writes the value of WWW-Authenticate or Proxy-Authenticate. */
export function serializeChallenge({ realm, nonce, opaque, algorithm, qop, stale }: DigestChallenge): string {
  const parts = [`realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `algorithm=${algorithm}`]
  if (qop.length > 0) parts.push(`qop="${qop.join(',')}"`)
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`)
  if (stale) parts.push('stale=true')
  return `Digest ${parts.join(', ')}`
}

function sameDigest(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b.toLowerCase())]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** The answer must be for this request's target, however it is spelled (RFC 3261 §22.4). */
function sameResource(answered: string, requested: string): boolean {
  if (answered === requested) return true
  const [a, b] = [parseSipUri(answered), parseSipUri(requested)]
  return a !== undefined && b !== undefined && sameUri(a, b)
}
