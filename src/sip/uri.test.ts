import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SipUri } from './message.ts'
import { parseSipUri, sameUri, serializeSipUri } from './uri.ts'

function uri(text: string): SipUri {
  const parsed = parseSipUri(text)
  if (parsed === undefined) assert.fail(`no URI: ${text}`)
  return parsed
}

test('all parts of a SIP URI are read and unescaped', () => {
  assert.deepEqual(
    uri('sips:al%20ice:se%3Acret@Example.com:5061;Transport=tcp;lr;a%3Db=c%3Bd?subject=x%20y&p=1'),
    {
      scheme: 'sips',
      user: 'al ice',
      password: 'se:cret',
      host: 'Example.com',
      port: 5061,
      parameters: new Map([
        ['transport', 'tcp'],
        ['lr', ''],
        ['a=b', 'c;d'],
      ]),
      headers: 'subject=x%20y&p=1',
    },
  )
})

test('a bare host, an IPv6 host and a telephone number are read', () => {
  assert.deepEqual(uri('SIP:192.0.2.1'), { scheme: 'sip', host: '192.0.2.1', parameters: new Map() })
  assert.equal(uri('sip:a@[2001:db8::10]:5070;x').host, '2001:db8::10')
  assert.equal(uri('sip:a@[2001:db8::10]:5070').port, 5070)
  assert.deepEqual(uri('tel:+31-20(123)45.67;phone-context=example.com'), {
    scheme: 'tel',
    user: '+31-20(123)45.67',
    host: '',
    parameters: new Map([['phone-context', 'example.com']]),
  })
})

test('the characters that RFC 4475 §3.1.1.2 crowds into a user part are not mistaken for anything else', () => {
  const crowded = uri(
    "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
  )
  assert.equal(crowded.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
  assert.equal(crowded.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
  assert.equal(crowded.host, 'example.com')
})

test('what is no URI, or names two hosts, is refused', () => {
  const refused = [
    '',
    'sip:',
    'alice@example.com',
    'http://example.com',
    'sip:@example.com',
    'sip:a@b@example.com',
    'sip:a@exa mple.com',
    'sip:a@example.com\r\n',
    'sip:a@example.com:0',
    'sip:a@example.com:65536',
    'sip:a@example.com:x',
    'sip:a@2001:db8::1',
    'sip:a@[2001:db8::1',
    'sip:a@[fe80::1%25eth0]',
    'sip:a%4@example.com',
    'sip:a%ff@example.com',
    'sip:a@example.com;',
    'sip:a@example.com;;lr',
    'sip:a@example.com;maddr=192.0.2.1;maddr=192.0.2.2',
    '<sip:a@example.com>',
    'tel:',
    'tel:abc?',
    `sip:${'a'.repeat(3_000)}@example.com`,
  ]
  for (const text of refused) assert.equal(parseSipUri(text), undefined, text)
})

test('what is written is escaped, and nothing can be smuggled into another part', () => {
  const parameters = new Map([['x', 'a;b=c@d']])
  assert.equal(
    serializeSipUri({
      scheme: 'sip',
      user: 'a@evil;?#ü',
      password: 'p:q',
      host: '::1',
      port: 5060,
      parameters,
    }),
    'sip:a%40evil;?%23%C3%BC:p%3Aq@[::1]:5060;x=a%3Bb%3Dc%40d',
  )
  assert.equal(serializeSipUri(uri('tel:+1-201;isub=1')), 'tel:+1-201;isub=1')
})

test('every URI survives being written and read', () => {
  const text = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  const generated = fc.record(
    {
      scheme: fc.constantFrom('sip' as const, 'sips' as const),
      user: text,
      host: fc.constantFrom('example.com', '192.0.2.1', '2001:db8::1', 'a_b'),
      port: fc.integer({ min: 1, max: 65_535 }),
      parameters: fc.array(fc.tuple(text, fc.string({ maxLength: 8, unit: 'grapheme' })), { maxLength: 3 }),
    },
    { requiredKeys: ['scheme', 'host', 'parameters'] },
  )
  fc.assert(
    fc.property(generated, (parts) => {
      const value = {
        ...parts,
        parameters: new Map(parts.parameters.map(([name, some]) => [name.toLowerCase(), some])),
      }
      assert.deepEqual(parseSipUri(serializeSipUri(value)), value)
    }),
  )
})

test('no text makes the parser throw, and what it accepts it accepts again once written', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom('sip:', '@', ':', ';', '?', '=', '%41', '[', ']', '::', 'a', '1'),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(pieces, (some) => {
      const parsed = parseSipUri(`sip:${some.join('')}`)
      if (parsed !== undefined) assert.deepEqual(parseSipUri(serializeSipUri(parsed)), parsed)
    }),
    { numRuns: 2_000 },
  )
})

test('the equal URIs of RFC 3261 §19.1.4 are equal', () => {
  const pairs = [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtlanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;newparam=5'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['tel:+1-201-555-0123', 'tel:+12015550123'],
  ] as const
  for (const [a, b] of pairs) {
    assert.ok(sameUri(uri(a), uri(b)), `${a} ${b}`)
    assert.ok(sameUri(uri(b), uri(a)), `${b} ${a}`)
  }
})

test('the different URIs of RFC 3261 §19.1.4 are different', () => {
  const pairs = [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@h', 'sips:a@h'],
    ['tel:+1201', 'tel:+1201;isub=2'],
    ['tel:+1201;a=1;b=2', 'tel:+1201;a=1;c=2'],
  ] as const
  for (const [a, b] of pairs) {
    assert.ok(!sameUri(uri(a), uri(b)), `${a} ${b}`)
    assert.ok(!sameUri(uri(b), uri(a)), `${b} ${a}`)
  }
})
