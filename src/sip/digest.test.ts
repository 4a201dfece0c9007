import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Ids } from '../runtime/ids.ts'
import {
  answerChallenge,
  chooseChallenge,
  digestResponse,
  parseChallenge,
  parseDigestParameters,
} from './digest.ts'
import { serializeChallenge, type VerificationContext, verifyAuthorization } from './digest-verification.ts'

const idsOf = (token: string): Ids => ({ uuid: () => token, token: () => token })
const request = { method: 'GET', uri: '/dir/index.html', body: Buffer.alloc(0) }
const register = { method: 'REGISTER', uri: 'sip:example.com', body: Buffer.from('v=0') }

function challengeOf(text: string) {
  const challenge = parseChallenge(text)
  if (challenge === undefined) assert.fail(text)
  return challenge
}

test('the example of RFC 2617 §3.5 comes out', () => {
  const challenge = challengeOf(
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
  )
  const credentials = { username: 'Mufasa', password: 'Circle Of Life' }

  const answer = answerChallenge(challenge, credentials, request, { ids: idsOf('0a4f113b') })

  assert.equal(
    answer,
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
      'uri="/dir/index.html", response="6629fae49393a05397450978507c4ef1", algorithm=MD5, cnonce="0a4f113b", ' +
      'qop=auth, nc=00000001, opaque="5ccc069c403ebaf9f0171e9517f40e41"',
  )
})

test('the examples of RFC 7616 §3.9.1 come out, the stronger algorithm chosen', () => {
  const [md5, sha256] = ['MD5', 'SHA-256'].map(
    (algorithm) =>
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
      'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
  ) as [string, string]
  const credentials = { username: 'Mufasa', password: 'Circle of Life' }
  const ids = idsOf('f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ')
  const answerTo = (challenge: string) =>
    answerChallenge(challengeOf(challenge), credentials, request, { ids })

  assert.match(answerTo(md5) ?? '', /response="8ca523f5e9506fed4657c9700eebdbec"/)
  assert.match(
    answerTo(sha256) ?? '',
    /response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"/,
  )
  assert.equal(chooseChallenge([md5, sha256], credentials)?.algorithm, 'SHA-256')
  assert.equal(chooseChallenge([sha256, md5], credentials)?.algorithm, 'SHA-256')
})

test('the example of RFC 7616 §3.9.2 proves SHA-512-256', () => {
  const response = digestResponse({
    username: 'J\u00e4s\u00f8n Doe',
    password: 'Secret, or not?',
    realm: 'api@example.org',
    nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
    algorithm: 'SHA-512-256',
    qop: 'auth',
    cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
    nonceCount: '00000001',
    method: 'GET',
    uri: '/doe.json',
    body: Buffer.alloc(0),
  })
  // As erratum 4897 has it: the RFC's own value was computed with a draft of SHA-512-256.
  assert.equal(response, '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5')
})

test('a server of RFC 2069 is answered without cnonce and count', () => {
  const challenge = challengeOf('Digest realm="r", nonce="n"')
  const answer = answerChallenge(challenge, { username: 'u', password: 'p' }, request, { ids: idsOf('c') })
  assert.doesNotMatch(answer ?? '', /cnonce|nc=|qop/)
})

test('auth-int covers the body, and is used only where auth is not offered', () => {
  const credentials = { username: 'u', password: 'p' }
  const answerTo = (qop: string, body: string) =>
    answerChallenge(
      challengeOf(`Digest realm="r", nonce="n", qop="${qop}"`),
      credentials,
      { ...register, body: Buffer.from(body) },
      { ids: idsOf('c') },
    )

  assert.match(answerTo('auth-int', 'a') ?? '', /qop=auth-int/)
  assert.notEqual(answerTo('auth-int', 'a'), answerTo('auth-int', 'b'))
  assert.match(answerTo('auth-int,auth', 'a') ?? '', /qop=auth,/)
  assert.equal(answerTo('auth-int,auth', 'a'), answerTo('auth-int,auth', 'b'))
})

test('the count goes into the answer as eight hexadecimal digits', () => {
  const challenge = challengeOf('Digest realm="r", nonce="n", qop="auth"')
  const answer = answerChallenge(challenge, { username: 'u', password: 'p' }, request, {
    ids: idsOf('c'),
    nonceCount: 27,
  })
  assert.match(answer ?? '', /nc=0000001b/)
})

