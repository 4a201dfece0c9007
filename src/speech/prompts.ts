import { join } from 'node:path'
import { type Prompt, PromptError, type Prompts, type SpeechRequest } from '../domain/speech.ts'
import { unlessAborted } from '../runtime/abort.ts'
import type { Clock } from '../runtime/clock.ts'
import type { HttpClient } from '../runtime/http-client.ts'
import type { Logger } from '../runtime/logger.ts'
import { Semaphore } from '../runtime/semaphore.ts'
import type { SpeechEngine } from './engine.ts'
import { findLanguage } from './languages.ts'
import { PromptMemory } from './prompt-memory.ts'
import { speechKey } from './prompt-thread.ts'
import { PromptThread } from './prompt-thread-client.ts'
import { SharedWork } from './shared-work.ts'
import { downloadSound, type Freshness, nameOf } from './sound-download.ts'

export interface PromptsOptions {
  /** Holds the folder `prompts` with what was rendered. */
  readonly dataDir: string
  /** Entry of the prompt thread (src/prompt-worker.ts). */
  readonly workerUrl: URL
  /** The first that speaks a text is taken; see `openEngines`. Disposed with the prompts. */
  readonly engines: readonly SpeechEngine[]
  readonly httpClient: HttpClient
  readonly clock: Clock
  readonly logger: Logger
  /** Default 32 MiB. */
  readonly maxMemoryBytes?: number
  /** Default 256 MiB. */
  readonly maxDiskBytes?: number
  /** Of text to be spoken; default 1,000, the API's. */
  readonly maxCharacters?: number
  /** Of one prompt; default 30 minutes. */
  readonly maxPromptSeconds?: number
  /** Of one sound file; default 20 MB. */
  readonly maxDownloadBytes?: number
  /** For one sound file; default 10,000. */
  readonly downloadTimeoutMs?: number
  /** The prompt thread is ended after this long without work; default 60,000. */
  readonly threadIdleMs?: number
  /** Texts synthesised at the same time; default 2. */
  readonly maxSyntheses?: number
}

/** A sound file that was fetched before: where its prompt is, and how long that may be used unasked. */
interface KnownSound {
  readonly key: string
  readonly freshUntil: number
  readonly freshness: Freshness
}

const MAX_KNOWN_SOUNDS = 1000

/**
 * Opens the source of prompts: spoken text and sound files, rendered once and kept in memory and on disk. Synthesis runs in
 * processes and rendering on a thread of their own; whoever asks for the same at the same time shares one rendering.
 */
export async function openPrompts(options: PromptsOptions): Promise<Prompts & AsyncDisposable> {
  return new CachedPrompts(options)
}

class CachedPrompts implements Prompts, AsyncDisposable {
  readonly #options: PromptsOptions
  readonly #thread: PromptThread
  readonly #memory: PromptMemory
  readonly #syntheses: Semaphore
  readonly #work = new SharedWork<Prompt>()
  /** By URL, least recently used first. */
  readonly #sounds = new Map<string, KnownSound>()

