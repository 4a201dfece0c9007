import assert from 'node:assert/strict'
import { after } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

/** Resources that keep a process alive and that a test can leave behind. Node's test runner itself holds pipes. */
const leaking =
  /^(UDPWRAP|TCPSERVERWRAP|TCPSOCKETWRAP|TLSWRAP|PROCESSWRAP|Timeout|Immediate|FSEVENTWRAP|MESSAGEPORT|Worker)/

/** Sockets, servers, timers, workers and child processes that are alive now, by kind. */
export function openResources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => leaking.test(kind.replace(/\s/g, '')))
    .sort()
}

/**
 * Call once at the top of a test file: after its last test, the file fails if it left sockets, servers, timers,
 * workers or child processes. What closes by itself (a kept-alive HTTP connection) has `graceMs` to do so.
 */
export function failOnLeaks({ graceMs = 1_000 }: { readonly graceMs?: number } = {}): void {
  const before = openResources()
  after(async () => {
    const left = () => difference(openResources(), before)
    for (let waitedMs = 0; waitedMs < graceMs && left().length > 0; waitedMs += 20) {
      await sleep(20)
      await setImmediate()
    }
    assert.deepEqual(left(), [], 'resources are left open after the tests of this file')
  })
}

function difference(now: readonly string[], before: readonly string[]): string[] {
  const known = [...before]
  return now.filter((kind) => {
    const index = known.indexOf(kind)
    if (index >= 0) known.splice(index, 1)
    return index < 0
  })
}