test('a challenge that we can’t or may not answer is not answered', () => {
  const credentials = { username: 'u', password: 'p', realm: 'carrier' }
  const refused = [
    'Digest realm="carrier", nonce="n", algorithm=SHA3-512',
    'Digest realm="carrier", nonce="n", qop="token"',
    'Digest realm="stranger", nonce="n"',
    'Digest realm="carrier"',
    'Digest realm="carrier", nonce="n", nonce="m"',
    'Basic realm="carrier"',
    '',
  ]
  for (const value of refused) assert.equal(chooseChallenge([value], credentials), undefined, value)
  assert.ok(chooseChallenge([...refused, 'Digest realm="carrier", nonce="n"'], credentials))
  const unknown = challengeOf('Digest realm="r", nonce="n", algorithm=SHA3-512')
  assert.equal(answerChallenge(unknown, credentials, request, { ids: idsOf('c') }), undefined)
})

test('without a realm in the credentials the first challenge names it', () => {
  const values = ['Digest realm="a", nonce="1"', 'Digest realm="b", nonce="2", algorithm=SHA-256']
  assert.equal(chooseChallenge(values, { username: 'u', password: 'p' })?.realm, 'a')
})

const context: VerificationContext = {
  realm: 'linnet',
  algorithms: ['SHA-256', 'MD5', 'SHA-256-sess'],
  passwordOf: (username) => (username === 'ada' ? 'secret' : undefined),
  judgeNonce: (nonce) => (nonce === 'fresh' ? 'good' : nonce === 'old' ? 'stale' : 'unknown'),
}

function answered(changes: {
  nonce?: string
  algorithm?: string
  qop?: string[]
  username?: string
  password?: string
}) {
  const {
    nonce = 'fresh',
    algorithm = 'SHA-256',
    qop = ['auth'],
    username = 'ada',
    password = 'secret',
  } = changes
  const challenge = challengeOf(
    serializeChallenge({ realm: 'linnet', nonce, algorithm, qop, stale: false, opaque: 'o"p' }),
  )
  const answer = answerChallenge(challenge, { username, password }, register, { ids: idsOf('c0ffee') })
  if (answer === undefined) assert.fail('no answer')
  return answer
}

test('what our client answers, our server verifies, for every algorithm and qop', () => {
  for (const algorithm of context.algorithms) {
    for (const qop of [['auth'], ['auth-int']]) {
      const result = verifyAuthorization(answered({ algorithm, qop }), register, context)
      assert.deepEqual(result, { result: 'verified', username: 'ada' }, `${algorithm} ${qop}`)
    }
  }
})

test('an old nonce is stale only for who knows the password', () => {
  assert.equal(verifyAuthorization(answered({ nonce: 'old' }), register, context).result, 'stale')
  const guess = answered({ nonce: 'old', password: 'guess' })
  assert.equal(verifyAuthorization(guess, register, context).result, 'refused')
})

test('anything that does not fit is refused', () => {
  const good = answered({})
  const refused = [
    answered({ password: 'guess' }),
    answered({ username: 'bob' }),
    answered({ username: 'bob', password: '' }),
    answered({ nonce: 'made up' }),
    answered({ qop: [] }),
    answered({ algorithm: 'SHA-512-256' }),
    good.replace('nc=00000001', 'nc=1'),
    good.replace('nc=00000001', 'nc=00000002'),
    good.replace('uri="sip:example.com"', 'uri="sip:example.org"'),
    good.replace('realm="linnet"', 'realm="other"'),
    good.replace(/response="[^"]*"/, 'response=""'),
    'Digest',
    'Basic YTpi',
    '',
  ]
  for (const value of refused) {
    assert.equal(verifyAuthorization(value, register, context).result, 'refused', value)
  }
  assert.equal(verifyAuthorization(good, { ...register, method: 'INVITE' }, context).result, 'refused')
  const signed = answered({ qop: ['auth-int'] })
  assert.equal(
    verifyAuthorization(signed, { ...register, body: Buffer.from('x') }, context).result,
    'refused',
  )
})

test('the Request-URI may be spelled otherwise', () => {
  const result = verifyAuthorization(answered({}), { ...register, uri: 'sip:EXAMPLE.com' }, context)
  assert.equal(result.result, 'verified')
})

test('no text makes the parsers throw', () => {
  const pieces = fc.constantFrom(
    'Digest ',
    'realm=',
    'nonce=',
    '"',
    '\\',
    ',',
    '=',
    'a',
    'algorithm=md5',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 16 }), (some) => {
      parseDigestParameters(some.join(''))
      verifyAuthorization(`Digest ${some.join('')}`, register, context)
    }),
  )
})
