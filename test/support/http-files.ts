import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** What happens instead of, or around, a file that is simply sent. */
export interface Misbehaviour {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Before the first byte of the answer. */
  readonly delayMs?: number
  /** Sends that much, then nothing more, and keeps the connection open. */
  readonly stallAfterBytes?: number
  /** Sends that much, then closes the connection. */
  readonly closeAfterBytes?: number
  /** Sends one byte at a time with this pause. */
  readonly trickleMs?: number
  /** Sends the body again and again, without end. */
  readonly endless?: boolean
}

export interface HttpRequest {
  readonly atMs: number
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = { readonly body: Buffer | string; readonly contentType: string } & Misbehaviour

/** A small HTTP server on loopback: files, flows and webhooks for a test, with faults where asked for. */
export interface HttpFiles extends AsyncDisposable {
  readonly url: string
  readonly requests: HttpRequest[]
  /** Serves a body under a path (with the leading slash); returns the full URL. */
  serve(path: string, body: Buffer | string, contentType: string, misbehaviour?: Misbehaviour): string
  /** Answers a path by a function of the request. */
  answer(path: string, respond: (request: HttpRequest) => Answer): string
  /** Resolves with the `count`-th request to a path. */
  waitForRequest(path: string, count?: number, timeoutMs?: number): Promise<HttpRequest>
}

export async function serveFiles(): Promise<HttpFiles> {
  const answers = new Map<string, (request: HttpRequest) => Answer>()
  const requests: HttpRequest[] = []
  const stopped = new AbortController()
  const waiters = new Set<() => void>()
  const server = createServer((request, response) => {
    take(request)
      .then(async (taken) => {
        requests.push(taken)
        for (const look of [...waiters]) look()
        const respond = answers.get(taken.url.pathname)
        if (!respond) response.writeHead(404).end()
        else await send(response, respond(taken), stopped.signal)
      })
      .catch(() => response.destroy()) // the client went away, or the test ended
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the HTTP server has no port')
  const url = `http://127.0.0.1:${address.port}`
  return {
    url,
    requests,
    serve(path, body, contentType, misbehaviour = {}) {
      answers.set(path, () => ({ body, contentType, ...misbehaviour }))
      return url + path
    },
    answer(path, respond) {
      answers.set(path, respond)
      return url + path
    },
    waitForRequest: (path, count = 1, timeoutMs = 5_000) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = requests.filter((request) => request.url.pathname === path)[count - 1]
          if (!found) return
          clearTimeout(timer)
          waiters.delete(look)
          resolve(found)
        }
        const timer = setTimeout(() => {
          waiters.delete(look)
          reject(new Error(`no request (number ${count}) to ${path} within ${timeoutMs} ms`))
        }, timeoutMs)
        waiters.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      stopped.abort()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function take(request: IncomingMessage): Promise<HttpRequest> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return {
    atMs: performance.now(),
    method: request.method ?? '',
    url: new URL(request.url ?? '/', 'http://127.0.0.1'),
    headers: request.headers,
    body: Buffer.concat(parts).toString('utf8'),
  }
}

async function send(response: ServerResponse, answer: Answer, signal: AbortSignal): Promise<void> {
  const bytes = Buffer.from(answer.body)
  await pause(answer.delayMs ?? 0, signal)
  const isWhole = !answer.endless
  response.writeHead(answer.status ?? 200, {
    'content-type': answer.contentType,
    ...(isWhole ? { 'content-length': bytes.length } : {}),
    ...answer.headers,
  })
  if (answer.endless) await sendForEver(response, bytes, signal)
  else if (answer.trickleMs !== undefined) await trickle(response, bytes, answer.trickleMs, signal)
  else sendOnce(response, bytes, answer)
}

function sendOnce(response: ServerResponse, bytes: Buffer, answer: Answer): void {
  const cut = answer.stallAfterBytes ?? answer.closeAfterBytes
  if (cut === undefined) response.end(bytes)
  else
    response.write(bytes.subarray(0, cut), () => answer.closeAfterBytes !== undefined && response.destroy())
}

async function trickle(
  response: ServerResponse,
  bytes: Buffer,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (const byte of bytes) {
    if (response.destroyed) return
    response.write(Buffer.of(byte))
    await pause(intervalMs, signal)
  }
  response.end()
}

async function sendForEver(response: ServerResponse, bytes: Buffer, stopped: AbortSignal): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const signal = AbortSignal.any([stopped, gone.signal])
  while (!signal.aborted) {
    if (!response.write(bytes)) await once(response, 'drain', { signal })
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
  clearTimeout(timer)
}
