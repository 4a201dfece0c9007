import { SIP_LIMITS } from './parse.ts'

/** What a piece of the stream completed. */
export interface StreamProgress {
  /** Whole messages, each in a buffer of its own lifetime, for `parseSipMessage`. */
  readonly messages: readonly Buffer[]
  /** Keep-alives to be answered with one CRLF each (RFC 5626 §4.4.1). */
  readonly pings: number
  /** Set when the stream can't be cut into messages any more: the connection must be closed. */
  readonly fault?: string
}

const EMPTY = Buffer.alloc(0)
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const CONTENT_LENGTH = /^(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)?(\d{1,10})[ \t]*\r$/gim
const ANY_CONTENT_LENGTH = /^(?:content-length|l)[ \t]*:/gim

/** Cuts a byte stream into SIP messages by Content-Length (RFC 3261 §18.3). Holds less than one message; pure and total. */
export class StreamFramer {
  #held: Buffer = EMPTY
  /** Where the search for the end of the head goes on, so that a slow sender costs no more than a fast one. */
  #searched = 0
  #fault: string | undefined

  /** Bytes of a message that is not complete. */
  get heldBytes(): number {
    return this.#held.length
  }

  push(chunk: Buffer): StreamProgress {
    if (this.#fault !== undefined) return { messages: [], pings: 0, fault: this.#fault }
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const messages: Buffer[] = []
    let pings = 0
    let taken: Taken = this.#take()
    for (; taken !== 'more'; taken = this.#take()) {
      if (typeof taken === 'string') {
        if (taken === 'ping') pings++
        continue
      }
      if ('fault' in taken) {
        this.#fault = taken.fault
        this.#held = EMPTY
        return { messages, pings, fault: taken.fault }
      }
      messages.push(taken.message)
    }
    return { messages, pings }
  }

  #take(): Taken {
    const held = this.#held
    if (held.length === 0) return 'more'
    if (held[0] === CR || held[0] === LF) return this.#takeLineEnds()
    const headEnd = held.indexOf(END_OF_HEAD, this.#searched)
    if (headEnd === -1) {
      this.#searched = Math.max(held.length - END_OF_HEAD.length + 1, 0)
      return held.length > SIP_LIMITS.headerBlockBytes + END_OF_HEAD.length
        ? { fault: 'header block too long' }
        : 'more'
    }
    if (headEnd > SIP_LIMITS.headerBlockBytes) return { fault: 'header block too long' }
    const length = bodyLength(held.toString('latin1', 0, headEnd + 2))
    if (length === undefined) return { fault: 'no single valid Content-Length' }
    const end = headEnd + END_OF_HEAD.length + length
    if (end > SIP_LIMITS.messageBytes) return { fault: 'message too long' }
    if (held.length < end) {
      this.#searched = headEnd
      return 'more'
    }
    return { message: this.#advance(end) }
  }

  /** Between messages CRLF CRLF is a ping; a single CRLF is the far end's pong, or nothing at all (§7.5). */
  #takeLineEnds(): Taken {
    const held = this.#held
    if (held.length >= 4 && held.subarray(0, 4).equals(END_OF_HEAD)) {
      this.#advance(4)
      return 'ping'
    }
    if (held.length < 4 && END_OF_HEAD.subarray(0, held.length).equals(held)) return 'more'
    this.#advance(1)
    return 'nothing'
  }

  #advance(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes)
    this.#held = this.#held.length === bytes ? EMPTY : this.#held.subarray(bytes)
    this.#searched = 0
    return taken
  }
}

type Taken = 'more' | 'ping' | 'nothing' | { readonly message: Buffer } | { readonly fault: string }

const CR = 0x0d
const LF = 0x0a

/** Undefined unless there is exactly one, and it is a number: two readers must not disagree on where a message ends. */
function bodyLength(head: string): number | undefined {
  const [length, second] = head.matchAll(CONTENT_LENGTH)
  const lines = head.match(ANY_CONTENT_LENGTH)?.length
  return length === undefined || second !== undefined || lines !== 1 ? undefined : Number(length[1])
}
