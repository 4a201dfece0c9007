import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SipMessage, SipRequest } from './message.ts'
import { type ParseFailure, parseSipMessage, SIP_LIMITS } from './parse.ts'
import { serializeSipMessage } from './serialize.ts'

const REQUIRED = [
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK74b;rport',
  'From: "Ada" <sip:ada@example.com>;tag=a1',
  'To: <sip:+31201234567@example.com>',
  'Call-ID: 3848276298220188511@192.0.2.1',
  'CSeq: 1 INVITE',
]

const bytes = (lines: readonly string[], body = '') => Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)

function invite(extra: readonly string[] = [], body = ''): Buffer {
  return bytes(
    ['INVITE sip:+31201234567@example.com SIP/2.0', ...REQUIRED, 'Max-Forwards: 70', ...extra],
    body,
  )
}

/** The INVITE with one of its headers in another form. */
const inviteWith = (name: string, ...lines: readonly string[]) =>
  bytes([
    'INVITE sip:b@example.com SIP/2.0',
    ...REQUIRED.flatMap((line) => (line.startsWith(`${name}:`) ? lines : [line])),
  ])

function parsed(datagram: Buffer): SipMessage {
  const message = parseSipMessage(datagram)
  if (message.kind === 'failure') assert.fail(message.reason)
  return message
}

function refused(datagram: Buffer): ParseFailure {
  const failure = parseSipMessage(datagram)
  if (failure.kind !== 'failure') assert.fail('was accepted')
  return failure
}

test('a request is read with its headers in wire order and its body as a view', () => {
  const datagram = invite(['Content-Type: application/sdp', 'Content-Length: 4'], 'v=0\n')

  const message = parsed(datagram) as SipRequest

  assert.equal(message.method, 'INVITE')
  assert.equal(message.uri, 'sip:+31201234567@example.com')
  assert.deepEqual(
    message.headers.entries.map(({ name }) => name),
    ['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Type', 'Content-Length'],
  )
  assert.equal(message.body.toString(), 'v=0\n')
  assert.equal(message.body.buffer, datagram.buffer)
})

test('a response is read, also with an empty reason phrase', () => {
  const ringing = parsed(bytes(['SIP/2.0 180 Ringing', ...REQUIRED]))
  assert.ok(ringing.kind === 'response' && ringing.status === 180 && ringing.reason === 'Ringing')

  for (const line of ['SIP/2.0 100 ', 'SIP/2.0 100']) {
    const trying = parsed(bytes([line, ...REQUIRED]))
    assert.ok(trying.kind === 'response' && trying.status === 100 && trying.reason === '')
  }
})

test('compact, lower-case and oddly written header names are the long canonical ones', () => {
  const message = parsed(
    bytes([
      'INVITE sip:b@example.com SIP/2.0',
      'v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
      'f: <sip:a@example.com>;tag=1',
      't:<sip:b@example.com>',
      'I  : abc',
      'cSEQ: 1 INVITE',
      'X-INTERNAL-thing : yes',
    ]),
  )

  assert.deepEqual(
    message.headers.entries.map(({ name }) => name),
    ['Via', 'From', 'To', 'Call-ID', 'CSeq', 'X-Internal-Thing'],
  )
  assert.equal(message.headers.get('x-internal-THING'), 'yes')
  assert.equal(message.headers.get('i'), 'abc')
})

test('a folded header becomes one line', () => {
  const message = parsed(invite(['Subject: one', '  two', '\tthree']))
  assert.equal(message.headers.get('Subject'), 'one two three')
})

test('lists are split at their commas; values that only contain commas are not', () => {
  const challenge = 'Digest realm="a,b", nonce="x", qop="auth,auth-int"'
  const message = parsed(
    invite([
      'Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2, SIP/2.0/TCP 192.0.2.3;branch=z9hG4bK3',
      'Contact: "Doe, Jane" <sip:j@example.com;x=1,2>;q=0.5, <sip:k@example.com>',
      `Proxy-Authenticate: ${challenge}`,
      'Date: Sat, 13 Nov 2010 23:29:00 GMT',
      'Supported: 100rel,,timer',
    ]),
  )

  assert.equal(message.headers.all('Via').length, 3)
  assert.deepEqual(message.headers.all('Contact'), [
    '"Doe, Jane" <sip:j@example.com;x=1,2>;q=0.5',
    '<sip:k@example.com>',
  ])
  assert.equal(message.headers.get('Contact'), '"Doe, Jane" <sip:j@example.com;x=1,2>;q=0.5')
  assert.deepEqual(message.headers.all('Proxy-Authenticate'), [challenge])
  assert.equal(message.headers.get('Date'), 'Sat, 13 Nov 2010 23:29:00 GMT')
  assert.deepEqual(message.headers.all('Supported'), ['100rel', 'timer'])
  assert.deepEqual(message.headers.all('Route'), [])
})

