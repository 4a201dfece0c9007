import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { isRtcp, parseRtpPacket, type RtpPacket, serializeRtpPacket } from '../rtp/packet.ts'
import { serializeTelephoneEvent } from '../rtp/telephone-event.ts'
import { silentLogger } from '../runtime/logger.ts'
import { createMediaEngine, type MediaEngineOptions } from './media-engine.ts'
import { type MediaEvent, MediaUnavailableError, type RtpRemote } from './port.ts'

const HOST = '127.0.0.1'
const workerUrl = new URL('../media-worker.ts', import.meta.url)
const FRAMES = 100

function startEngine(options: Partial<MediaEngineOptions> = {}) {
  return createMediaEngine({
    workerUrl,
    workers: 1,
    rtpPorts: { first: 0, last: 0 },
    address: HOST,
    logger: silentLogger,
    ...options,
  })
}

/** A phone that only listens, on a port that the system chose. */
class Phone implements Disposable {
  readonly heard: { packet: RtpPacket; at: number }[] = []
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (datagram: Buffer) => {
      // The system may have put another phone on the port above, where a phone's RTCP goes.
      const packet = isRtcp(datagram) ? undefined : parseRtpPacket(datagram)
      if (packet) this.heard.push({ packet, at: performance.now() })
    })
  }

  static async open(address = HOST): Promise<Phone> {
    const socket = createSocket('udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    return new Phone(socket)
  }

  get remote(): RtpRemote {
    const { port } = this.#socket.address()
    return {
      address: HOST,
      port,
      codec: 'PCMU',
      payloadType: 0,
      telephoneEventPayloadType: 101,
      sending: true,
    }
  }

  press(event: number, port: number, timestamp = 160): void {
    const payload = serializeTelephoneEvent({ event, end: false, volume: 10, duration: 160 })
    const fields = { marker: true, payloadType: 101, sequenceNumber: timestamp / 160, timestamp, ssrc: 9 }
    this.#socket.send(serializeRtpPacket({ ...fields, payload }), port, HOST)
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }
}

/** Collects events; `until` resolves with the first of a type, past ones included. */
class Events {
  readonly all: MediaEvent[] = []
  readonly #waiting = new Map<MediaEvent['type'], (event: MediaEvent) => void>()

  readonly listener = (event: MediaEvent) => {
    this.all.push(event)
    this.#waiting.get(event.type)?.(event)
  }

  until(type: MediaEvent['type']): Promise<MediaEvent> {
    const past = this.all.find((event) => event.type === type)
    if (past) return Promise.resolve(past)
    const { promise, resolve } = Promise.withResolvers<MediaEvent>()
    this.#waiting.set(type, resolve)
    return promise
  }
}

/** Two seconds of bytes that tell their place: 0x00–0xFE, never µ-law silence. */
function prompt(seed: number): SharedArrayBuffer {
  const audio = new SharedArrayBuffer(FRAMES * 160)
  const bytes = new Uint8Array(audio)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 7) + seed) % 255
  return audio
}

function isSilent({ payload }: RtpPacket): boolean {
  return payload.every((byte) => byte === 0xff)
}

