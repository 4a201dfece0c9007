import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { NoFreePortError, type RtpReceiver } from '../rtp/transport.ts'
import { UdpRtpPorts } from './rtp-ports.ts'

const HOST = '127.0.0.1'

function openPorts(range = { first: 0, last: 0 }, { restMs = 0 } = {}) {
  return new UdpRtpPorts({
    address: HOST,
    range,
    restMs,
    now: () => performance.now(),
    random: Math.random,
  })
}

/** Collects what arrives; `next` resolves with the next datagram. */
class Inbox implements RtpReceiver {
  readonly #waiting: ((text: string) => void)[] = []
  readonly #arrived: string[] = []

  receiveRtp(datagram: Buffer, address: string, port: number): void {
    this.#arrive(`rtp ${datagram} ${address}:${port}`)
  }

  receiveRtcp(datagram: Buffer, address: string, port: number): void {
    this.#arrive(`rtcp ${datagram} ${address}:${port}`)
  }

  next(): Promise<string> {
    const text = this.#arrived.shift()
    if (text !== undefined) return Promise.resolve(text)
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#waiting.push(resolve)
    return promise
  }

  #arrive(text: string): void {
    const waiting = this.#waiting.shift()
    if (waiting) waiting(text)
    else this.#arrived.push(text)
  }
}

/** A free even port with a free neighbour, taken from the system and given back. */
async function freePair(): Promise<number> {
  using ports = openPorts()
  using socket = await ports.open(new Inbox())
  return socket.port
}

describe('RTP ports', () => {
  test('come in pairs: RTP on an even port, RTCP on the next, both ways', async () => {
    using ports = openPorts()
    const [here, there] = [new Inbox(), new Inbox()]
    using a = await ports.open(here)
    using b = await ports.open(there)

    assert.equal(a.port % 2, 0)
    assert.equal(a.sendRtp(Buffer.from('audio'), b.port, HOST), true)
    assert.equal(await there.next(), `rtp audio ${HOST}:${a.port}`)
    assert.equal(b.sendRtcp(Buffer.from('report'), a.port + 1, HOST), true)
    assert.equal(await here.next(), `rtcp report ${HOST}:${b.port + 1}`)
  })

  test('a packet may be written over as soon as it was sent', async () => {
    using ports = openPorts()
    const inbox = new Inbox()
    using a = await ports.open(new Inbox())
    using b = await ports.open(inbox)
    const packet = Buffer.from('0')

    for (let n = 0; n < 10; n++) {
      packet.write(`${n}`)
      assert.equal(a.sendRtp(packet, b.port, HOST), true)
    }
    packet.write('x')

    for (let n = 0; n < 10; n++) assert.equal(await inbox.next(), `rtp ${n} ${HOST}:${a.port}`)
  })

  test('a port that another program holds is passed over', async () => {
    const first = await freePair()
    const other = createSocket('udp4')
    other.bind(first, HOST)
    await once(other, 'listening')
    try {
      using ports = openPorts({ first, last: first + 1 })
      await assert.rejects(ports.open(new Inbox()), NoFreePortError)
    } finally {
      other.close()
    }
  })

  test('when only the neighbour is held, neither half stays open', async () => {
    const first = await freePair()
    const other = createSocket('udp4')
    other.bind(first + 1, HOST)
    await once(other, 'listening')
    using ports = openPorts({ first, last: first + 1 })
    await assert.rejects(ports.open(new Inbox()), NoFreePortError)

    other.close()
    await once(other, 'close')
    using socket = await ports.open(new Inbox())
    assert.equal(socket.port, first)
  })

  test('a range that is used up is an error, until a leg has closed and its port has rested', async () => {
    const first = await freePair()
    using ports = openPorts({ first, last: first + 1 })
    const socket = await ports.open(new Inbox())
    assert.equal(ports.free, 0)
    await assert.rejects(ports.open(new Inbox()), { name: 'NoFreePortError', message: /no free RTP port/ })

    socket[Symbol.dispose]()
    socket[Symbol.dispose]()
    assert.equal(ports.free, 1)
    using again = await ports.open(new Inbox())
    assert.equal(again.port, first)
  })

  test('a closed pair sends nothing and says so', async () => {
    using ports = openPorts()
    const socket = await ports.open(new Inbox())
    socket[Symbol.dispose]()
    assert.equal(socket.sendRtp(Buffer.from('late'), 4000, HOST), false)
    assert.equal(socket.sendRtcp(Buffer.from('late'), 4000, HOST), false)
  })

  test('what is not an address, or one that cannot be reached, harms nothing', async () => {
    using ports = openPorts()
    const inbox = new Inbox()
    using a = await ports.open(inbox)
    a.sendRtp(Buffer.from('x'), 4000, 'no-address')
    a.sendRtp(Buffer.from('x'), 1, HOST)
    a.sendRtp(Buffer.from('self'), a.port, HOST)
    assert.equal(await inbox.next(), `rtp self ${HOST}:${a.port}`)
  })

  test('closing all of them while one is being opened refuses that one', async () => {
    const ports = openPorts()
    const opening = ports.open(new Inbox())
    ports[Symbol.dispose]()
    await assert.rejects(opening, NoFreePortError)
    await assert.rejects(ports.open(new Inbox()), NoFreePortError)
  })
})
