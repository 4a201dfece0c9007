import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSessionDescription } from './parse.ts'
import { serializeSessionDescription } from './serialize.ts'
import { SDP_LIMITS, type SessionDescription } from './session-description.ts'

const OFFER = [
  'v=0',
  'o=alice 2890844526 2890844527 IN IP4 198.51.100.1',
  's=Call with a view',
  'i=ignored',
  'c=IN IP4 198.51.100.1',
  'b=AS:128',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'm=audio 49170/2 RTP/AVP 0 8 97',
  'a=rtpmap:97 iLBC/8000',
  'a=fmtp:97 mode=20',
  'm=video 51372 RTP/AVP 31',
  'c=IN IP6 2001:db8::2',
  'a=recvonly',
]

const text = (lines: readonly string[], end = '\r\n') => lines.map((line) => line + end).join('')

function parsed(sdp: string): SessionDescription {
  const session = parseSessionDescription(sdp)
  if ('kind' in session) assert.fail(session.reason)
  return session
}

function reasonFor(sdp: string): string {
  const session = parseSessionDescription(sdp)
  if (!('kind' in session)) assert.fail('was accepted')
  return session.reason
}

test('a session with two media is read', () => {
  assert.deepEqual(parsed(text(OFFER)), {
    origin: {
      username: 'alice',
      sessionId: '2890844526',
      sessionVersion: '2890844527',
      addressType: 'IP4',
      address: '198.51.100.1',
    },
    sessionName: 'Call with a view',
    connection: { addressType: 'IP4', address: '198.51.100.1' },
    timing: '0 0',
    attributes: [{ name: 'group', value: 'BUNDLE 0 1' }],
    media: [
      {
        media: 'audio',
        port: 49_170,
        protocol: 'RTP/AVP',
        formats: ['0', '8', '97'],
        attributes: [
          { name: 'rtpmap', value: '97 iLBC/8000' },
          { name: 'fmtp', value: '97 mode=20' },
        ],
      },
      {
        media: 'video',
        port: 51_372,
        protocol: 'RTP/AVP',
        formats: ['31'],
        connection: { addressType: 'IP6', address: '2001:db8::2' },
        attributes: [{ name: 'recvonly' }],
      },
    ],
  })
})

test('what was read is written, and read again as the same', () => {
  const session = parsed(text(OFFER))
  assert.deepEqual(parsed(serializeSessionDescription(session)), session)
})

test('bare line feeds, a missing last line end, blanks at line ends and missing s= and t= are taken', () => {
  const lenient = OFFER.filter((line) => !/^[st]=/.test(line)).map((line) => `${line} `)
  const session = parsed(text(lenient, '\n').trimEnd())
  assert.equal(session.media.length, 2)
  assert.deepEqual([session.sessionName, session.timing], ['-', '0 0'])
})

test('TTL and count after a multicast address are left out', () => {
  const session = parsed('v=0\no=- 1 1 IN IP4 h\nc=IN IP4 224.2.1.1/127/3\n')
  assert.deepEqual(session.connection, { addressType: 'IP4', address: '224.2.1.1' })
})

test('what is malformed is refused with what was found', () => {
  const base = ['v=0', 'o=- 1 1 IN IP4 192.0.2.1']
  const cases: [RegExp, string][] = [
    [/v=0/, ''],
    [/v=0/, text(['v=1', ...base.slice(1)])],
    [/no o=/, 'v=0\r\n'],
    [/o= line/, 'v=0\r\no=- 1\r\n'],
    [/o= line/, text([...base, base[1] ?? ''])],
    [/letter=value/, text([...base, 'garbage'])],
    [/letter=value/, text([...base, 'a=x\ry'])],
    [/c= line/, text([...base, 'c=IN IP4'])],
    [/c= line/, text([...base, 'c=IN IP4 a b'])],
    [/t= line/, text([...base, 't=now'])],
    [/a= line/, text([...base, 'a=:x'])],
    [/m= line/, text([...base, 'm=audio'])],
    [/m= line/, text([...base, 'm=audio x RTP/AVP 0'])],
    [/m= line/, text([...base, 'm=audio -5 RTP/AVP 0'])],
    [/m= line/, text([...base, 'm=audio 5 RTP/AVP'])],
    [/65535/, text([...base, 'm=audio 65536 RTP/AVP 0'])],
    [/too many media/, text([...base, ...Array.from({ length: 500 }, () => 'm=audio 5000 RTP/AVP 0')])],
    [/too many lines/, text([...base, ...Array.from({ length: 10_000 }, () => 'a=x')])],
    [/too many formats/, text([...base, `m=audio 5000 RTP/AVP ${'0 '.repeat(200)}`])],
    [/too long/, text([...base, `a=${'x'.repeat(SDP_LIMITS.characters)}`])],
  ]
  for (const [reason, sdp] of cases) assert.match(reasonFor(sdp), reason, sdp.slice(0, 60))
})

test('no text makes the parser throw, and what it accepts survives being written', () => {
  const line = fc.oneof(
    fc.constantFrom(
      ...OFFER,
      'a=',
      'm=audio 1 RTP/AVP  0',
      'c=IN IP4 0.0.0.0',
      '\r',
      's=',
      'o=- 1 1 IN IP6 ::',
    ),
    fc.string({ maxLength: 20 }),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 14 }), fc.boolean(), (lines, crlf) => {
      const session = parseSessionDescription(`v=0\r\n${text(lines, crlf ? '\r\n' : '\n')}`)
      if (!('kind' in session)) assert.deepEqual(parsed(serializeSessionDescription(session)), session)
    }),
    { numRuns: 2_000 },
  )
})

test('64 KB of hostile text cost no more than a few milliseconds', () => {
  const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n'
  const room = SDP_LIMITS.characters - 100
  const hostile = [
    `${head}m=audio 5000 RTP/AVP ${' '.repeat(room)}`,
    `${head}a=${' '.repeat(room)}x`,
    `${head}c=IN IP4 ${'1'.repeat(room)}`,
    `${head}${'a=x\r\n'.repeat(1_900)}`,
    `v=0\r\no=${'- '.repeat(room / 2)}`,
  ]
  for (const [index, sdp] of hostile.entries()) {
    const before = process.cpuUsage()
    parseSessionDescription(sdp)
    const { user, system } = process.cpuUsage(before)
    assert.ok(user + system < 20_000, `text ${index} took ${user + system} µs`)
  }
})