describe('the media engine', () => {
  test('plays a prompt to 50 phones at once, every byte right and evenly paced', async () => {
    await using engine = await startEngine()
    using cleanUp = new DisposableStack()

    const legs = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const phone = cleanUp.use(await Phone.open())
        const events = new Events()
        const leg = await engine.open({ group: `call-${i}`, onEvent: events.listener })
        assert.equal(leg.port % 2, 0)
        leg.connect(phone.remote)
        leg.play(i, prompt(i), { stopOnKey: false })
        return { i, phone, events, leg }
      }),
    )
    await Promise.all(legs.map(({ events }) => events.until('playEnded')))
    const statistics = await Promise.all(legs.map(({ leg }) => leg.close()))

    for (const { i, phone, events } of legs) {
      assert.deepEqual(events.all, [{ type: 'playEnded', playId: i, how: 'finished', playedMs: FRAMES * 20 }])
      const spoken = phone.heard.filter(({ packet }) => !isSilent(packet))
      assert.deepEqual(Buffer.concat(spoken.map(({ packet }) => packet.payload)), Buffer.from(prompt(i)))
      const took = (spoken.at(-1)?.at ?? 0) - (spoken[0]?.at ?? 0)
      assert.ok(took > 1_800 && took < 2_400, `the prompt took ${took} ms`)
      const numbers = phone.heard.map(({ packet }) => packet.sequenceNumber)
      const first = numbers[0] ?? 0
      assert.deepEqual(
        numbers,
        numbers.map((_, n) => (first + n) & 0xffff),
      )
    }
    assert.ok(statistics.every(({ packetsSent }) => packetsSent >= FRAMES))
    assert.equal(new Set(legs.map(({ leg }) => leg.port)).size, 50)
  })

  test('a key stops the prompt within a frame', async () => {
    await using engine = await startEngine()
    using phone = await Phone.open()
    const events = new Events()
    const leg = await engine.open({ group: 'call', onEvent: events.listener })
    leg.connect(phone.remote)
    leg.play(1, prompt(1), { stopOnKey: true })
    phone.press(11, leg.port)

    await events.until('playEnded')
    const { packetsReceived } = await leg.close()

    assert.deepEqual(events.all[0], { type: 'key', key: '#' })
    assert.ok(events.all[1]?.type === 'playEnded' && events.all[1].how === 'key')
    const spoken = phone.heard.filter(({ packet }) => !isSilent(packet))
    assert.ok(spoken.length * 20 <= events.all[1].playedMs)
    assert.equal(packetsReceived, 1)
  })

  test('a stranger on the network neither presses keys nor draws the audio to himself', async () => {
    await using engine = await startEngine()
    using phone = await Phone.open()
    using stranger = await Phone.open('127.0.0.2')
    const events = new Events()
    const leg = await engine.open({ group: 'call', onEvent: events.listener })
    leg.connect(phone.remote)
    phone.press(1, leg.port)
    await events.until('key')

    for (let n = 1; n <= 20; n++) stranger.press(9, leg.port, n * 160)
    leg.play(1, prompt(1), { stopOnKey: true })
    phone.press(2, leg.port, 3_200)
    await events.until('playEnded')
    const { packetsRejected, packetsReceived } = await leg.close()

    const keys = events.all.flatMap((event) => (event.type === 'key' ? [event.key] : []))
    assert.deepEqual(keys, ['1', '2'])
    assert.equal(packetsRejected, 20)
    assert.equal(packetsReceived, 1) // the far end's two packets are not in order: its sequence is believed from the next on
    assert.deepEqual(stranger.heard, [])
  })

  test('a far end that sends nothing is reported, and one on hold hears nothing and is not', async () => {
    await using engine = await startEngine({ noMediaMs: 200 })
    using phone = await Phone.open()
    using held = await Phone.open()
    const [events, heldEvents] = [new Events(), new Events()]
    const leg = await engine.open({ group: 'call', onEvent: events.listener })
    const heldLeg = await engine.open({ group: 'call', onEvent: heldEvents.listener })
    heldLeg.connect({ ...held.remote, sending: false })
    leg.connect(phone.remote)

    assert.deepEqual(await events.until('noMedia'), { type: 'noMedia', forMs: 200 })
    await leg.close()

    assert.deepEqual(heldEvents.all, [])
    assert.deepEqual(held.heard, [])
    assert.equal((await heldLeg.close()).packetsSent, 0)
  })

  test('an answering far end is reported on: what it sent, lost, and refused', async () => {
    await using engine = await startEngine()
    using phone = await Phone.open()
    const leg = await engine.open({ group: 'call', onEvent: () => {} })
    leg.connect(phone.remote)
    for (const n of [1, 2, 3, 6, 7]) phone.press(5, leg.port, n * 160)
    const [thread] = await engine.statistics()
    assert.equal(thread?.legs, 1)
    assert.ok(thread.cpuMs > 0 && thread.elapsedMs > 0 && thread.utilization >= 0 && thread.utilization <= 1)

    const events = new Events()
    const other = await engine.open({ group: 'call', onEvent: events.listener })
    await other.close() // a round trip: the datagrams have been read meanwhile
    const { packetsReceived, packetsLost } = await leg.close()
    assert.deepEqual({ packetsReceived, packetsLost }, { packetsReceived: 5, packetsLost: 2 })
  })

  test('legs of a group share a thread, others go where there is least to do', async () => {
    await using engine = await startEngine({ workers: 2 })
    const open = (group: string) => engine.open({ group, onEvent: () => {} })
    const legsByThread = async () => (await engine.statistics()).map(({ legs }) => legs)

    const first = await open('a')
    await open('a')
    await open('a')
    assert.deepEqual(await legsByThread(), [3, 0])
    await open('b')
    await open('c')
    assert.deepEqual(await legsByThread(), [3, 2])
    await first.close()
    await open('a')
    assert.deepEqual(await legsByThread(), [3, 2])
  })

  test('a leg that no port is left for is refused', async () => {
    const first = await freePair()
    await using engine = await startEngine({ rtpPorts: { first, last: first + 1 }, workers: 2 })
    const leg = await engine.open({ group: 'a', onEvent: () => {} })
    assert.equal(leg.port, first)
    await assert.rejects(engine.open({ group: 'b', onEvent: () => {} }), MediaUnavailableError)
  })

  test('closing twice gives the same count', async () => {
    await using engine = await startEngine()
    const leg = await engine.open({ group: 'a', onEvent: () => {} })
    const [one, two] = await Promise.all([leg.close(), leg.close()])
    assert.deepEqual(one, two)
    assert.deepEqual(await leg.close(), one)
  })

  test('when a thread dies its legs are lost, and another thread takes its place', async () => {
    const logged: string[] = []
    const logger = { ...silentLogger, error: (_: unknown, message: string) => void logged.push(message) }
    await using engine = await startEngine({ logger })
    const events = new Events()
    const leg = await engine.open({ group: 'a', onEvent: events.listener })

    // A far end that the thread can't read is what a bug in it would be.
    leg.connect(null as unknown as RtpRemote)
    await events.until('lost')
    assert.equal((await leg.close()).packetsSent, 0)
    assert.deepEqual(logged, ['media thread died'])
    await assert.rejects(engine.open({ group: 'a', onEvent: () => {} }), MediaUnavailableError)

    const again = await openSoon(() => engine.open({ group: 'a', onEvent: () => {} }))
    assert.ok(again.port > 0)
    assert.deepEqual(events.all, [{ type: 'lost' }])
  })

  test('an engine whose thread cannot start says so', async () => {
    const broken = new URL('data:text/javascript,throw new Error("broken")')
    await assert.rejects(startEngine({ workerUrl: broken }), /broken/)
  })

  test('a closed engine opens nothing and has closed its legs', async () => {
    const engine = await startEngine()
    const leg = await engine.open({ group: 'a', onEvent: () => {} })
    await engine[Symbol.asyncDispose]()
    assert.equal((await leg.close()).packetsSent, 0)
    await assert.rejects(engine.open({ group: 'a', onEvent: () => {} }), MediaUnavailableError)
    await engine[Symbol.asyncDispose]()
  })
})

async function freePair(): Promise<number> {
  await using engine = await startEngine()
  const leg = await engine.open({ group: 'a', onEvent: () => {} })
  return leg.port
}

/** Asks again for as long as there is no thread: the new one comes up in its own time. */
async function openSoon<T>(open: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof MediaUnavailableError)) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