test('header values are UTF-8, or Latin-1 where they are not', () => {
  const utf8 = parsed(inviteWith('From', 'From: "Zoë 山" <sip:z@example.com>;tag=1'))
  assert.equal(utf8.headers.get('From'), '"Zoë 山" <sip:z@example.com>;tag=1')

  const latin1 = Buffer.from(
    inviteWith('From', 'From: "Zo\u00eb" <sip:z@example.com>;tag=1').toString(),
    'latin1',
  )
  assert.equal(parsed(latin1).headers.get('From'), '"Zoë" <sip:z@example.com>;tag=1')
})

test('a UTF-8 character that ends in a byte like a no-break space survives at the end of a value', () => {
  assert.equal(parsed(invite(['Subject: citt\u00e0'])).headers.get('Subject'), 'città')
})

test('bytes past Content-Length are ignored, and without it the body is the rest of the datagram', () => {
  assert.equal(parsed(invite(['Content-Length: 2'], 'abcd')).body.toString(), 'ab')
  assert.equal(parsed(invite([], 'abcd')).body.toString(), 'abcd')
  assert.equal(parsed(invite(['l: 0'], 'abcd')).body.length, 0)
})

test('a body shorter than announced is refused and can be answered', () => {
  const failure = refused(invite(['Content-Length: 5'], 'abcd'))
  assert.equal(failure.status, 400)
  assert.equal(failure.answerable?.headers.get('Call-ID'), '3848276298220188511@192.0.2.1')
})

test('line ends before a message are ignored; nothing but line ends is a keep-alive, not to be answered', () => {
  assert.equal(parsed(Buffer.concat([Buffer.from('\r\n\r\n'), invite()])).kind, 'request')
  for (const text of ['', '\r\n', '\r\n\r\n', '\n']) {
    const failure = refused(Buffer.from(text))
    assert.match(failure.reason, /keep-alive/)
    assert.equal(failure.answerable, undefined)
  }
})

test('a request that is wrong only in part can be answered', () => {
  const cases: [string, Buffer, status?: number][] = [
    ['negative length', invite(['Content-Length: -1'])],
    ['oversized length', invite(['Content-Length: 99999999999999999999'])],
    ['two lengths', invite(['Content-Length: 0', 'l: 0'])],
    ['two Call-IDs', invite(['Call-ID: other'])],
    ['two CSeqs', invite(['CSeq: 2 INVITE'])],
    ['two Tos', invite(['t: <sip:c@example.com>'])],
    ['another method in CSeq', inviteWith('CSeq', 'CSeq: 1 OPTIONS')],
    ['CSeq of 2^31', inviteWith('CSeq', 'CSeq: 2147483648 INVITE')],
    ['Max-Forwards of 256', bytes(['BYE sip:b@h SIP/2.0', ...byeHeaders(), 'Max-Forwards: 256'])],
    ['an open quote in To', inviteWith('To', 'To: "Mr. J <sip:j@example.com>')],
    ['a colonless line', invite(['garbage'])],
    ['a lone line feed', invite(['Subject: a\nEvil: b'])],
    ['a lone carriage return', invite(['Subject: a\rEvil: b'])],
    ['angle brackets and spaces around the URI', bytes(['INVITE <sip:b@h > SIP/2.0', ...REQUIRED])],
    ['two spaces', bytes(['INVITE  sip:b@h SIP/2.0', ...REQUIRED])],
    ['no empty line', Buffer.from(['INVITE sip:b@h SIP/2.0', ...REQUIRED].join('\r\n'))],
    ['another version', bytes(['INVITE sip:b@h SIP/7.0', ...REQUIRED]), 505],
    ['a long value', invite([`Subject: ${'x'.repeat(SIP_LIMITS.headerValueBytes + 1)}`]), 513],
    ['many lines', invite(Array.from({ length: SIP_LIMITS.headerLines }, (_, n) => `X-${n}: 1`)), 513],
    [
      'many of a kind',
      invite(Array.from({ length: SIP_LIMITS.linesOfOneHeader + 1 }, () => 'Accept: a/b')),
      513,
    ],
  ]
  for (const [what, datagram, status = 400] of cases) {
    const failure = refused(datagram)
    assert.equal(failure.status, status, what)
    assert.equal(failure.answerable?.headers.get('Call-ID'), '3848276298220188511@192.0.2.1', what)
    assert.equal(failure.answerable?.headers.all('CSeq').length, 1, what)
  }
})

