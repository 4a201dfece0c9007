import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Recorder, type RecorderOptions } from './recorder.ts'

const FRAME = 160
const HOUR = 180_000 // packets
const FIRST_TIMESTAMP = 0xffff_f000 // wraps after 25 packets

/** A recorder and its output; `packet(n)` is the caller's n-th packet, all of its samples n + 1. */
function open(options: Omit<RecorderOptions, 'append' | 'startMs'> = {}) {
  const parts: Int16Array[] = []
  const time = { now: 1_000 }
  const recorder = new Recorder({ startMs: 1_000, append: (part) => parts.push(part.slice()), ...options })
  const receive = (n: number, { ssrc = 7, timestamp = FIRST_TIMESTAMP + n * FRAME, value = n + 1 } = {}) =>
    recorder.receive(ssrc, timestamp >>> 0, new Int16Array(FRAME).fill(value), time.now)
  /** The caller's packets as they come every 20 ms. */
  const stream = (from: number, to: number, isLost: (n: number) => boolean = () => false) => {
    for (let n = from; n < to; n += 1) {
      time.now += 20
      if (!isLost(n)) receive(n)
      recorder.turn(time.now)
    }
  }
  const output = () => {
    const samples = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      samples.set(part, at)
      at += part.length
    }
    return samples
  }
  /** Each frame as its value; -1 if it is not all the same. */
  const frames = () => {
    const samples = output()
    return Array.from({ length: Math.ceil(samples.length / FRAME) }, (_, i) => {
      const frame = samples.subarray(i * FRAME, (i + 1) * FRAME)
      return frame.every((sample) => sample === frame[0]) ? (frame[0] ?? -1) : -1
    })
  }
  return { recorder, time, receive, stream, output, frames }
}

const counting = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe('a stream', () => {
  test('is recorded from its first packet to its last, past the wrap of timestamps', () => {
    const { recorder, stream, frames, time } = open()
    stream(0, 100)
    recorder.finish(time.now)
    assert.deepEqual(frames(), counting(1, 101))
    assert.equal(recorder.durationMs, 2_000)
  })

  test('with lost packets has silence in their place, and its whole length', () => {
    const { recorder, stream, frames, time } = open()
    stream(0, 60, (n) => n === 10 || (n >= 20 && n < 40))
    recorder.finish(time.now)
    const expected = counting(1, 61).map((n) => (n === 11 || (n > 20 && n <= 40) ? 0 : n))
    assert.deepEqual(frames(), expected)
  })

  test('out of order and with duplicates is put in order', () => {
    const { recorder, receive, frames, time } = open()
    for (const n of [0, 2, 1, 1, 3, 6, 5, 4, 4, 8, 7, 9]) {
      time.now += 20
      receive(n)
    }
    recorder.finish(time.now)
    assert.deepEqual(frames(), counting(1, 11))
  })

  test('with a packet that comes after its place was written has silence there', () => {
    const { recorder, stream, receive, frames, time } = open()
    stream(0, 5)
    stream(6, 30)
    receive(5)
    recorder.finish(time.now)
    assert.deepEqual(
      frames(),
      counting(1, 31).map((n) => (n === 6 ? 0 : n)),
    )
  })

  test('whose network stalls for 400 ms loses nothing', () => {
    const { recorder, stream, receive, frames, time } = open()
    stream(0, 20)
    stream(20, 40, () => true)
    for (const n of counting(20, 40)) receive(n)
    stream(40, 60)
    recorder.finish(time.now)
    assert.deepEqual(frames(), counting(1, 61))
  })

  test('whose network stalls for 3 s keeps its length and goes on in its place', () => {
    const { recorder, stream, receive, frames, time } = open()
    stream(0, 20)
    stream(20, 170, () => true)
    for (const n of counting(20, 170)) receive(n)
    stream(170, 200)
    recorder.finish(time.now)
    const made = frames()
    assert.equal(made.length, 200)
    assert.deepEqual(made.slice(170), counting(171, 201))
    assert.deepEqual(made.slice(0, 20), counting(1, 21))
  })

  test('of packets of 60 ms that begin between frames is laid out to the sample', () => {
    const { recorder, output, time } = open()
    time.now += 25 // 40 samples later than a packet of 20 ms that came at once
    recorder.receive(7, 0, new Int16Array(FRAME).fill(5), time.now)
    for (let n = 0; n < 5; n += 1) {
      time.now += 60
      recorder.receive(7, FRAME + n * 480, new Int16Array(480).fill(n + 1), time.now)
    }
    recorder.finish(time.now)
    const samples = output()
    assert.equal(samples.length, 40 + FRAME + 5 * 480)
    assert.ok(samples.subarray(0, 40).every((sample) => sample === 0))
    assert.ok(samples.subarray(40, 200).every((sample) => sample === 5))
    assert.ok(samples.subarray(200 + 4 * 480).every((sample) => sample === 5))
  })

  test('with silence suppression has its pauses at their length', () => {
    const { recorder, stream, frames, time } = open()
    stream(0, 50)
    stream(50, 500, () => true)
    stream(500, 520)
    recorder.finish(time.now)
    const made = frames()
    assert.equal(made.length, 520)
    assert.deepEqual(made.slice(500), counting(501, 521))
    assert.ok(made.slice(50, 500).every((frame) => frame === 0))
  })

  test('whose timestamps stand still in a pause keeps its pause, from half a second after it on', () => {
    const { recorder, stream, receive, frames, time } = open()
    stream(0, 50)
    stream(50, 250, () => true) // 4 s
    for (let n = 50; n < 150; n += 1) {
      time.now += 20
      receive(n)
    }
    recorder.finish(time.now)
    const made = frames()
    assert.ok(Math.abs(made.length - 350) <= 1, `${made.length} frames`)
    assert.deepEqual(made.slice(-70), counting(81, 151))
  })
})

