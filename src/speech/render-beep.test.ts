import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelDb, toneLevelDb } from '../../test/support/listen/tones.ts'
import { pcma, pcmu } from '../audio/g711.ts'
import { renderBeep } from './render-beep.ts'

test('the beep is half a second of 1 kHz in both laws, in whole frames, and does not click', () => {
  const beep = renderBeep()
  assert.equal(beep.durationMs, 500)
  for (const [law, audio] of [
    [pcmu, beep.pcmu],
    [pcma, beep.pcma],
  ] as const) {
    assert.equal(audio.byteLength % 160, 0)
    const samples = new Int16Array(audio.byteLength)
    law.decode(new Uint8Array(audio), samples)
    assert.equal(samples.length, 4_000)
    const level = toneLevelDb(samples.subarray(160, -160), 1_000)
    assert.ok(Math.abs(level + 13.1) < 0.5, `${level} dB`)
    assert.ok(levelDb(samples.subarray(0, 4)) < -40 && levelDb(samples.subarray(-4)) < -40)
  }
})
