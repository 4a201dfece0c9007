import type { Prompt } from '../domain/speech.ts'

/** Prompts in memory, bounded in bytes: the ones unused for longest give way. */
export class PromptMemory {
  readonly #maxBytes: number
  readonly #prompts = new Map<string, Prompt>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  find(key: string): Prompt | undefined {
    const prompt = this.#prompts.get(key)
    if (prompt) {
      this.#prompts.delete(key)
      this.#prompts.set(key, prompt)
    }
    return prompt
  }

  /** One that is larger than the whole bound is not kept. */
  store(key: string, prompt: Prompt): void {
    this.#remove(key)
    if (bytesOf(prompt) > this.#maxBytes) return
    this.#prompts.set(key, prompt)
    this.#bytes += bytesOf(prompt)
    for (const oldest of this.#prompts.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#remove(oldest)
    }
  }

  #remove(key: string): void {
    const prompt = this.#prompts.get(key)
    if (prompt) this.#bytes -= bytesOf(prompt)
    this.#prompts.delete(key)
  }
}

function bytesOf({ pcmu, pcma }: Prompt): number {
  return pcmu.byteLength + pcma.byteLength
}