describe('another source', () => {
  test('goes on where our clock says, and stragglers of the first are dropped', () => {
    const { recorder, stream, receive, frames, time } = open()
    stream(0, 20)
    for (let n = 0; n < 20; n += 1) {
      time.now += 20
      receive(n, { ssrc: 8, timestamp: 5_000_000 + n * FRAME, value: 100 + n })
      if (n === 1) receive(19)
    }
    recorder.finish(time.now)
    assert.deepEqual(frames(), [...counting(1, 21), ...counting(100, 120)])
  })

  test('and timestamps that begin anew under the same one, keep the length', () => {
    const { recorder, stream, receive, frames, time } = open()
    stream(0, 20)
    time.now += 1_000
    for (let n = 0; n < 20; n += 1) {
      time.now += 20
      receive(n, { timestamp: 1_000_000 + n * FRAME, value: 100 + n })
    }
    recorder.finish(time.now)
    const made = frames()
    assert.equal(made.length, 90)
    assert.deepEqual(made.slice(70), counting(100, 120))
  })
})

/** An hour of packets, some of them lost and all but the first up to 60 ms late; the last one is full of 99s. */
function recordAnHour(ppm: number): { readonly samples: number; readonly last: number } {
  const made = { samples: 0, last: 0 }
  const append = (part: Int16Array) => {
    made.samples += part.length
    made.last = part.at(-1) ?? 0
  }
  const recorder = new Recorder({ startMs: 0, append })
  const packet = new Int16Array(FRAME)
  const realMs = 20 * (1 + ppm / 1e6)
  let random = 1
  let now = 0
  for (let n = 0; n < HOUR; n += 1) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    now = Math.max(now, (n + 1) * realMs + (n === 0 ? 0 : random % 60))
    if (n === HOUR - 1) recorder.receive(1, n * FRAME, packet.fill(99), now)
    else if (random % 100 !== 0) recorder.receive(1, n * FRAME, packet, now)
    recorder.turn(now)
  }
  recorder.finish(now)
  return made
}

describe('clocks', () => {
  for (const ppm of [-200, 200]) {
    test(`an hour of a caller whose clock is ${ppm} ppm off ours drifts by less than 20 ms against his`, () => {
      const { samples, last } = recordAnHour(ppm)
      assert.equal(last, 99)
      assert.ok(Math.abs(samples - HOUR * FRAME) < FRAME, `${(samples - HOUR * FRAME) / 8} ms`)
    })
  }

  test('without any packet the time of day decides', () => {
    const { recorder, stream, output, time } = open()
    stream(0, 3_000, () => true)
    recorder.finish(time.now)
    assert.equal(output().length, 3_000 * FRAME)
  })

  test('a flood of packets makes no recording longer than its time', () => {
    const { recorder, stream, time } = open()
    stream(0, 10)
    for (let n = 0; n < 20_000; n += 1)
      recorder.receive(n % 3, (n * 15_999) >>> 0, new Int16Array(1_000), time.now)
    time.now += 1_000
    recorder.finish(time.now)
    assert.ok(recorder.durationMs <= 1_200 + 2_000 + 1_000, `${recorder.durationMs} ms`)
  })
})

