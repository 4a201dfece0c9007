// Process entry: espeak-ng (WASM) behind a message channel. The GPL ends at this process.
import loadEspeak from '@echogarden/espeak-ng-emscripten'
import { serializeWav } from './audio/wav.ts'
import type { HelperAnswer, HelperRequest } from './speech/helper-messages.ts'

const { eSpeakNGWorker } = await loadEspeak()
const espeak = new eSpeakNGWorker()
const voices = new Set(espeak.list_voices().map(({ identifier }) => identifier))

process.on('message', (request: HelperRequest) => process.send?.(synthesise(request)))

function synthesise({ text, voice }: HelperRequest): HelperAnswer {
  // An unknown voice would not fail: it yields a few milliseconds of noise.
  if (!voices.has(voice.replace(/\+.*/, ''))) return { failure: `there is no voice ${voice}` }
  espeak.set_voice(voice, '')
  const parts: Int16Array[] = []
  espeak.synthesize(text, (audio) => {
    if (audio) parts.push(audio instanceof Int16Array ? audio : new Int16Array(audio.slice().buffer))
    return false
  })
  const samples = new Int16Array(parts.reduce((total, { length }) => total + length, 0))
  let at = 0
  for (const part of parts) {
    samples.set(part, at)
    at += part.length
  }
  return { wav: serializeWav(samples, espeak.samplerate) }
}
