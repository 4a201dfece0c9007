import { createReadStream } from 'node:fs'

const MARKER = Buffer.from('var standalone_default = "')
const [BACKSLASH, QUOTE, LETTER_N, NEWLINE] = [0x5c, 0x22, 0x6e, 0x0a]
/** The marker stands in the first lines. */
const MAX_PREFIX_BYTES = 64 * 1024

/**
 * The browser's part of Scalar, read from disk as it is asked for: 4 MB that never stand in memory at once. The package has it only as a
 * string inside the module of its Fastify plugin, and loading that module would stop the event loop for half a second.
 * Ends with an error if `signal` aborts, or if a new version of the package looks different.
 */
export function readDocsScript(signal: AbortSignal): AsyncIterable<Buffer> {
  const path = new URL(import.meta.resolve('@scalar/fastify-api-reference'))
  return unquote(createReadStream(path, { signal }))
}

/** What the string literal behind the marker holds. */
export async function* unquote(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let inside = false
  for await (const chunk of chunks) {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    if (!inside) {
      const found = bytes.indexOf(MARKER)
      if (found < 0 && bytes.length > MAX_PREFIX_BYTES) break
      if (found < 0) {
        rest = bytes
        continue
      }
      inside = true
      bytes = bytes.subarray(found + MARKER.length)
    }
    const { text, used, ended } = unescapeBytes(bytes)
    yield text
    if (ended) return
    rest = bytes.subarray(used)
  }
  throw new Error('the script of @scalar/fastify-api-reference is not where it was: adapt docs-script.ts')
}

/** Undoes the escapes up to the closing quote; a backslash at the very end waits for the next bytes. */
function unescapeBytes(bytes: Buffer): { text: Buffer; used: number; ended: boolean } {
  const quote = endOf(bytes)
  const text = Buffer.allocUnsafe(quote)
  let length = 0
  let start = 0
  for (;;) {
    const found = bytes.indexOf(BACKSLASH, start)
    const end = found < 0 || found >= quote ? quote : found
    length += bytes.copy(text, length, start, end)
    start = end
    if (end === quote || end + 1 === bytes.length) break
    text[length] = unescaped(bytes[end + 1])
    length += 1
    start = end + 2
  }
  return { text: text.subarray(0, length), used: start, ended: quote < bytes.length }
}

/** Where the closing quote stands: the first that no backslash escapes. */
function endOf(bytes: Buffer): number {
  for (let index = bytes.indexOf(QUOTE); index >= 0; index = bytes.indexOf(QUOTE, index + 1)) {
    let backslashes = 0
    while (index - backslashes > 0 && bytes[index - backslashes - 1] === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return index
  }
  return bytes.length
}

function unescaped(byte: number | undefined): number {
  if (byte === LETTER_N) return NEWLINE
  if (byte === BACKSLASH || byte === QUOTE) return byte
  throw new Error(`the script of @scalar/fastify-api-reference has the unknown escape \\${byte}`)
}