  constructor(options: PromptsOptions) {
    const { dataDir, workerUrl, clock, logger } = options
    this.#options = options
    this.#memory = new PromptMemory(options.maxMemoryBytes ?? 32 * 2 ** 20)
    this.#syntheses = new Semaphore(options.maxSyntheses ?? 2)
    const data = {
      folder: join(dataDir, 'prompts'),
      maxDiskBytes: options.maxDiskBytes ?? 256 * 2 ** 20,
      maxSeconds: options.maxPromptSeconds ?? 1800,
    }
    this.#thread = new PromptThread({
      url: workerUrl,
      data,
      clock,
      logger,
      idleMs: options.threadIdleMs ?? 60_000,
    })
  }

  async say({ text, language, voice }: SpeechRequest, signal: AbortSignal): Promise<Prompt> {
    signal.throwIfAborted()
    const request = { text: cleanText(text), language: getLanguage(language), voice }
    const { maxCharacters = 1000, engines } = this.#options
    const characters = [...request.text].length
    if (characters === 0) throw new PromptError('there is no text to be spoken')
    if (characters > maxCharacters)
      throw new PromptError(`the text has ${characters} characters, more than ${maxCharacters}`)
    const engine = engines.find((candidate) => candidate.speaks(request.language, request.text))
    if (!engine) throw new PromptError(`no speech engine here speaks ${language}`)

    const key = speechKey(engine.id, request.language.code, voice, request.text)
    const known = this.#memory.find(key)
    if (known) return known
    const render = async (ownSignal: AbortSignal) => {
      const found = await this.#perform({ task: 'find', key }, 'the text', ownSignal)
      if (found.prompt) return found.prompt
      using _place = await this.#syntheses.acquire(ownSignal)
      const wav = await engine.synthesise(request, ownSignal)
      const { prompt } = await this.#perform(
        { task: 'speech', key, wav },
        `what ${engine.id} made of the text`,
        ownSignal,
      )
      return getPrompt(prompt)
    }
    return await this.#work.join(
      key,
      async (ownSignal) => this.#remember(key, await render(ownSignal)),
      signal,
    )
  }

  async load(url: string, signal: AbortSignal): Promise<Prompt> {
    signal.throwIfAborted()
    const name = nameOf(url)
    const known = this.#sounds.get(url)
    const fresh =
      known && this.#options.clock.now() < known.freshUntil ? this.#memory.find(known.key) : undefined
    return fresh ?? (await this.#work.join(url, (ownSignal) => this.#fetch(url, name, ownSignal), signal))
  }

  speaks(code: string): boolean {
    const language = findLanguage(code)
    return language !== undefined && this.#options.engines.some((engine) => engine.speaks(language, 'a'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work.close(new PromptError('prompts are closed'))
    await Promise.all([this.#thread, ...this.#options.engines].map((part) => part[Symbol.asyncDispose]()))
  }

  async #fetch(url: string, name: string, signal: AbortSignal): Promise<Prompt> {
    const { httpClient, clock, maxDownloadBytes = 20_000_000, downloadTimeoutMs = 10_000 } = this.#options
    const known = this.#sounds.get(url)
    const kept = known && (await this.#findKept(known.key, name, signal))
    if (known && kept && clock.now() < known.freshUntil) return kept

    const limits = { maxBytes: maxDownloadBytes, timeoutMs: downloadTimeoutMs }
    const download = await downloadSound(
      httpClient,
      url,
      { ...limits, known: kept ? known.freshness : {} },
      signal,
    )
    const { freshness } = download
    if (!download.changed) {
      if (!known || !kept)
        throw new PromptError(`${name} can't be played: the server answered 304 to a first request`)
      this.#know(url, known.key, freshness)
      return kept
    }
    const task = { task: 'file', sound: download.sound, keep: freshness.keep } as const
    const { key, prompt } = await this.#perform(task, name, signal)
    if (!freshness.keep) return getPrompt(prompt)
    this.#know(url, key, freshness)
    return this.#remember(key, getPrompt(prompt))
  }

  async #findKept(key: string, name: string, signal: AbortSignal): Promise<Prompt | undefined> {
    const prompt = this.#memory.find(key) ?? (await this.#perform({ task: 'find', key }, name, signal)).prompt
    return prompt && this.#remember(key, prompt)
  }

  async #perform(task: Parameters<PromptThread['perform']>[0], what: string, signal: AbortSignal) {
    const answer = await unlessAborted(this.#thread.perform(task), signal)
    if ('failure' in answer) throw new PromptError(`${what} can't be played: ${answer.failure}`)
    return answer
  }

  #remember(key: string, prompt: Prompt): Prompt {
    this.#memory.store(key, prompt)
    return prompt
  }

  #know(url: string, key: string, freshness: Freshness): void {
    this.#sounds.delete(url)
    this.#sounds.set(url, { key, freshness, freshUntil: this.#options.clock.now() + freshness.freshForMs })
    const [oldest] = this.#sounds.keys()
    if (oldest !== undefined && this.#sounds.size > MAX_KNOWN_SOUNDS) this.#sounds.delete(oldest)
  }
}

/** Control characters can't be spoken, and a NUL would end the text of a C program. */
function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
}

function getLanguage(code: string) {
  const language = findLanguage(code)
  if (!language) throw new PromptError(`${JSON.stringify(code)} is not a language of the API`)
  return language
}

function getPrompt(prompt: Prompt | undefined): Prompt {
  if (!prompt) throw new Error('the prompt thread answered a rendering without a prompt')
  return prompt
}
