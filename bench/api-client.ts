// The load of bench/api.ts: HTTP/1.1 over plain sockets with keep-alive, one request at a time on each, so that the client costs little.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

const HEAD_END = Buffer.from('\r\n\r\n')

/** A whole request as bytes, ready to be sent again and again. */
export function request(method: string, path: string, key: string, body?: unknown): Buffer {
  const payload = body === undefined ? '' : JSON.stringify(body)
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: AccessKey ${key}`,
    'Accept: application/json',
    ...(payload ? ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(payload)}`] : []),
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${payload}`)
}

/** One connection. An answer that is not of the wanted status rejects with the whole answer. */
export class Connection implements Disposable {
  readonly #socket: Socket
  #received: Buffer[] = []
  #bytes = 0
  #wanted = Number.POSITIVE_INFINITY
  #pending: { resolve: (bytes: number) => void; reject: (error: Error) => void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#pending?.reject(error))
    socket.on('close', () => this.#pending?.reject(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Connection(socket)
  }

  /** Resolves with the bytes of the answer's body. */
  send(bytes: Buffer): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    this.#pending = { resolve, reject }
    this.#socket.write(bytes)
    return promise
  }

  [Symbol.dispose](): void {
    this.#pending = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#bytes += chunk.length
    if (this.#wanted === Number.POSITIVE_INFINITY) this.#readHead()
    if (this.#bytes < this.#wanted) return
    const answer = this.#received
    const pending = this.#pending
    this.#received = []
    this.#bytes = 0
    this.#wanted = Number.POSITIVE_INFINITY
    this.#pending = undefined
    if (answer[0]?.toString('latin1', 9, 10) === '2') pending?.resolve(this.#bodyBytes)
    else pending?.reject(new Error(Buffer.concat(answer).toString()))
  }

  #bodyBytes = 0

  #readHead(): void {
    const bytes = this.#received.length === 1 ? this.#received[0] : Buffer.concat(this.#received)
    const end = bytes?.indexOf(HEAD_END) ?? -1
    if (!bytes || end < 0) return
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(bytes.toString('latin1', 0, end)) ?? []
    if (length === undefined) throw new Error('an answer without Content-Length')
    this.#bodyBytes = Number(length)
    this.#wanted = end + HEAD_END.length + this.#bodyBytes
  }
}

export interface Outcome {
  readonly perSecond: number
  /** Milliseconds, from the moment at which the request was due. */
  readonly p50: number
  readonly p99: number
}

/** Keeps every connection busy for `ms`. */
export async function saturate(port: number, connections: number, ms: number, next: () => Buffer) {
  const times: number[] = []
  const startedAt = performance.now()
  const work = async () => {
    using connection = await Connection.open(port)
    while (performance.now() - startedAt < ms) {
      const sentAt = performance.now()
      await connection.send(next())
      times.push(performance.now() - sentAt)
    }
  }
  await Promise.all(Array.from({ length: connections }, work))
  return outcome(times, performance.now() - startedAt)
}

/** Sends `perSecond` requests for `ms`, however slow the answers are; those that find no free connection wait, and that counts. */
export async function pace(
  port: number,
  { perSecond, connections, ms }: { perSecond: number; connections: number; ms: number },
  next: () => Buffer,
): Promise<Outcome> {
  const times: number[] = []
  const startedAt = performance.now()
  const total = Math.round((perSecond * ms) / 1000)
  let sent = 0
  const work = async () => {
    using connection = await Connection.open(port)
    while (sent < total) {
      const dueAt = startedAt + (sent++ * 1000) / perSecond
      const early = dueAt - performance.now()
      if (early > 0) await delay(early)
      await connection.send(next())
      times.push(performance.now() - dueAt)
    }
  }
  await Promise.all(Array.from({ length: connections }, work))
  return outcome(times, performance.now() - startedAt)
}

function outcome(times: readonly number[], elapsedMs: number): Outcome {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { perSecond: (times.length * 1000) / elapsedMs, p50: at(0.5), p99: at(0.99) }
}
