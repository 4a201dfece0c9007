import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failOnLeaks } from './no-leaks.ts'
import { kindOf } from './phone/sip-text.ts'
import { openPhone, type Phone } from './phone.ts'

failOnLeaks()

/** A sound whose every part is different: a sweep from 300 to 3,000 Hz. */
function sweep(seconds: number): Int16Array {
  const samples = new Int16Array(8_000 * seconds)
  for (let index = 0; index < samples.length; index += 1) {
    const time = index / 8_000
    samples[index] = Math.round(8_000 * Math.sin(2 * Math.PI * (300 + (1_350 * time) / seconds) * time))
  }
  return samples
}

const sent = (phone: Phone) =>
  phone.log.filter(({ direction }) => direction === 'out').map(({ kind }) => kind)

test('two phones call each other, and the callee hears what the caller plays, without a gap', async () => {
  await using callee = await openPhone({ user: 'callee' })
  await using caller = await openPhone({ user: 'caller' })
  callee.onInvite((call) => {
    call.ring()
    call.answer()
  })
  const call = await caller.call(callee.uri)
  await call.waitFor('200 INVITE')
  const other = await callee.nextCall()
  await other.waitFor('ACK')
  await call.media.play(sweep(1))
  const { status } = { status: (await call.bye()).kind }
  assert.equal(status, '200 BYE')
  assert.equal(await other.waitForEnd(), 'them')

  const heard = other.media.heard()
  assert.equal(heard.lost, 0)
  assert.deepEqual(heard.gaps, [])
  assert.ok(heard.samples.length >= 8_000, `${heard.samples.length} samples`)
  assert.deepEqual(
    caller.log.map(({ direction, kind }) => `${direction} ${kind}`),
    ['out INVITE', 'in 100 INVITE', 'in 180 INVITE', 'in 200 INVITE', 'out ACK', 'out BYE', 'in 200 BYE'],
  )
})

test('lost packets are gaps of silence in their place, and a lost message is repeated', async () => {
  await using callee = await openPhone({ sdp: { codecs: ['PCMA'] } })
  await using caller = await openPhone()
  caller.lose({ direction: 'out', kind: 'INVITE', count: 1 })
  callee.onInvite((call) => call.answer())
  const call = await caller.call(callee.uri)
  call.media.lose = (packet) => packet === 10 || packet === 11
  await call.waitFor('200 INVITE')
  const other = await callee.nextCall()
  await call.media.play(sweep(0.6))
  await call.bye()

  const { gaps, lost, samples } = other.media.heard()
  assert.equal(lost, 2)
  assert.deepEqual(gaps, [{ atMs: 200, lengthMs: 40, cause: 'lost' }])
  assert.ok(samples.subarray(1_600, 1_920).every((sample) => sample === 0))
  assert.ok(samples.subarray(1_920, 2_080).some((sample) => sample > 4_000))
  assert.deepEqual(
    caller.log.filter(({ kind }) => kind === 'INVITE').map(({ lost: wasLost }) => wasLost),
    [true, false],
  )
})

test('keys arrive as telephone events with their length, and lost end packets are missed by the count only', async () => {
  await using callee = await openPhone({ sdp: { telephoneEvent: 96 } })
  await using caller = await openPhone({ sdp: { telephoneEvent: 96 } })
  callee.onInvite((call) => call.answer())
  const call = await caller.call(callee.uri)
  await call.waitFor('200 INVITE')
  const other = await callee.nextCall()
  await call.media.press('1#', { durationMs: 120 })
  await call.media.press('5', { loseEnds: 2, loseFirst: 1 })
  await call.bye()

  assert.deepEqual(
    other.media.heardKeys().map(({ key, durationMs, endPackets }) => ({ key, durationMs, endPackets })),
    [
      { key: '1', durationMs: 120, endPackets: 3 },
      { key: '#', durationMs: 120, endPackets: 3 },
      { key: '5', durationMs: 100, endPackets: 1 },
    ],
  )
})

test('a caller gives up: CANCEL is answered, the INVITE ends with 487, and the 487 is acknowledged', async () => {
  await using callee = await openPhone()
  await using caller = await openPhone()
  callee.onInvite((call) => call.ring())
  const call = await caller.call(callee.uri)
  await call.waitFor('180')
  call.cancel()
  await call.waitFor('487 INVITE')
  const other = await callee.nextCall()
  await other.waitFor('ACK')
  assert.equal(await other.waitForEnd(), 'them')
  assert.deepEqual(sent(callee), ['100 INVITE', '180 INVITE', '200 CANCEL', '487 INVITE'])
})

