import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { ACCOUNT_ID, addCall, addRecording, addTranscription, startTestApi } from '../support/test-api.ts'

/** One call of an SDK as it stands on the wire, and the answer to the byte of its JSON. */
interface Case {
  readonly name: string
  readonly request: {
    readonly method: NonNullable<InjectOptions['method']>
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string
  }
  readonly answer: {
    readonly status: number
    /** The JSON body; absent for downloads and empty answers. */
    readonly body?: unknown
    readonly contentType?: string
    readonly text?: string
  }
}

for (const file of globSync(`${import.meta.dirname}/sdk/*.json`).sort()) {
  const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly Case[] // checked by running them
  for (const { name, request, answer } of cases) {
    test(`${basename(file, '.json')}: ${name}`, async () => {
      await using api = await startTestApi()
      await addWorld(api)

      const { body, path, ...rest } = request
      const response = await api.app.inject({
        ...rest,
        url: path,
        ...(body !== undefined && { payload: body }),
      })

      assert.equal(response.statusCode, answer.status, response.body)
      if (answer.body !== undefined) {
        assert.equal(response.headers['content-type'], 'application/json; charset=utf-8')
        assert.deepEqual(response.json(), answer.body)
      } else {
        assert.equal(response.body, answer.text)
        assert.equal(response.headers['content-type'], answer.contentType)
        if (answer.text) assert.match(String(response.headers['content-disposition']), /^attachment; /)
      }
    })
  }
}

/** One of everything, with the ids that the cases name. */
async function addWorld(api: Awaited<ReturnType<typeof startTestApi>>): Promise<void> {
  await addCall(api)
  await addRecording(api)
  await addTranscription(api)
  const times = { accountId: ACCOUNT_ID, createdAt: api.clock.now(), updatedAt: api.clock.now() }
  await api.repositories.callFlows.save({
    ...times,
    id: '66666666-6666-4666-8666-666666666666',
    title: 'Greeting',
    record: false,
    default: false,
    steps: [
      { id: 'hello', action: 'say', options: { payload: 'Hello', language: 'en-GB', voice: 'female' } },
    ],
  })
  const webhook = {
    id: '77777777-7777-4777-8777-777777777777',
    url: 'https://example.com/events',
    token: 'secret',
  }
  await api.repositories.webhooks.create({ ...times, ...webhook }, 5)
}
