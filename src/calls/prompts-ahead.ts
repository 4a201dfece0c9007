import type { Prompt, Prompts } from '../domain/speech.ts'
import type { PromptHint } from '../flow/prompts-ahead.ts'
import { unlessAborted } from '../runtime/abort.ts'

interface Loading {
  readonly prompt: Promise<Prompt>
  readonly aborter: AbortController
  readonly signal: AbortSignal
}

/** Prompts of one leg that are being loaded, or are ready and not yet played. */
const MAX_AHEAD = 4

/**
 * The prompts of one leg, those that a flow may want soon loaded beforehand. What can't be had is asked for again when its step comes,
 * which then tells why. A prompt that was loaded ahead serves one playing: how long it may be used after that is for `Prompts` to say.
 */
export class PromptsAhead {
  readonly #prompts: Pick<Prompts, 'say' | 'load'>
  readonly #loading = new Map<string, Loading>()
  #waiting: (readonly [key: string, hint: PromptHint])[] = []
  #signal: AbortSignal | undefined

  constructor(prompts: Pick<Prompts, 'say' | 'load'>) {
    this.#prompts = prompts
  }

  /** Loads these, the first ones first, until `signal` aborts; what was wanted before and isn't any more is given up. */
  want(hints: readonly PromptHint[], signal: AbortSignal): void {
    const wanted = new Map(hints.map((hint) => [keyOf(hint), hint]))
    for (const [key, { aborter, signal: own }] of this.#loading) {
      if (wanted.has(key) && !own.aborted) continue
      this.#loading.delete(key)
      aborter.abort(new Error('the prompt is not wanted any more'))
    }
    this.#waiting = [...wanted].filter(([key]) => !this.#loading.has(key))
    this.#signal = signal
    this.#fill()
  }

  /** The prompt that was loaded ahead, or is being loaded, or else loads it. Rejects as `Prompts` does. */
  async get(hint: PromptHint, signal: AbortSignal): Promise<Prompt> {
    const key = keyOf(hint)
    const found = this.#loading.get(key)
    this.#loading.delete(key)
    this.#waiting = this.#waiting.filter(([other]) => other !== key)
    const prompt = found && !found.signal.aborted ? awaited(found, signal) : this.#load(hint, signal)
    this.#fill()
    return await prompt
  }

  #fill(): void {
    const signal = this.#signal
    while (signal && !signal.aborted && this.#loading.size < MAX_AHEAD) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#start(...next, signal)
    }
  }

  #start(key: string, hint: PromptHint, flowSignal: AbortSignal): void {
    const aborter = new AbortController()
    const signal = AbortSignal.any([flowSignal, aborter.signal])
    const loading: Loading = { prompt: this.#load(hint, signal), aborter, signal }
    this.#loading.set(key, loading)
    loading.prompt.catch(() => {
      if (this.#loading.get(key) !== loading) return
      this.#loading.delete(key)
      this.#fill()
    })
  }

  #load(hint: PromptHint, signal: AbortSignal): Promise<Prompt> {
    if ('play' in hint) return this.#prompts.load(hint.play, signal)
    const { payload, language, voice } = hint.say
    return this.#prompts.say({ text: payload, language: language.toLowerCase(), voice }, signal)
  }
}

/** Its loading ends with the wait for it. */
async function awaited({ prompt, aborter }: Loading, signal: AbortSignal): Promise<Prompt> {
  try {
    signal.throwIfAborted()
    return await unlessAborted(prompt, signal)
  } finally {
    if (signal.aborted) aborter.abort(signal.reason)
  }
}

function keyOf(hint: PromptHint): string {
  if ('play' in hint) return hint.play
  const { payload, language, voice } = hint.say
  return JSON.stringify([payload, language.toLowerCase(), voice])
}
