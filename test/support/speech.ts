import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serializeWav } from '../../src/audio/wav.ts'
import { PromptError } from '../../src/domain/speech.ts'
import type { SpeechEngine, SynthesisRequest } from '../../src/speech/engine.ts'

export const promptWorkerUrl = new URL('../../src/prompt-worker.ts', import.meta.url)
export const espeakProcessUrl = new URL('../../src/espeak-process.ts', import.meta.url)
export const fliteProcessUrl = new URL('../../src/flite-process.ts', import.meta.url)

/** Where this machine has its programs. */
export const systemFolders = ['/usr/local/bin', '/usr/bin', '/opt/homebrew/bin']

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'linnet-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** A sine of 440 Hz. */
export function tone(seconds: number, rateHz: number, amplitude = 10_000): Int16Array {
  return Int16Array.from({ length: seconds * rateHz }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * 440 * i) / rateHz)),
  )
}

/** Speaks in sines: 50 ms a character at 16 kHz. Texts with `fail` fail; while `held`, syntheses wait for `release`. */
export class ToneEngine implements SpeechEngine {
  readonly id: string
  readonly requests: SynthesisRequest[] = []
  held = false
  running = 0
  aborted = 0
  #waiting: (() => void)[] = []

  constructor(id = 'tone 1') {
    this.id = id
  }

  speaks(): boolean {
    return true
  }

  async synthesise(request: SynthesisRequest, signal: AbortSignal): Promise<Uint8Array> {
    this.requests.push(request)
    this.running += 1
    try {
      if (this.held) await this.#wait(signal)
      if (request.text.includes('fail')) throw new PromptError('the engine failed')
      return serializeWav(tone(request.text.length / 20, 16_000, 500), 16_000)
    } finally {
      this.running -= 1
    }
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    signal.addEventListener('abort', () => {
      this.aborted += 1
      reject(signal.reason)
    })
    await promise
  }
}
