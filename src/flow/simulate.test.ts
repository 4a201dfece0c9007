import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import type { SayOptions } from '../domain/call-flow.ts'
import { PromptError } from '../domain/speech.ts'
import { SimulatedLeg } from './simulate.ts'

const hello: SayOptions = { payload: 'Hello', language: 'en-gb', voice: 'female' }
const never = new AbortController().signal

test('a prompt takes 60 ms a character, and a file 3 s', async () => {
  const clock = new FakeClock()
  const leg = new SimulatedLeg({ clock })

  const spoken = leg.say(hello, { stopOnKey: false }, never)
  await clock.advance(300)
  assert.equal(await spoken, 'finished')
  const played = leg.play('https://example.com/a.wav', { stopOnKey: true }, never)
  await clock.advance(3_000)
  assert.equal(await played, 'finished')

  assert.deepEqual(leg.log, [
    { atMs: 300, type: 'heard', prompt: 'Hello', end: 'finished' },
    { atMs: 3_300, type: 'heard', prompt: 'https://example.com/a.wav', end: 'finished' },
  ])
})

test('a key stops a prompt that asks for it, and goes to the buffer either way', async () => {
  const clock = new FakeClock()
  const leg = new SimulatedLeg({ clock })

  const stopped = leg.say(hello, { stopOnKey: true }, never)
  leg.press('1')
  assert.equal(await stopped, 'key')
  const whole = leg.say(hello, { stopOnKey: false }, never)
  leg.press('2')
  await clock.advance(300)
  assert.equal(await whole, 'finished')

  assert.deepEqual([leg.keys.take(), leg.keys.take()], ['1', '2'])
  assert.equal(clock.pendingTimers, 0)
})

test('the script presses keys and hangs up, and nothing happens after that', async () => {
  const clock = new FakeClock()
  const acts = [
    { atMs: 20, hangUp: true as const },
    { atMs: 10, press: '1' },
    { atMs: 30, press: '2' },
  ]
  const leg = new SimulatedLeg({ clock, acts, direction: 'incoming' })
  const spoken = leg.say(hello, { stopOnKey: false }, leg.signal)
  const rejected = assert.rejects(spoken, { message: 'the far end hung up' })

  await clock.advance(100)
  await rejected
  leg.press('3')

  assert.deepEqual(leg.log, [
    { atMs: 10, type: 'pressed', key: '1' },
    { atMs: 20, type: 'hungUp' },
    { atMs: 20, type: 'heard', prompt: 'Hello', end: 'hangUp' },
  ])
  assert.deepEqual([leg.direction, leg.keys.size, clock.pendingTimers], ['incoming', 1, 0])
})

test('who stops a prompt from outside is told apart from the far end', async () => {
  const leg = new SimulatedLeg({ clock: new FakeClock() })
  const aborter = new AbortController()
  const spoken = leg.say(hello, { stopOnKey: false }, aborter.signal)
  aborter.abort(new Error('replaced'))
  await assert.rejects(spoken, { message: 'replaced' })
  assert.deepEqual(leg.log, [{ atMs: 0, type: 'heard', prompt: 'Hello', end: 'stopped' }])
})

test('a prompt may be one that cannot be had', async () => {
  const durationMs = () => {
    throw new PromptError('no such file')
  }
  const leg = new SimulatedLeg({ clock: new FakeClock(), durationMs })
  await assert.rejects(leg.play('https://example.com/a.wav', { stopOnKey: false }, never), PromptError)
})

test('a leg that is disposed performs nothing more of its script', async () => {
  const clock = new FakeClock()
  const leg = new SimulatedLeg({ clock, acts: [{ atMs: 10, press: '1' }] })
  leg[Symbol.dispose]()
  await clock.advance(20)
  assert.deepEqual([leg.log, clock.pendingTimers], [[], 0])
})