test('a 200 without ACK is repeated until the ACK comes', async () => {
  await using callee = await openPhone()
  await using caller = await openPhone()
  callee.onInvite((call) => call.answer())
  const call = await caller.call(callee.uri, { ack: 'withhold' })
  await call.waitFor('200 INVITE', { count: 2 })
  call.ack()
  const other = await callee.nextCall()
  await other.waitFor('ACK')
  assert.equal(call.all('200 INVITE').length, 2)
  const [first, second] = call.all('200 INVITE')
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) > 450)
})

for (const algorithm of ['MD5', 'SHA-256'] as const) {
  for (const scheme of ['proxy', 'www'] as const) {
    test(`a trunk that asks for ${algorithm} credentials (${scheme}) lets the right ones in and names a wrong password`, async () => {
      await using trunk = await openPhone()
      await using caller = await openPhone()
      const verdicts: (string | undefined)[] = []
      trunk.onInvite(async (call) => {
        verdicts.push(await call.challenge({ user: 'linnet', password: 'secret', algorithm, scheme }))
        call.reject(486)
      })
      const right = await caller.call(trunk.uri, { credentials: { user: 'linnet', password: 'secret' } })
      await right.waitFor('486')
      const wrong = await caller.call(trunk.uri, { credentials: { user: 'linnet', password: 'guess' } })
      await wrong.waitFor('486')
      assert.deepEqual(verdicts, [undefined, 'wrong response'])
    })
  }
}

test('hold and resume: while the other side only sends, the phone is silent', async () => {
  await using callee = await openPhone()
  await using caller = await openPhone()
  callee.onInvite((call) => call.answer())
  const call = await caller.call(callee.uri)
  await call.waitFor('200 INVITE')
  const other = await callee.nextCall()
  await other.waitFor('ACK')
  const held = await call.reinvite({ direction: 'sendonly' })
  assert.equal(held.kind, '200 INVITE')
  await other.waitFor('ACK', { count: 2 })
  const before = other.media.packetsSent
  await call.media.play(new Int16Array(800))
  assert.equal(other.media.packetsSent, before)
  await call.reinvite()
  await other.waitFor('ACK', { count: 3 })
  await call.media.play(new Int16Array(800))
  assert.ok(other.media.packetsSent > before)
  await call.bye()
})

test('an INVITE that is sent again, byte by byte, gets the same answer and starts no second call', async () => {
  await using callee = await openPhone()
  await using caller = await openPhone()
  callee.onInvite((call) => call.reject(486), { repeat: false })
  const call = await caller.call(callee.uri)
  await call.waitFor('486')
  call.repeatInvite()
  await call.waitFor('486', { count: 2 })
  assert.equal(callee.calls.length, 1)
})

test('a script that fails makes closing its phone fail', async () => {
  const callee = await openPhone()
  await using caller = await openPhone()
  callee.onInvite(() => {
    throw new Error('scripted fault')
  })
  await caller.call(callee.uri)
  await callee.nextCall()
  await assert.rejects(callee[Symbol.asyncDispose](), /a script of this phone failed/)
})

test('what is no SIP is remembered as garbage, and other requests are answered', async () => {
  await using one = await openPhone()
  await using other = await openPhone()
  other.sendRaw('\r\n\r\n', one.local)
  other.sendRaw(
    `OPTIONS ${one.uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${other.local.port};branch=z9hG4bKo\r\n` +
      'From: <sip:a@b>;tag=1\r\nTo: <sip:b@a>\r\nCall-ID: options\r\nCSeq: 1 OPTIONS\r\n\r\n',
    one.local,
  )
  const answer = Promise.withResolvers<string>()
  const poll = setInterval(() => {
    const found = other.log.find(({ direction }) => direction === 'in')
    if (found?.message) answer.resolve(kindOf(found.message))
  }, 5)
  assert.equal(await answer.promise, '200 OPTIONS')
  clearInterval(poll)
  assert.deepEqual(
    one.log.filter(({ direction }) => direction === 'in').map(({ kind }) => kind),
    ['garbage', 'OPTIONS'],
  )
})
