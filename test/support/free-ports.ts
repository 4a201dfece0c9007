import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below what the system hands out by itself: a port that is free now is not given to another process in between. */
const [FIRST, LAST] = [5_100, 9_999]
const ATTEMPTS = 200

/** A TCP port on 127.0.0.1 that nobody listens on. */
export async function freeTcpPort(): Promise<number> {
  return await firstFree(async (port) => {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
  })
}

/** A UDP port on 127.0.0.1 that nobody listens on. */
export async function freeUdpPort(): Promise<number> {
  return await firstFree(bindUdp)
}

async function firstFree(tryPort: (port: number) => Promise<void>): Promise<number> {
  let fault: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST, LAST)
    try {
      await tryPort(port)
      return port
    } catch (error) {
      fault = error
    }
  }
  throw new Error(`no free port between ${FIRST} and ${LAST}`, { cause: fault })
}

/** Who uses RTP ports in a test, and from where; apart from each other, and below what the system hands out. */
const ranges = { server: [10_000, 20_000], baresip: [20_000, 26_000], sipp: [26_000, 32_000] } as const

/** The first, even port of `count` for RTP; the first few were free a moment ago. */
export async function freeRtpRange(owner: keyof typeof ranges, count: number): Promise<number> {
  const [from, to] = ranges[owner]
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const first = from + 2 * randomInt(Math.floor((to - from - count) / 2))
    const probed = Array.from({ length: Math.min(count, 8) }, (_, index) => bindUdp(first + index))
    if ((await Promise.allSettled(probed)).every(({ status }) => status === 'fulfilled')) return first
  }
  throw new Error(`no free RTP ports between ${from} and ${to}`)
}

/** Binds a UDP port and lets it go again; rejects if it is taken. */
async function bindUdp(port: number): Promise<void> {
  const socket = createSocket('udp4')
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true })
    await once(socket, 'listening')
  } finally {
    socket.close()
  }
}
