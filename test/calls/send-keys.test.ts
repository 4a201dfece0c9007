import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { audibleKeys } from '../support/listen/tones.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import { Phone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'

failOnLeaks()

let server: TestServer

before(async () => {
  server = await startServer()
})

after(async () => {
  await server[Symbol.asyncDispose]()
})

const sendKeys = (keys: string, more: object = {}) => ({ action: 'sendKeys', options: { keys, ...more } })
const pause = { action: 'pause', options: { length: 1 } }
const hangup = { action: 'hangup' }

async function dial(number: string, options: Parameters<Phone['call']>[1] = {}) {
  const phone = await Phone.open({ user: 'caller' })
  const call = await phone.call(server.sipUri(number), options)
  return { call, [Symbol.asyncDispose]: () => phone[Symbol.asyncDispose]() }
}

test('keys arrive as telephone events of their length, in an unbroken stream', async () => {
  await server.assign('31200000201', [pause, sendKeys('159*#D', { duration: 120, interval: 80 }), pause])
  await using caller = await dial('31200000201')
  await caller.call.waitForEnd()
  const { media } = caller.call
  const keys = media.heardKeys()
  assert.equal(keys.map(({ key }) => key).join(''), '159*#D')
  assert.deepEqual(
    keys.map(({ durationMs, endPackets }) => [durationMs, endPackets]),
    keys.map(() => [120, 3]),
  )
  const numbers = media.received.map(({ sequenceNumber }) => sequenceNumber)
  assert.ok(numbers.slice(1).every((number, i) => number === (((numbers[i] ?? 0) + 1) & 0xffff)))
  const { gaps, lost } = media.heard()
  assert.equal(lost, 0)
  // A tone and its two repeated ends take the place of audio. A machine that stalls may leave out a frame elsewhere.
  assert.equal(gaps.filter(({ lengthMs }) => lengthMs >= 160).length, 6)
  assert.ok(gaps.every(({ cause }) => cause === 'pause'))
})

test('a phone without telephone events hears tones', async () => {
  await server.assign('31200000202', [sendKeys('147A', { duration: 100 }), hangup])
  await using caller = await dial('31200000202', { sdp: { codecs: ['PCMA'], telephoneEvent: undefined } })
  await caller.call.waitForEnd()
  assert.equal(audibleKeys(caller.call.media.heard().samples), '147A')
})

test('a new flow stops the keys: the tone ends, and no other key follows', async () => {
  await server.assign('31200000203', [sendKeys('1'.repeat(50), { duration: 1_000 }), hangup])
  await using caller = await dial('31200000203')
  await caller.call.waitFor('200 INVITE')
  await new Promise((resolve) => setTimeout(resolve, 400))
  const { items } = await server.api('GET', '/calls')
  const live = items.find((item) => item['destination'] === '31200000203')
  const answer = await server.api('PUT', `/calls/${String(live?.['id'])}`, {
    callFlow: { steps: [pause, hangup] },
  })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  await caller.call.waitForEnd()
  const [key, ...others] = caller.call.media.heardKeys()
  assert.deepEqual(others, [])
  assert.equal(key?.endPackets, 3)
  assert.ok(key.durationMs < 700, `the key lasted ${key.durationMs} ms`)
})
