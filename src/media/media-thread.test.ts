import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeWheelTime } from '../../test/support/fake-wheel-time.ts'
import { NoFreePortError, type RtpPorts, type RtpReceiver, type RtpSocket } from '../rtp/transport.ts'
import { systemIds } from '../runtime/ids.ts'
import { MediaThread } from './media-thread.ts'
import type { RtpRemote } from './port.ts'
import type { MediaReport } from './worker-messages.ts'

const remote: RtpRemote = { address: '192.0.2.1', port: 4000, codec: 'PCMU', payloadType: 0, sending: true }

/** Ports in memory, each opened when the test says so. */
class MemoryPorts implements RtpPorts {
  free = 3
  readonly open_ = new Set<number>()
  readonly #gates: (() => void)[] = []
  sent = 0
  gated = false
  closed = false

  async open(_receiver: RtpReceiver): Promise<RtpSocket> {
    if (this.free === 0) throw new NoFreePortError('no free RTP port')
    const port = 20_000 + 2 * this.free--
    if (this.gated) await new Promise<void>((resolve) => void this.#gates.push(resolve))
    this.open_.add(port)
    return {
      port,
      sendRtp: () => {
        this.sent++
        return true
      },
      sendRtcp: () => true,
      [Symbol.dispose]: () => void this.open_.delete(port),
    }
  }

  release(): void {
    for (const resolve of this.#gates.splice(0)) resolve()
  }

  [Symbol.dispose](): void {
    this.closed = true
  }
}

function open({ maxLatenessMs = 5 } = {}) {
  const reports: MediaReport[] = []
  const batches: number[] = []
  const deferred: (() => void)[] = []
  const ports = new MemoryPorts()
  const time = new FakeWheelTime()
  const sink = Promise.withResolvers<void>()
  const thread = new MediaThread({
    data: {
      thread: 3,
      address: '127.0.0.1',
      rtpPorts: { first: 0, last: 0 },
      portRestMs: 0,
      learnWindowMs: 5_000,
      noMediaMs: 30_000,
      maxLatenessMs,
      recordingsFolder: undefined,
    },
    ports,
    time,
    ids: systemIds,
    openSink: () => ({ append: () => {}, close: () => sink.promise }),
    wallClock: () => 0,
    random: () => 0.5,
    load: () => ({ cpuMs: 12, utilization: 0.5 }),
    post: (batch) => {
      batches.push(batch.length)
      reports.push(...batch)
    },
    defer: (callback) => deferred.push(callback),
  })
  /** Lets the event loop come round once: promises settle, then what was deferred runs. */
  const settle = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    for (const callback of deferred.splice(0)) callback()
  }
  const heard = () => reports.splice(0).map((r) => (r.type === 'event' ? r.event.type : r.type))
  return { thread, ports, time, settle, heard, reports, batches, sink }
}

describe('a media thread', () => {
  test('opens, plays, reports and closes a leg', async () => {
    const { thread, ports, time, settle, heard } = open()
    thread.handle({ type: 'open', leg: 1 })
    await settle()
    assert.deepEqual(heard(), ['opened'])

    thread.handle({ type: 'connect', leg: 1, remote })
    thread.handle({
      type: 'play',
      leg: 1,
      playId: 9,
      audio: new SharedArrayBuffer(160 * 5),
      stopOnKey: false,
    })
    time.advance(200)
    await settle()
    assert.deepEqual(heard(), ['playEnded'])
    assert.equal(ports.sent, 10)

    thread.handle({ type: 'close', leg: 1 })
    thread.handle({ type: 'close', leg: 1 })
    time.advance(200)
    await settle()
    assert.deepEqual(heard(), ['closed'])
    assert.equal(ports.open_.size, 0)
    assert.equal(ports.sent, 10)
    assert.equal(time.asleep, true)
  })

  test('sends all reports of one turn of the event loop in one message', async () => {
    const { thread, settle, batches } = open()
    for (const leg of [1, 2, 3]) thread.handle({ type: 'open', leg })
    await settle()
    for (const leg of [1, 2, 3]) thread.handle({ type: 'close', leg })
    await settle()
    assert.deepEqual(batches, [3, 3])
  })

  test('says why it refuses a leg', async () => {
    const { thread, ports, settle, reports } = open()
    ports.free = 0
    thread.handle({ type: 'open', leg: 1 })
    await settle()
    assert.deepEqual(reports, [{ type: 'refused', leg: 1, reason: 'no free RTP port' }])
  })

  test('closing a leg whose ports are still being opened closes them when they come', async () => {
    const { thread, ports, settle, heard } = open()
    ports.gated = true
    thread.handle({ type: 'open', leg: 1 })
    thread.handle({ type: 'close', leg: 1 })
    await settle()
    ports.release()
    await settle()
    assert.deepEqual(heard(), ['closed'])
    assert.equal(ports.open_.size, 0)
  })

  test('commands for legs that are gone do nothing', async () => {
    const { thread, settle, heard } = open()
    thread.handle({ type: 'connect', leg: 5, remote })
    thread.handle({ type: 'play', leg: 5, playId: 1, audio: new SharedArrayBuffer(160), stopOnKey: true })
    thread.handle({ type: 'stop', leg: 5, playId: 1 })
    thread.handle({ type: 'close', leg: 5 })
    await settle()
    assert.deepEqual(heard(), [])
  })

  test('answers how it fares, counted since it was last asked', async () => {
    const { thread, time, settle, reports } = open()
    thread.handle({ type: 'open', leg: 1 })
    await settle()
    thread.handle({ type: 'connect', leg: 1, remote })
    time.advance(2_000)
    reports.length = 0
    thread.handle({ type: 'statistics', request: 4 })
    await settle()

    const [report] = reports
    assert.ok(report?.type === 'statistics')
    assert.equal(report.request, 4)
    const { lateness, elapsedMs, ...rest } = report.statistics
    assert.deepEqual(rest, { thread: 3, legs: 1, freePorts: 2, cpuMs: 12, utilization: 0.5 })
    assert.equal(elapsedMs, 2_000)
    assert.equal(lateness.count, 100)
  })

  test('takes no more legs while it is late with many, and takes them again afterwards', async () => {
    const { thread, ports, time, settle, heard } = open()
    ports.free = 1_000
    for (let leg = 0; leg < 100; leg++) {
      thread.handle({ type: 'open', leg })
      thread.handle({ type: 'connect', leg, remote })
    }
    time.oversleep = () => 9
    time.advance(6_000)
    await settle()
    heard()

    thread.handle({ type: 'open', leg: 200 })
    time.oversleep = () => 0
    time.advance(6_000)
    thread.handle({ type: 'open', leg: 201 })
    await settle()
    assert.deepEqual(heard(), ['refused', 'opened'])
  })

  test('shutting down closes legs and ports and says what was counted', async () => {
    const { thread, ports, time, settle, heard } = open()
    for (const leg of [1, 2]) thread.handle({ type: 'open', leg })
    await settle()
    heard()
    thread.handle({ type: 'shutDown' })
    assert.deepEqual(heard(), ['closed', 'closed'])
    assert.equal(ports.open_.size, 0)
    assert.equal(ports.closed, true)
    assert.equal(time.asleep, true)
  })
})

test('a leg that records is closed once its recording is kept, and so is the thread', async () => {
  const { thread, settle, heard, sink } = open()
  thread.handle({ type: 'open', leg: 1 })
  await settle()
  thread.handle({ type: 'connect', leg: 1, remote })
  thread.handle({ type: 'record', leg: 1, recordingId: 'one', options: {} })
  heard()
  thread.handle({ type: 'shutDown' })
  let settled = false
  void thread.settled().then(() => {
    settled = true
  })
  await settle()
  assert.deepEqual([heard(), settled], [[], false])
  sink.resolve()
  await settle()
  assert.deepEqual([heard(), settled], [['recordingEnded', 'closed'], true])
})