describe('ends', () => {
  test('the longest length is exact', () => {
    const { recorder, stream, output } = open({ maxMs: 1_010 })
    stream(0, 80)
    assert.equal(recorder.turn(99_999_999), 'maxLength')
    assert.equal(output().length, 1_010 * 8)
  })

  test('a key cuts the recording at its beginning, even if its first packets were lost', () => {
    const { recorder, stream, frames, time } = open()
    stream(0, 52)
    recorder.finishAt(7, (FIRST_TIMESTAMP + 50 * FRAME) >>> 0, time.now)
    assert.deepEqual(frames(), counting(1, 51))
  })

  test('a key after a pause keeps the pause; one with a senseless timestamp ends the recording as it is', () => {
    const paused = open()
    paused.stream(0, 50)
    paused.stream(50, 150, () => true)
    paused.recorder.finishAt(7, (FIRST_TIMESTAMP + 149 * FRAME) >>> 0, paused.time.now)
    assert.equal(paused.recorder.durationMs, 2_980)

    const senseless = open()
    senseless.stream(0, 50)
    senseless.recorder.finishAt(7, 12_345, senseless.time.now)
    assert.equal(senseless.recorder.durationMs, 1_000)
  })

  test('a key that was pressed 100 ms ago cuts 100 ms', () => {
    const { recorder, stream, time } = open()
    stream(0, 50)
    recorder.finish(time.now, 100)
    assert.equal(recorder.durationMs, 900)
  })

  test('after the end nothing is taken', () => {
    const { recorder, stream, output, time } = open()
    stream(0, 10)
    recorder.finish(time.now)
    stream(10, 50)
    recorder.finish(time.now)
    assert.equal(output().length, 10 * FRAME)
  })

  test('silence on a line from which nothing arrives ends it too', () => {
    const { recorder, time } = open({ silenceMs: 2_000 })
    const ends = []
    for (; time.now < 5_000; time.now += 20) ends.push(recorder.turn(time.now))
    assert.equal(ends.indexOf('silence') * 20, 2_500)
    assert.equal(recorder.durationMs, 2_000)
  })
})

test('whatever arrives, the recording is no longer than its time allows, and whole', () => {
  const uint32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 40 * FRAME }))
  const act = fc.oneof(
    fc.record({
      type: fc.constant('packet' as const),
      ssrc: fc.integer({ min: 1, max: 3 }),
      timestamp: uint32,
      length: fc.oneof(fc.constant(FRAME), fc.integer({ min: 0, max: 12_000 })),
      afterMs: fc.integer({ min: 0, max: 60 }),
    }),
    fc.record({ type: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 200 }) }),
  )
  const limits = {
    maxMs: fc.integer({ min: 1, max: 5_000 }),
    silenceMs: fc.integer({ min: 1_000, max: 4_000 }),
  }
  const end = fc.record({ timestamp: uint32, byKey: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 60 }),
      fc.record(limits, { requiredKeys: [] }),
      end,
      (acts, options, { timestamp, byKey }) => {
        const { recorder, output, time } = open(options)
        for (const step of acts) {
          if (step.type === 'packet') {
            time.now += step.afterMs
            recorder.receive(step.ssrc, step.timestamp, new Int16Array(step.length).fill(1), time.now)
          } else
            for (let turn = 0; turn < step.count; turn += 1) {
              time.now += 20
              recorder.turn(time.now)
            }
        }
        const before = recorder.durationMs
        if (byKey) recorder.finishAt(1, timestamp, time.now)
        else recorder.finish(time.now)
        assert.ok(recorder.durationMs >= before)
        assert.equal(output().length, recorder.durationMs * 8)
        assert.ok(recorder.durationMs <= (time.now - 1_000) * 1.01 + 2_000 + 1_120)
        if (options.maxMs !== undefined) assert.ok(recorder.durationMs <= options.maxMs)
      },
    ),
    { numRuns: 500, seed: 4733 },
  )
})
