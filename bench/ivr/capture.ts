import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

const MAX_KILOBYTES = 250_000

/** What was seen of the streams towards the phones. */
export interface StreamStatistics {
  readonly streams: number
  readonly packets: number
  /** Sequence numbers that never came, between the first and the last of each stream in the window. */
  readonly lost: number
  readonly reordered: number
  /** |time between two packets − time between their samples|, by the kernel's time stamps. */
  readonly jitterMs: {
    readonly p50: number
    readonly p99: number
    readonly p999: number
    readonly max: number
  }
}

export interface Capture {
  /** Ends the capture; throws if packets were missed, for then nothing can be said about loss. */
  stop(): Promise<StreamStatistics>
}

/** Captures RTP on the loopback interface by `dumpcap`, headers only, limited in size. */
export async function startCapture(
  file: string,
  portRange: string,
  pin: readonly string[],
): Promise<Capture> {
  const filter = `udp and dst portrange ${portRange}`
  const command = [
    ...pin,
    ...['dumpcap', '-q', '-P', '-i', 'lo', '-s', '64', '-B', '32', '-f', filter],
    ...['-a', `filesize:${MAX_KILOBYTES}`, '-w', file],
  ]
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const output: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text))
  await untilCapturing(child, output)
  return {
    async stop() {
      const closed = once(child, 'close')
      if (child.exitCode === null) child.kill('SIGINT')
      await closed
      const missed = /received\/dropped on interface[^:]*: (\d+)\/(\d+)/.exec(output.join(''))
      if (missed && Number(missed[2]) > 0) throw new Error(`dumpcap missed ${missed[2]} packets`)
      return statisticsOf(readFileSync(file))
    },
  }
}

async function untilCapturing(child: ChildProcess, output: readonly string[]): Promise<void> {
  while (!output.join('').includes('File:')) {
    if (child.exitCode !== null) throw new Error(`dumpcap ended: ${output.join('')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

interface Stream {
  lastAt: number
  lastSequence: number
  lastTimestamp: number
  expected: number
  packets: number
}

/** Reads a classic pcap file of Ethernet frames with IPv4 and UDP, as loopback captures are. */
export function statisticsOf(file: Buffer): StreamStatistics {
  const littleEndian = file.readUInt32LE(0)
  const nanoseconds = littleEndian === 0xa1b23c4d
  if (littleEndian !== 0xa1b2c3d4 && !nanoseconds) throw new Error('not a pcap file of this machine')
  const streams = new Map<number, Stream>()
  const deviations: number[] = []
  let reordered = 0
  for (let at = 24; at + 16 <= file.length; ) {
    const length = file.readUInt32LE(at + 8)
    const atMs = file.readUInt32LE(at) * 1_000 + file.readUInt32LE(at + 4) / (nanoseconds ? 1e6 : 1e3)
    const rtp = at + 16 + 14 + 20 + 8
    at += 16 + length
    if (at > file.length || length < 14 + 20 + 8 + 12 || !isRtp(file, rtp)) continue
    const wasReordered = follow(streams, file, rtp, atMs, deviations)
    if (wasReordered) reordered += 1
  }
  deviations.sort((a, b) => a - b)
  const quantile = (share: number) =>
    deviations[Math.min(deviations.length - 1, Math.floor(share * deviations.length))] ?? Number.NaN
  const all = [...streams.values()]
  const sum = (count: (stream: Stream) => number) => all.reduce((total, stream) => total + count(stream), 0)
  return {
    streams: all.length,
    packets: sum(({ packets }) => packets),
    lost: sum(({ packets, expected }) => Math.max(0, expected - packets)),
    reordered,
    jitterMs: { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max: quantile(1) },
  }
}

function isRtp(file: Buffer, rtp: number): boolean {
  const payloadType = file.readUInt8(rtp + 1) & 0x7f
  return file.readUInt8(rtp) >> 6 === 2 && (payloadType === 0 || payloadType === 8)
}

/** Adds a packet to its stream; returns whether it came after a later one. */
function follow(
  streams: Map<number, Stream>,
  file: Buffer,
  rtp: number,
  atMs: number,
  deviations: number[],
): boolean {
  const sequence = file.readUInt16BE(rtp + 2)
  const timestamp = file.readUInt32BE(rtp + 4)
  const ssrc = file.readUInt32BE(rtp + 8)
  const stream = streams.get(ssrc)
  if (!stream) {
    streams.set(ssrc, {
      lastAt: atMs,
      lastSequence: sequence,
      lastTimestamp: timestamp,
      expected: 1,
      packets: 1,
    })
    return false
  }
  stream.packets += 1
  const step = (sequence - stream.lastSequence) & 0xffff
  if (step === 0 || step > 0x8000) return true
  if (step === 1)
    deviations.push(Math.abs(atMs - stream.lastAt - ((timestamp - stream.lastTimestamp) | 0) / 8))
  stream.expected += step
  stream.lastAt = atMs
  stream.lastSequence = sequence
  stream.lastTimestamp = timestamp
  return false
}
