import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveFiles } from '../../test/support/http-files.ts'
import { systemClock } from '../runtime/clock.ts'
import { openLazyHttpClient } from './lazy-http-client.ts'

const request = { method: 'GET', timeoutMs: 5_000, maxBytes: 1_000, maxRedirects: 0 } as const

test('the first exchange opens the client, and closing it closes its connections', async () => {
  await using files = await serveFiles()
  const url = files.serve('/a.txt', 'hello', 'text/plain')
  await using client = openLazyHttpClient({ clock: systemClock, allowLoopback: true })
  const { status, body } = await client.send({ ...request, url }, new AbortController().signal)
  assert.deepEqual([status, body.toString()], [200, 'hello'])
})

test('a client that was never used closes at once, and then sends nothing', async () => {
  const client = openLazyHttpClient({ clock: systemClock })
  await client[Symbol.asyncDispose]()
  await assert.rejects(
    client.send({ ...request, url: 'http://127.0.0.1:1/' }, new AbortController().signal),
    /closed/,
  )
})
