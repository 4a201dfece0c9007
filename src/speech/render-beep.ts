import { pcma, pcmu } from '../audio/g711.ts'
import type { Prompt } from '../domain/speech.ts'
import { allocatePrompt } from './render-prompt.ts'

const RATE_HZ = 8_000
const BEEP_SAMPLES = RATE_HZ / 2
const BEEP_HZ = 1_000
const FADE_SAMPLES = RATE_HZ / 100
/** −10 dBm0, where a full-scale sine is +3.14 dBm0 (G.711). */
const AMPLITUDE = 32_768 * 10 ** ((-10 - 3.14) / 20)

/** What a caller hears before a recording: half a second of 1 kHz, faded in and out so that it does not click. */
export function renderBeep(): Prompt {
  const samples = Int16Array.from({ length: BEEP_SAMPLES }, (_, i) => {
    const fade = Math.min(1, i / FADE_SAMPLES, (BEEP_SAMPLES - 1 - i) / FADE_SAMPLES)
    return Math.round(AMPLITUDE * fade * Math.sin((2 * Math.PI * BEEP_HZ * i) / RATE_HZ))
  })
  const prompt = allocatePrompt(samples.length)
  pcmu.encode(samples, new Uint8Array(prompt.pcmu))
  pcma.encode(samples, new Uint8Array(prompt.pcma))
  return prompt
}
