// The control of bench/ivr.ts: how late does a thread wake that does nothing but keep the core busy for 2 ms out of 4?
// Prints percentiles in milliseconds as JSON. What it shows is the machine (other guests of its host, the kernel), not Linnet.
const SLOT_MS = 4
const BUSY_MS = 2
const SECONDS = 3

const late: number[] = []
const startedAt = performance.now()
let due = startedAt + SLOT_MS

function wake(): void {
  const now = performance.now()
  late.push(now - due)
  while (performance.now() - now < BUSY_MS);
  due += SLOT_MS
  if (performance.now() - startedAt < SECONDS * 1_000) {
    setTimeout(wake, Math.max(0, due - performance.now()))
    return
  }
  late.sort((a, b) => a - b)
  const at = (share: number) => Number((late[Math.floor(share * (late.length - 1))] ?? 0).toFixed(2))
  console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) }))
}
setTimeout(wake, SLOT_MS)