function byeHeaders(): string[] {
  return REQUIRED.map((line) => (line.startsWith('CSeq') ? 'CSeq: 2 BYE' : line))
}

test('garbage, broken responses, ACKs and requests without a way back are dropped, not answered', () => {
  const cases: [string, Buffer][] = [
    ['garbage', Buffer.from('\x16\x03\x01\x02\x00 hello\r\n\r\n')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: h\r\n\r\n')],
    ['a status above 699', bytes(['SIP/2.0 4294967301 better not break', ...REQUIRED])],
    ['a response with a bad CSeq', bytes(['SIP/2.0 200 OK', ...REQUIRED.slice(0, 4), 'CSeq: x INVITE'])],
    ['a broken ACK', bytes(['ACK sip:b@h SIP/2.0', ...REQUIRED])],
    ['no Via', inviteWith('Via')],
    ['a Via without a host', inviteWith('Via', 'Via: SIP/2.0/UDP ;branch=z9hG4bK1')],
    ['no From', inviteWith('From')],
    ['no Call-ID', inviteWith('Call-ID')],
    ['an endless header block', Buffer.from(`INVITE sip:b@h SIP/2.0\r\n${'A: b\r\n'.repeat(8_000)}`)],
  ]
  for (const [what, datagram] of cases) assert.equal(refused(datagram).answerable, undefined, what)
})

test('a message of exactly the largest size is read; one byte more is refused', () => {
  const room = SIP_LIMITS.messageBytes - invite().length
  assert.equal(parsed(invite([], 'x'.repeat(room))).body.length, room)
  assert.equal(refused(invite([], 'x'.repeat(room + 1))).status, 513)
})

test('no bytes make the parser throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (some) => void parseSipMessage(Buffer.from(some))),
    { numRuns: 2_000 },
  )
})

test('no change to a valid message makes the parser throw, and what it accepts survives being written', () => {
  const valid = invite(
    ['Contact: <sip:a@192.0.2.1:5060;transport=udp>', 'Content-Type: text/plain', 'l: 4'],
    'body',
  )
  const mutation = fc.record({
    at: fc.nat(valid.length),
    remove: fc.nat(8),
    insert: fc.oneof(
      fc.constantFrom('\r\n', ' ', ';', '"', '<', '>', '%', ',', '\0', '@', 'é'),
      fc.string({ maxLength: 6 }),
    ),
  })
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      let datagram = valid
      for (const { at, remove, insert } of mutations) {
        datagram = Buffer.concat([
          datagram.subarray(0, at),
          Buffer.from(insert),
          datagram.subarray(Math.min(at + remove, datagram.length)),
        ])
      }
      const first = parseSipMessage(datagram)
      if (first.kind === 'failure') return
      const again = parsed(serializeSipMessage(first))
      const content = (message: SipMessage) =>
        message.headers.entries.filter(({ name }) => name !== 'Content-Length')
      assert.deepEqual(content(again), content(first))
      assert.deepEqual(again.body, first.body)
    }),
    { numRuns: 3_000 },
  )
})

test('hostile repetition does not take more than linear time', () => {
  const long = SIP_LIMITS.headerBlockBytes - 2_000
  const hostile = [
    bytes([`INVITE ${' '.repeat(long)}x`, ...REQUIRED]),
    bytes([`INVITE sip:${'a'.repeat(long)}`, ...REQUIRED]),
    invite([`Subject: ${' '.repeat(8_000)}\r${' '.repeat(100)}`]),
    invite([`Via: ${','.repeat(8_000)}`]),
    invite(Array.from({ length: 10_000 }, () => 'a')),
    invite([`Subject: ${'\r'.repeat(8_000)}`]),
    inviteWith('To', `To: "${'\\a'.repeat(4_000)}`),
    inviteWith('To', `To: <sip:b@h>${' '.repeat(7_900)}x`),
    inviteWith('To', `To: <sip:b@h>${';a'.repeat(3_900)}`),
    inviteWith('Via', `Via: SIP/2.0/UDP ${'a'.repeat(255)}${' '.repeat(7_000)}x`),
    inviteWith('CSeq', `CSeq: 1${' '.repeat(8_000)}`),
  ]
  for (const [index, datagram] of hostile.entries()) {
    const before = process.cpuUsage()
    parseSipMessage(datagram)
    const { user, system } = process.cpuUsage(before)
    assert.ok(user + system < 20_000, `message ${index} took ${user + system} µs`)
  }
})
