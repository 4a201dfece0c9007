/** Entry of one media thread: its wheel, its ports and its legs behind the message port. Nothing else runs here. */
import { parentPort, workerData } from 'node:worker_threads'
import { MediaThread } from './media/media-thread.ts'
import type { MediaCommand, MediaReports, MediaWorkerData } from './media/worker-messages.ts'
import { UdpRtpPorts } from './net/rtp-ports.ts'
import { systemIds } from './runtime/ids.ts'
import { openRecordingWriter } from './storage/recording-writer.ts'
import { wavFormat } from './wav-format.ts'

const port = parentPort
if (!port) throw new Error('media-worker.ts runs as a worker thread only')
const data = workerData as MediaWorkerData // written by media-engine.ts, which shares the type
const now = () => performance.now()
const format = wavFormat()

let lastCpu = process.threadCpuUsage()
let lastUtilization = performance.eventLoopUtilization()

const thread = new MediaThread({
  data,
  ports: new UdpRtpPorts({
    address: data.address,
    range: data.rtpPorts,
    restMs: data.portRestMs,
    now,
    random: Math.random,
  }),
  time: { now, wakeAfter: (ms, callback) => setTimeout(callback, ms) },
  ids: systemIds,
  openSink: (recordingId, onFailure) =>
    openRecordingWriter({ folder: data.recordingsFolder, recordingId, format, onFailure }),
  wallClock: Date.now,
  random: Math.random,
  load: () => {
    const cpu = process.threadCpuUsage()
    const utilization = performance.eventLoopUtilization()
    const cpuMs = (cpu.user - lastCpu.user + cpu.system - lastCpu.system) / 1000
    const share = performance.eventLoopUtilization(utilization, lastUtilization).utilization
    lastCpu = cpu
    lastUtilization = utilization
    return { cpuMs, utilization: share }
  },
  post: (reports) => {
    if (reports.length > 0) port.postMessage(reports satisfies MediaReports)
  },
  defer: setImmediate,
})

port.on('message', (command: MediaCommand) => {
  thread.handle(command)
  if (command.type === 'shutDown') void thread.settled().then(() => port.close())
})
port.postMessage([{ type: 'ready' }] satisfies MediaReports)
