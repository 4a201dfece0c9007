// A process of its own: the phones' RTP. `node rtp-peers.ts FIRST_PORT COUNT ADDRESS [listen-only]`
//
// Each even port from FIRST_PORT on is one phone. It sends 50 packets/s back to whoever sent to it, until nothing has
// come for 200 ms. It never sleeps in the kernel's poll, but looks every 2 ms: a receiver that is woken for each
// packet makes the sender pay for the wake-up on another core. Arrival times are taken elsewhere (capture.ts).
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

const TURN_MS = 2
const TURNS_PER_FRAME = 10
const QUIET_AFTER_MS = 200

interface RtpPeer {
  readonly socket: Socket
  readonly packet: Buffer
  lastHeardAt: number
  port: number
  address: string
  sequenceNumber: number
  timestamp: number
}

async function open(address: string, port: number): Promise<RtpPeer> {
  const socket = createSocket('udp4')
  const packet = Buffer.alloc(172, 0xff)
  packet.writeUInt16BE(0x8000, 0)
  packet.writeUInt32BE(port, 8)
  const peer: RtpPeer = {
    socket,
    packet,
    lastHeardAt: Number.NEGATIVE_INFINITY,
    port: 0,
    address: '',
    sequenceNumber: 0,
    timestamp: 0,
  }
  socket.on('message', (_, from) => {
    peer.lastHeardAt = performance.now()
    peer.port = from.port
    peer.address = from.address
  })
  socket.bind(port, address)
  await once(socket, 'listening')
  return peer
}

function send(peer: RtpPeer): void {
  peer.sequenceNumber = (peer.sequenceNumber + 1) & 0xffff
  peer.timestamp = (peer.timestamp + 160) >>> 0
  peer.packet.writeUInt16BE(peer.sequenceNumber, 2)
  peer.packet.writeUInt32BE(peer.timestamp, 4)
  peer.socket.send(peer.packet, peer.port, peer.address)
}

const [firstPort, count, address = '127.0.0.1', mode] = process.argv.slice(2)
const peers: RtpPeer[] = []
for (let index = 0; index < Number(count); index += 1)
  peers.push(await open(address, Number(firstPort) + 2 * index))
console.log('ready')

const nobody = new Int32Array(new SharedArrayBuffer(4))
const startedAt = performance.now()
let turn = 0
let peak = 0

/** One look at the sockets: sleep out the turn, then send; Node hands datagrams over between two turns. */
function look(): void {
  const dueAt = startedAt + turn * TURN_MS
  const waitMs = dueAt - performance.now()
  if (waitMs > 0) Atomics.wait(nobody, 0, 0, waitMs)
  const now = performance.now()
  const due = Math.floor((now - startedAt) / TURN_MS) + 1
  let active = 0
  for (const peer of peers) if (now - peer.lastHeardAt < QUIET_AFTER_MS) active += 1
  peak = Math.max(peak, active)
  for (; turn < due; turn += 1) {
    for (let index = turn % TURNS_PER_FRAME; index < peers.length; index += TURNS_PER_FRAME) {
      const peer = peers[index]
      if (mode !== 'listen-only' && peer && now - peer.lastHeardAt < QUIET_AFTER_MS) send(peer)
    }
  }
  setImmediate(look)
}

process.on('SIGTERM', () => {
  console.log(`peak ${peak}`)
  process.exit(0)
})
look()
