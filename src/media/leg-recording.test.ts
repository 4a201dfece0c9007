import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { audioPacket, keyPacket, openLeg, PHONE, remote } from '../../test/support/leg-bench.ts'
import { g711 } from '../audio/g711.ts'
import { serializeRtpPacket } from '../rtp/packet.ts'

const PCMU_SOUND = 0x10
const settle = () => new Promise((resolve) => setImmediate(resolve))

/** A leg; `speak(from, to)` lets the far end's packets arrive, one each turn, all of one sample value. */
function open() {
  const bench = openLeg()
  const { leg, turns, sinks } = bench
  const speak = (from: number, to: number, byte = PCMU_SOUND) => {
    for (let n = from; n < to; n += 1) {
      turns(1)
      leg.receiveRtp(audioPacket(n, { payload: Buffer.alloc(160, byte) }), PHONE, 4000)
    }
  }
  /** Lets the file close, and returns what was reported since. */
  const closed = async (sink = sinks.at(-1)) => {
    sink?.closing.resolve()
    await settle()
    return bench.events.splice(0)
  }
  return { ...bench, speak, closed }
}

describe('a recording of a leg', () => {
  test('holds what arrives from its beginning to its stop, decoded, and is reported once it is kept', async () => {
    const { leg, speak, sinks, events, closed } = open()
    speak(0, 10)
    leg.record('one', {})
    speak(10, 60)
    leg.stopRecording('another')
    leg.stopRecording('one')
    speak(60, 70)
    await settle()
    assert.deepEqual(events, [], 'not before its file is closed')

    assert.deepEqual(await closed(), [
      { type: 'recordingEnded', recordingId: 'one', how: 'stopped', durationMs: 1_000 },
    ])
    const [sink] = sinks
    assert.equal(sink?.samples.length, 8_000)
    assert.ok(sink.samples.every((sample) => sample === g711.PCMU.decodeSample(PCMU_SOUND)))
    assert.equal(sink.closed, 1)
  })

  test('follows a change of codec', async () => {
    const { leg, speak, sinks, turns, closed } = open()
    leg.record('one', {})
    speak(0, 10)
    leg.connect({ ...remote, codec: 'PCMA', payloadType: 8 })
    for (let n = 10; n < 20; n += 1) {
      turns(1)
      leg.receiveRtp(audioPacket(n, { payloadType: 8, payload: Buffer.alloc(160, 0x20) }), PHONE, 4000)
    }
    leg.stopRecording('one')
    await closed()
    assert.equal(sinks[0]?.samples[0], g711.PCMU.decodeSample(PCMU_SOUND))
    assert.equal(sinks[0]?.samples.at(-1), g711.PCMA.decodeSample(0x20))
  })

  test('takes no packet of a stranger, and no comfort noise', async () => {
    const { leg, speak, sinks, turns, closed } = open()
    speak(0, 2)
    leg.record('one', {})
    speak(2, 10)
    turns(1)
    leg.receiveRtp(audioPacket(10), '198.51.100.1', 9)
    const noise = { marker: false, payloadType: 13, sequenceNumber: 11, timestamp: 11 * 160, ssrc: 5 }
    leg.receiveRtp(serializeRtpPacket({ ...noise, payload: Buffer.of(40) }), PHONE, 4000)
    leg.stopRecording('one')
    await closed()
    assert.equal(sinks[0]?.samples.length, 8 * 160)
  })

  test('ends by itself at its longest length, or when nobody speaks', async () => {
    const { leg, speak, closed } = open()
    leg.record('one', { maxMs: 500 })
    speak(0, 40)
    assert.deepEqual(await closed(), [
      { type: 'recordingEnded', recordingId: 'one', how: 'maxLength', durationMs: 500 },
    ])
    leg.record('two', { silenceMs: 1_000 })
    speak(40, 120, 0xff)
    assert.deepEqual(await closed(), [
      { type: 'recordingEnded', recordingId: 'two', how: 'silence', durationMs: 1_000 },
    ])
  })

  for (const finishOnKey of ['any', '#']) {
    test(`ends at the key that \`${finishOnKey}\` names, and only the recording hears of it`, async () => {
      const { leg, speak, closed } = open()
      leg.record('one', { finishOnKey })
      speak(0, 50)
      leg.receiveRtp(keyPacket('#', 50, 48 * 160), PHONE, 4000)
      assert.deepEqual(await closed(), [
        { type: 'recordingEnded', recordingId: 'one', how: 'key', key: '#', durationMs: 960 },
      ])
    })
  }

  test('does not end at another key, which is reported as ever', async () => {
    const { leg, speak, closed, events } = open()
    leg.record('one', { finishOnKey: '#' })
    speak(0, 10)
    leg.receiveRtp(keyPacket('1', 10, 10 * 160), PHONE, 4000)
    assert.deepEqual(events.splice(0), [{ type: 'key', key: '1' }])
    leg.stopRecording('one')
    await closed()
    leg.receiveRtp(keyPacket('#', 11, 20 * 160), PHONE, 4000)
    assert.deepEqual(events, [{ type: 'key', key: '#' }])
  })

  test('ends at a key that came by signalling, at the time when it was pressed', async () => {
    const { leg, speak, closed } = open()
    leg.record('one', { finishOnKey: 'any' })
    speak(0, 50)
    leg.press('5', 100)
    assert.deepEqual(await closed(), [
      { type: 'recordingEnded', recordingId: 'one', how: 'key', key: '5', durationMs: 900 },
    ])
  })

  test('gives way to the next one; both are whole', async () => {
    const { leg, speak, sinks, closed } = open()
    leg.record('one', {})
    speak(0, 20)
    leg.record('two', {})
    speak(20, 50)
    assert.deepEqual(
      (await closed(sinks[0])).map((event) => 'recordingId' in event && event.recordingId),
      ['one'],
    )
    leg.stopRecording('two')
    await closed()
    assert.deepEqual(
      sinks.map(({ samples }) => samples.length / 160),
      [20, 30],
    )
  })

  test('ends with its leg, which then waits for the file', async () => {
    const { leg, speak, closed } = open()
    leg.record('one', {})
    speak(0, 20)
    leg.close()
    let settled = false
    void leg.recordingsSettled?.then(() => {
      settled = true
    })
    await settle()
    assert.equal(settled, false)
    assert.deepEqual(
      (await closed()).map(({ type }) => type),
      ['recordingEnded'],
    )
    assert.equal(settled, true)
    assert.equal(leg.recordingsSettled, undefined)
  })

  test('whose sink fails ends at once, with the reason', async () => {
    const { leg, speak, sinks, events } = open()
    leg.record('one', {})
    speak(0, 20)
    const [sink] = sinks
    sink?.fail()
    sink?.closing.reject(new Error('no space left'))
    await settle()
    assert.deepEqual(events, [
      { type: 'recordingEnded', recordingId: 'one', how: 'failed', durationMs: 400, detail: 'no space left' },
    ])
  })
})
