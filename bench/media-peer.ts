/** The far end of bench/media.ts in a process of its own: sends every leg 50 packets a second, and times what it receives. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { LatenessHistogram } from '../src/media/lateness.ts'
import type { Lateness } from '../src/media/port.ts'
import { TimerWheel, type Turning } from '../src/media/timer-wheel.ts'
import { emptyRtpHeader, isRtcp, readRtpHeader } from '../src/rtp/packet.ts'
import { RtpSender } from '../src/rtp/sender.ts'
import { sequenceDistance } from '../src/rtp/sequence.ts'

export type PeerCommand =
  | { readonly type: 'send'; readonly to: readonly { readonly port: number; readonly from: number }[] }
  | { readonly type: 'measure' | 'report' }

export interface PeerReport {
  /** |distance between two packets of a stream − 20 ms|. */
  readonly jitter: Lateness
  readonly missing: number
}

const HOST = '127.0.0.1'
const SOCKETS = 32
const now = () => performance.now()
const header = emptyRtpHeader()
const jitter = new LatenessHistogram()
const streams = new Map<number, { sequenceNumber: number; at: number }>()
let missing = 0

class Caller implements Turning {
  readonly #socket: Socket
  readonly #port: number
  readonly #sender: RtpSender

  constructor(socket: Socket, port: number) {
    this.#socket = socket
    this.#port = port
    this.#sender = new RtpSender({ ssrc: port, sequenceNumber: 0, timestamp: 0 })
    this.#sender.use(0, 0xff)
  }

  turn(): void {
    this.#socket.send(this.#sender.silence(), this.#port, HOST)
  }
}

function receive(datagram: Buffer): void {
  if (isRtcp(datagram) || !readRtpHeader(datagram, header)) return
  const at = now()
  const stream = streams.get(header.ssrc)
  if (!stream) {
    streams.set(header.ssrc, { sequenceNumber: header.sequenceNumber, at })
    return
  }
  const distance = sequenceDistance(stream.sequenceNumber, header.sequenceNumber)
  missing += distance - 1
  if (distance === 1) jitter.record(Math.abs(at - stream.at - 20))
  stream.sequenceNumber = header.sequenceNumber
  stream.at = at
}

async function open(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (address, _, done) => done(null, address, 4) })
  socket.on('message', receive)
  const listening = once(socket, 'listening') // with this look-up it happens within bind()
  socket.bind(0, HOST)
  await listening
  return socket
}

const sockets = await Promise.all(Array.from({ length: SOCKETS }, open))
const wheel = new TimerWheel(
  { now, wakeAfter: (ms, callback) => setTimeout(callback, ms) },
  new LatenessHistogram(),
)
process.on('message', (command: PeerCommand) => {
  if (command.type === 'send') {
    for (const { port, from } of command.to) {
      const socket = sockets[from]
      if (socket) wheel.add(new Caller(socket, port))
    }
  } else if (command.type === 'measure') {
    jitter.take()
    missing = 0
  } else {
    process.send?.({ jitter: jitter.take(), missing } satisfies PeerReport)
  }
})

// Sleeps two milliseconds at a time instead of waiting for datagrams: waking a waiting process for every datagram is paid by
// the sender, on virtual machines as dearly as the sending itself. Arrival times are therefore 2 ms coarse.
const cell = new Int32Array(new SharedArrayBuffer(4))
function poll(): void {
  Atomics.wait(cell, 0, 0, 2)
  setImmediate(poll)
}
poll()

process.send?.({ ports: sockets.map((socket) => socket.address().port) })
