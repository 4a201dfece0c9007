import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Prompt } from '../domain/speech.ts'
import { allocatePrompt } from './render-prompt.ts'

const MAGIC = 'LINNETG1'
const HEADER_BYTES = MAGIC.length + 32
const FRAME_BYTES = 160
const SUFFIX = '.g711'

/**
 * Prompts on disk, bounded in bytes: the ones unused for longest give way. A file is magic, SHA-256 of the rest, µ-law, A-law; it
 * appears whole or not at all, and one that is damaged counts as absent. Synchronous: for a thread of its own.
 */
export class PromptFiles {
  readonly #folder: string
  readonly #maxBytes: number
  /** Bytes by key, least recently used first. */
  readonly #files: Map<string, number>
  #bytes = 0

  constructor(folder: string, maxBytes: number) {
    this.#folder = folder
    this.#maxBytes = maxBytes
    mkdirSync(folder, { recursive: true })
    const names = readdirSync(folder)
    for (const name of names) if (name.endsWith('.tmp')) rmSync(join(folder, name), { force: true })
    const files = names
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => ({ key: name.slice(0, -SUFFIX.length), ...sizeAndTime(join(folder, name)) }))
      .sort((a, b) => a.usedAt - b.usedAt)
    this.#files = new Map(files.map(({ key, bytes }) => [key, bytes]))
    for (const { bytes } of files) this.#bytes += bytes
    this.#evict()
  }

  find(key: string): Prompt | undefined {
    const bytes = this.#files.get(key)
    if (bytes === undefined) return undefined
    const prompt = readPrompt(this.#pathOf(key))
    if (!prompt) {
      this.#remove(key)
      return undefined
    }
    this.#files.delete(key)
    this.#files.set(key, bytes)
    const now = new Date()
    utimesSync(this.#pathOf(key), now, now)
    return prompt
  }

  /** Keeps a prompt. One that is larger than the whole bound is not kept. */
  store(key: string, { pcmu, pcma }: Prompt): void {
    const body = Buffer.concat([new Uint8Array(pcmu), new Uint8Array(pcma)])
    const bytes = HEADER_BYTES + body.length
    if (bytes > this.#maxBytes) return
    const temporary = `${this.#pathOf(key)}.tmp`
    writeFileSync(
      temporary,
      Buffer.concat([Buffer.from(MAGIC), createHash('sha256').update(body).digest(), body]),
    )
    renameSync(temporary, this.#pathOf(key))
    this.#bytes += bytes - (this.#files.get(key) ?? 0)
    this.#files.delete(key)
    this.#files.set(key, bytes)
    this.#evict()
  }

  #evict(): void {
    for (const key of this.#files.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#remove(key)
    }
  }

  #remove(key: string): void {
    rmSync(this.#pathOf(key), { force: true })
    this.#bytes -= this.#files.get(key) ?? 0
    this.#files.delete(key)
  }

  #pathOf(key: string): string {
    return join(this.#folder, key + SUFFIX)
  }
}

function sizeAndTime(path: string): { bytes: number; usedAt: number } {
  const { size, mtimeMs } = statSync(path)
  return { bytes: size, usedAt: mtimeMs }
}

function readPrompt(path: string): Prompt | undefined {
  const file = statSync(path, { throwIfNoEntry: false }) && readFileSync(path)
  if (!file || file.length < HEADER_BYTES || file.toString('latin1', 0, MAGIC.length) !== MAGIC)
    return undefined
  const body = file.subarray(HEADER_BYTES)
  const digest = createHash('sha256').update(body).digest()
  const half = body.length / 2
  if (!digest.equals(file.subarray(MAGIC.length, HEADER_BYTES)) || half === 0 || half % FRAME_BYTES !== 0)
    return undefined
  const prompt = allocatePrompt(half)
  new Uint8Array(prompt.pcmu).set(body.subarray(0, half))
  new Uint8Array(prompt.pcma).set(body.subarray(half))
  return prompt
}
