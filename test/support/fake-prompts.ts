import { type Prompt, PromptError, type Prompts, type SpeechRequest } from '../../src/domain/speech.ts'

const MS_PER_CHARACTER = 60
const FILE_MS = 3_000
const BYTES_PER_MS = 8

/** Prompts of the right length without sound: 60 ms a character, 3 s a file; files with `broken` in their URL can't be had. */
export class FakePrompts implements Prompts {
  async say({ text }: SpeechRequest, signal: AbortSignal): Promise<Prompt> {
    signal.throwIfAborted()
    return silence(text.length * MS_PER_CHARACTER)
  }

  async load(url: string, signal: AbortSignal): Promise<Prompt> {
    signal.throwIfAborted()
    if (url.includes('broken')) throw new PromptError(`${url} is not a sound file`)
    return silence(FILE_MS)
  }

  speaks(): boolean {
    return true
  }
}

function silence(durationMs: number): Prompt {
  const bytes = durationMs * BYTES_PER_MS
  return { durationMs, pcmu: new SharedArrayBuffer(bytes), pcma: new SharedArrayBuffer(bytes) }
}
