import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import {
  addOneOfEverything,
  CALL_FLOW_ID,
  CALL_ID,
  LEG_ID,
  LIVE_KEY,
  RECORDING_ID,
  SAY_HELLO,
  startTestApi,
  type TestApi,
  TRANSCRIPTION_ID,
  WEBHOOK_ID,
} from '../support/test-api.ts'
import { voiceHostCertificate, voiceHostKey } from '../support/voice-host-tls.ts'

const MISSING = '99999999-9999-4999-8999-999999999999'

/** What a callback of the SDK got. */
interface Outcome {
  readonly error?: string
  readonly statusCode?: number
  // biome-ignore lint/suspicious/noExplicitAny: the SDK hands over whatever JSON it got
  readonly errors?: any
  // biome-ignore lint/suspicious/noExplicitAny: the SDK hands over whatever JSON it got
  readonly result?: any
}

/** Runs the SDK in a process of its own against the API behind TLS on loopback. */
async function runSdk(
  api: TestApi,
  calls: readonly (readonly unknown[])[],
  key = LIVE_KEY,
): Promise<readonly Outcome[]> {
  const server = createServer({ key: voiceHostKey, cert: voiceHostCertificate }, (request, response) =>
    api.app.routing(request, response),
  )
  const folder = await mkdtemp(join(tmpdir(), 'linnet-'))
  try {
    const certificate = join(folder, 'ca.pem')
    await writeFile(certificate, voiceHostCertificate)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo // listening on TCP
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, '../support/node-sdk-client.ts'), String(port), key, JSON.stringify(calls)],
      { env: { NODE_EXTRA_CA_CERTS: certificate }, timeout: 60_000 },
    )
    return JSON.parse(stdout)
  } finally {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  }
}

async function startWithEverything(): Promise<TestApi> {
  const api = await startTestApi()
  await addOneOfEverything(api)
  return api
}

test('the Node SDK makes, lists, reads and deletes calls', async () => {
  await using api = await startWithEverything()
  const wanted = {
    source: '31201234567',
    destination: '31612345678',
    callFlow: { title: 'Say', ...SAY_HELLO },
  }

  const [created, list, read, deleted, gone] = await runSdk(api, [
    ['calls.create', { ...wanted, webhook: { url: 'https://example.com', token: 't' } }],
    ['calls.list'],
    ['calls.read', CALL_ID],
    ['calls.delete', CALL_ID],
    ['calls.read', MISSING],
  ])

  assert.equal(created?.result.data[0].status, 'queued')
  assert.equal(list?.result.pagination.totalCount, 2)
  assert.equal(read?.result.data[0].id, CALL_ID)
  assert.equal(deleted?.result, true)
  assert.equal(gone?.statusCode, 404)
  assert.equal(gone.error, `api error(s): No call found for ID \`${MISSING}\`. (code: 13)`)
  assert.deepEqual(api.originated[0]?.webhook, { url: 'https://example.com', token: 't' })
})

test('the Node SDK manages call flows', async () => {
  await using api = await startWithEverything()

  const [created, list, page, read, updated, deleted, gone] = await runSdk(api, [
    ['callflows.create', { title: 'New', ...SAY_HELLO }],
    ['callflows.list'],
    ['callflows.list', 2, 1],
    ['callflows.read', CALL_FLOW_ID],
    ['callflows.update', CALL_FLOW_ID, { title: 'Updated' }],
    ['callflows.delete', CALL_FLOW_ID],
    ['callflows.read', CALL_FLOW_ID],
  ])

  assert.equal(created?.result.data[0].title, 'New')
  assert.equal(list?.result.pagination.totalCount, 2)
  assert.deepEqual(page?.result.pagination, { totalCount: 2, pageCount: 2, currentPage: 2, perPage: 1 })
  assert.equal(read?.result.data[0].title, 'Greeting')
  assert.equal(updated?.result.data[0].title, 'Updated')
  assert.deepEqual(updated?.result.data[0].steps, SAY_HELLO.steps)
  assert.equal(deleted?.result, true)
  assert.equal(gone?.errors[0].code, 13)
})

test('the Node SDK reads, downloads and deletes recordings', async () => {
  await using api = await startWithEverything()
  const path = [CALL_ID, LEG_ID, RECORDING_ID]

  const [list, page, read, downloaded, deleted, gone] = await runSdk(api, [
    ['recordings.list', CALL_ID, LEG_ID],
    ['recordings.list', CALL_ID, LEG_ID, 20, 0],
    ['recordings.read', ...path],
    ['recordings.download', ...path],
    ['recordings.delete', ...path],
    ['recordings.download', ...path],
  ])

  assert.equal(list?.result.data[0].id, RECORDING_ID)
  assert.equal(page?.result.pagination.perPage, 20)
  assert.equal(read?.result._links.file, `/recordings/${RECORDING_ID}.wav`)
  assert.deepEqual(downloaded?.result, { text: 'RIFF and so on' })
  assert.equal(deleted?.result, true)
  assert.equal(gone?.statusCode, 404)
})

test('the Node SDK makes, lists, reads and downloads transcriptions', async () => {
  await using api = await startWithEverything()
  const path = [CALL_ID, LEG_ID, RECORDING_ID]

  const [created, list, read, downloaded, refused] = await runSdk(api, [
    ['transcriptions.create', ...path, 'en-US'],
    ['transcriptions.list', ...path],
    ['transcriptions.read', ...path, TRANSCRIPTION_ID],
    ['transcriptions.download', ...path, TRANSCRIPTION_ID],
    ['transcriptions.create', ...path, 'nl-NL'],
  ])

  assert.equal(created?.result.data[0].status, 'created')
  assert.equal(list?.result.pagination.totalCount, 2)
  assert.equal(read?.result.data[0].status, 'done')
  assert.deepEqual(downloaded?.result, { text: 'good morning' })
  assert.equal(refused?.errors[0].code, 25)
})

test('the Node SDK manages voice webhooks', async () => {
  await using api = await startWithEverything()

  const [created, read, updated, list, page, deleted, missing] = await runSdk(api, [
    ['voice.webhooks.create', { url: 'https://example.com/new', token: 't' }],
    ['voice.webhooks.read', WEBHOOK_ID],
    ['voice.webhooks.update', WEBHOOK_ID, { token: 'new' }],
    ['voice.webhooks.list'],
    ['voice.webhooks.list', 1, 2],
    ['voice.webhooks.delete', WEBHOOK_ID],
    ['voice.webhooks.create', {}],
  ])

  assert.equal(created?.result.data[0].url, 'https://example.com/new')
  assert.equal(read?.result.data[0].token, 'secret')
  assert.equal(updated?.result.data[0].token, 'new')
  assert.equal(list?.result.data.length, 2)
  assert.equal(page?.result.pagination.currentPage, 2)
  assert.equal(deleted?.result, true)
  assert.equal(missing?.error, 'api error(s): The `url` parameter is required. (code: 11, parameter: url)')
})

test('the Node SDK reports a wrong key as code 15', async () => {
  await using api = await startWithEverything()
  const [refused] = await runSdk(api, [['calls.list']], 'live_wrong')
  assert.equal(refused?.statusCode, 401)
  assert.equal(refused.errors[0].code, 15)
})
