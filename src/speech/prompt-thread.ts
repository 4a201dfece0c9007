import { createHash } from 'node:crypto'
import type { MessagePort } from 'node:worker_threads'
import type { Resampler } from '../audio/resample.ts'
import type { Prompt } from '../domain/speech.ts'
import { sleep, systemClock } from '../runtime/clock.ts'
import { PromptFiles } from './prompt-files.ts'
import { renderPrompt } from './render-prompt.ts'

/** What the prompt thread is started with. */
export interface PromptThreadData {
  readonly folder: string
  readonly maxDiskBytes: number
  readonly maxSeconds: number
}

/** `find`: a prompt on disk. `speech`: render and keep under a key. `file`: render, or find by its content, and keep unless told not to. */
export type PromptTask =
  | { readonly task: 'find'; readonly key: string }
  | { readonly task: 'speech'; readonly key: string; readonly wav: Uint8Array }
  | { readonly task: 'file'; readonly sound: Uint8Array; readonly keep: boolean }

/** `prompt` is absent when nothing was found; `warning` tells of a disk that does not keep what it should. */
export type PromptAnswer =
  | { readonly key: string; readonly prompt?: Prompt; readonly warning?: string }
  | { readonly failure: string }

/** Names the way of rendering: a change of it must not find what the former one left. */
const RENDERING = 'g711-1'

const never = new AbortController().signal
const breathe = () => sleep(systemClock, 0, never)

/** Serves prompt tasks on a thread until its port closes. */
export function servePromptThread(port: MessagePort, data: PromptThreadData, resampler: Resampler): void {
  const files = new PromptFiles(data.folder, data.maxDiskBytes)

  async function perform(task: PromptTask): Promise<PromptAnswer> {
    switch (task.task) {
      case 'find':
        return answerOf(task.key, files.find(task.key))
      case 'speech':
        return await render(task.key, task.wav, { normalize: true, keep: true })
      case 'file': {
        const key = createHash('sha256').update(`${RENDERING} file `).update(task.sound).digest('hex')
        const prompt = files.find(key)
        return prompt ? { key, prompt } : await render(key, task.sound, { normalize: false, keep: task.keep })
      }
    }
  }

  async function render(
    key: string,
    sound: Uint8Array,
    { normalize, keep }: { normalize: boolean; keep: boolean },
  ): Promise<PromptAnswer> {
    const prompt = await renderPrompt(sound, { resampler, normalize, maxSeconds: data.maxSeconds, breathe })
    if ('failure' in prompt) return prompt
    try {
      if (keep) files.store(key, prompt)
      return { key, prompt }
    } catch (error) {
      // A full disk costs the cache, not the call.
      return { key, prompt, warning: String(error) }
    }
  }

  port.on('message', ({ id, task }: { readonly id: number; readonly task: PromptTask }) => {
    void perform(task).then((answer) => port.postMessage({ id, answer })) // a rejection ends the thread, as a fault must
  })
}

function answerOf(key: string, prompt: Prompt | undefined): PromptAnswer {
  return prompt ? { key, prompt } : { key }
}

/** The cache key of spoken text: everything that shapes the sound. */
export function speechKey(engine: string, language: string, voice: string, text: string): string {
  return createHash('sha256')
    .update(JSON.stringify([RENDERING, engine, language, voice, text]))
    .digest('hex')
}
