import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NegotiatedAudio } from './negotiation.ts'
import { acceptAnswer, answerOffer, createOffer } from './offer-answer.ts'

const local = { address: '192.0.2.10', port: 20_000, sessionId: 42, sessionVersion: 1 }

/** An offer or answer of the far end: the session part, then these lines. */
const remote = (...lines: readonly string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 198.51.100.7', 's=-', 'c=IN IP4 198.51.100.7', 't=0 0', ...lines, ''].join('\r\n')

const audioLine = 'm=audio 30000 RTP/AVP 0'

function answered(offer: string) {
  const answer = answerOffer(offer, local)
  if ('refused' in answer) assert.fail(answer.detail)
  return answer
}

function refusedOffer(offer: string) {
  const answer = answerOffer(offer, local)
  if (!('refused' in answer)) assert.fail(answer.sdp)
  return answer.refused
}

function accepted(answer: string): NegotiatedAudio {
  const audio = acceptAnswer(answer, createOffer(local))
  if ('refused' in audio) assert.fail(audio.detail)
  return audio
}

test('our offer names both codecs and telephone-event', () => {
  assert.equal(
    createOffer(local),
    [
      'v=0',
      'o=- 42 1 IN IP4 192.0.2.10',
      's=-',
      'c=IN IP4 192.0.2.10',
      't=0 0',
      'm=audio 20000 RTP/AVP 0 8 101',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ].join('\r\n'),
  )
  assert.match(createOffer({ ...local, address: '2001:db8::1' }), /^c=IN IP6 2001:db8::1\r$/m)
})

test('the answer has one codec, the offerer’s first that we have, and its telephone-event', () => {
  const { sdp, audio } = answered(
    remote(
      'm=audio 30000 RTP/AVP 9 111 8 0 96 100',
      'a=rtpmap:111 opus/48000/2',
      'a=rtpmap:96 telephone-event/48000',
      'a=rtpmap:100 Telephone-Event/8000',
      'a=fmtp:100 0-16',
      'a=ptime:30',
    ),
  )

  assert.deepEqual(audio, {
    address: '198.51.100.7',
    port: 30_000,
    codec: 'PCMA',
    payloadType: 8,
    telephoneEventPayloadType: 100,
    direction: 'sendrecv',
  })
  assert.equal(
    sdp,
    [
      'v=0',
      'o=- 42 1 IN IP4 192.0.2.10',
      's=-',
      'c=IN IP4 192.0.2.10',
      't=0 0',
      'm=audio 20000 RTP/AVP 8 100',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:100 telephone-event/8000',
      'a=fmtp:100 0-15',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ].join('\r\n'),
  )
})

test('static payload types need no rtpmap, dynamic ones may mean G.711 too, and a rebound static type means what it says', () => {
  const bare = answered(remote('m=audio 30000 RTP/AVP 18 0')).audio
  assert.deepEqual([bare.codec, bare.payloadType, bare.telephoneEventPayloadType], ['PCMU', 0, undefined])

  const dynamic = answered(
    remote('m=audio 30000 RTP/AVP 0 97', 'a=rtpmap:0 L16/8000', 'a=rtpmap:97 pcma/8000/1'),
  )
  assert.deepEqual([dynamic.audio.codec, dynamic.audio.payloadType], ['PCMA', 97])
  assert.match(dynamic.sdp, /m=audio 20000 RTP\/AVP 97\r\na=rtpmap:97 PCMA\/8000/)
})

test('other media are refused in their places', () => {
  const { sdp } = answered(
    remote(
      'm=video 40000 RTP/AVP 31 32',
      'm=audio 31000 RTP/SAVP 0',
      'm=audio 32000 RTP/AVP 18',
      audioLine,
      'm=audio 33000 RTP/AVP 8',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    ),
  )
  assert.deepEqual(
    sdp.split('\r\n').filter((line) => line.startsWith('m=')),
    [
      'm=video 0 RTP/AVP 31',
      'm=audio 0 RTP/SAVP 0',
      'm=audio 0 RTP/AVP 18',
      'm=audio 20000 RTP/AVP 0',
      'm=audio 0 RTP/AVP 8',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
    ],
  )
})

test('offers without anything for us are refused with the cause', () => {
  assert.equal(refusedOffer(remote('m=audio 30000 RTP/AVP 18 3', 'a=fmtp:18')), 'noCommonCodec')
  assert.equal(refusedOffer(remote('m=audio 30000 RTP/SAVP 0')), 'noCommonCodec')
  assert.equal(
    refusedOffer(remote('m=audio 30000 RTP/AVP 101', 'a=rtpmap:101 telephone-event/8000')),
    'noCommonCodec',
  )
  assert.equal(refusedOffer(remote('m=audio 30000 RTP/AVP 0', 'a=rtpmap:0 PCMU/16000')), 'noCommonCodec')
  assert.equal(refusedOffer(remote('m=audio 30000 RTP/AVP 97', 'a=rtpmap:97 PCMU/8000/2')), 'noCommonCodec')
  assert.equal(refusedOffer(remote('m=audio 0 RTP/AVP 0')), 'noAudio')
  assert.equal(refusedOffer(remote('m=video 30000 RTP/AVP 31')), 'noAudio')
  assert.equal(refusedOffer(remote()), 'noAudio')
  assert.equal(refusedOffer(''), 'unparsable')
  assert.equal(refusedOffer(remote('m=audio 99999 RTP/AVP 0')), 'unparsable')
  assert.equal(refusedOffer(`v=0\r\no=- 1 1 IN IP4 h\r\n${audioLine}\r\n`), 'unparsable')
  assert.equal(refusedOffer(remote(audioLine, 'c=IN IP4 media.example.com')), 'unusableAddress')
  assert.equal(refusedOffer(remote(audioLine, 'c=IN IP6 2001:db8::7')), 'unusableAddress')
})

const MATRIX = [
  ['sendrecv', 'sendrecv'],
  ['sendonly', 'recvonly'],
  ['recvonly', 'sendonly'],
  ['inactive', 'inactive'],
] as const

test('an offered direction is turned round, wherever it stands (RFC 3264 §6.1)', () => {
  for (const [theirs, ours] of MATRIX) {
    const { sdp, audio } = answered(remote(audioLine, `a=${theirs}`))
    assert.equal(audio.direction, ours)
    assert.match(sdp, new RegExp(`^a=${ours}\r$`, 'm'))
    assert.equal(answered(remote(`a=${theirs}`, audioLine)).audio.direction, ours)
    for (const [session] of MATRIX) {
      const both = answered(remote(`a=${session}`, audioLine, `a=${theirs}`)).audio
      assert.equal(both.direction, ours, `the media's ${theirs} beats the session's ${session}`)
    }
  }
})

test('an answered direction is turned round too', () => {
  for (const [theirs, ours] of MATRIX) {
    assert.equal(accepted(remote(audioLine, `a=${theirs}`)).direction, ours)
  }
})

test('an address of nobody is a hold: nothing is sent, whatever the direction says (RFC 3264 §8.4)', () => {
  const held = [
    ['sendrecv', 'recvonly'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'inactive'],
    ['inactive', 'inactive'],
  ] as const
  const nobody = [
    'IP4 0.0.0.0',
    'IP4 224.2.1.1/127',
    'IP4 255.255.255.255',
    'IP6 ::',
    'IP6 ff02::1',
    'IP6 ::ffff:198.51.100.7',
  ]
  for (const connection of nobody) {
    for (const [theirs, ours] of held) {
      const lines = [audioLine, `c=IN ${connection}`, `a=${theirs}`]
      assert.equal(answered(remote(...lines)).audio.direction, ours, connection)
      assert.equal(accepted(remote(...lines)).direction, ours, connection)
    }
  }
})

test('the media’s c= line beats the session’s', () => {
  assert.equal(answered(remote(audioLine, 'c=IN IP4 203.0.113.9')).audio.address, '203.0.113.9')
})

test('the answer repeats the offer’s t= line and carries the version that it is given', () => {
  const offer = remote(audioLine).replace('t=0 0', 't=3034423619 3042462419')
  const answer = answerOffer(offer, { ...local, sessionVersion: 7 })
  assert.ok('sdp' in answer)
  assert.match(answer.sdp, /^t=3034423619 3042462419\r$/m)
  assert.match(answer.sdp, /^o=- 42 7 IN IP4 192\.0\.2\.10\r$/m)
})

test('an answer settles codec, payload types and address', () => {
  assert.deepEqual(accepted(remote('m=audio 30000 RTP/AVP 8 0 96', 'a=rtpmap:96 telephone-event/8000')), {
    address: '198.51.100.7',
    port: 30_000,
    codec: 'PCMA',
    payloadType: 8,
    telephoneEventPayloadType: 96,
    direction: 'sendrecv',
  })
})

test('an answer that refuses the audio, or takes what we did not offer, is a refusal', () => {
  const refusedAs = (answer: string) => {
    const audio = acceptAnswer(answer, createOffer(local))
    return 'refused' in audio ? audio.refused : undefined
  }
  assert.equal(refusedAs(remote('m=audio 0 RTP/AVP 0')), 'noAudio')
  assert.equal(refusedAs(remote()), 'noAudio')
  assert.equal(refusedAs(remote('m=audio 30000 RTP/AVP 18')), 'noCommonCodec')
  assert.equal(refusedAs(remote('m=audio 30000 RTP/SAVP 0')), 'noCommonCodec')
  assert.equal(refusedAs(remote('m=video 30000 RTP/AVP 0', audioLine)), 'noAudio')
  assert.equal(refusedAs('nonsense'), 'unparsable')
})

test('what we offer we can answer ourselves', () => {
  const { sdp, audio } = answered(createOffer({ ...local, address: '192.0.2.20', port: 30_002 }))
  assert.equal(audio.telephoneEventPayloadType, 101)
  assert.deepEqual(accepted(sdp), { ...audio, address: '192.0.2.10', port: 20_000 })
})
