import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveFiles } from './http-files.ts'
import { failOnLeaks } from './no-leaks.ts'

failOnLeaks()

test('a file is served as it is, and the request is remembered', async () => {
  await using files = await serveFiles()
  const url = files.serve('/prompt.wav', Buffer.from('sound'), 'audio/wav')
  const response = await fetch(`${url}?a=1`)
  assert.equal(await response.text(), 'sound')
  assert.equal(response.headers.get('content-type'), 'audio/wav')
  const request = await files.waitForRequest('/prompt.wav')
  assert.equal(request.url.searchParams.get('a'), '1')
  assert.equal((await fetch(`${files.url}/other`)).status, 404)
})

test('an answer may depend on the request, as a server of call flows does', async () => {
  await using files = await serveFiles()
  const url = files.answer('/flow', ({ body, method }) => ({
    body: `${method} ${body}`,
    contentType: 'text/plain',
  }))
  assert.equal(await (await fetch(url, { method: 'POST', body: 'hello' })).text(), 'POST hello')
})

test('a connection can be cut, stall, trickle or never end', async () => {
  await using files = await serveFiles()
  const cut = files.serve('/cut', 'sound', 'audio/wav', { closeAfterBytes: 2 })
  await assert.rejects(async () => await (await fetch(cut)).text())

  const stalled = files.serve('/stalled', 'sound', 'audio/wav', { stallAfterBytes: 2 })
  await assert.rejects(async () => (await fetch(stalled, { signal: AbortSignal.timeout(100) })).text(), {
    name: 'TimeoutError',
  })

  const slow = files.serve('/slow', 'sound', 'audio/wav', { trickleMs: 1, delayMs: 5 })
  assert.equal(await (await fetch(slow)).text(), 'sound')

  const endless = files.serve('/endless', Buffer.alloc(65_536), 'audio/wav', { endless: true })
  const body = (await fetch(endless)).body
  assert.ok(body)
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > 1_000_000) break
  }
  assert.ok(bytes > 1_000_000)
})
