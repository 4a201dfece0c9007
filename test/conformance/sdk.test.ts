import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { openRepositories } from '../../src/storage/open-repositories.ts'
import { openSqlite } from '../../src/storage/sqlite-database.ts'
import { addOneOfEverything, startTestApi, type TestApi } from '../support/test-api.ts'

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

/** The SDKs whose cases also run over a real database: what rows keep must come back as it went in. */
const OVER_SQLITE = ['go', 'python']

for (const file of globSync(`${import.meta.dirname}/sdk/*.json`).sort()) {
  const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly Case[] // checked by running them
  const sdk = basename(file, '.json')
  for (const each of cases) {
    test(`${sdk}: ${each.name}`, async () => {
      await using api = await startTestApi()
      await check(each, api)
    })
    if (!OVER_SQLITE.includes(sdk)) continue
    test(`${sdk}, over SQLite: ${each.name}`, async () => {
      await using database = await openSqlite({ path: ':memory:' })
      await using api = await startTestApi({ repositories: openRepositories(database) })
      await check(each, api)
    })
  }
}

async function check({ request, answer }: Case, api: TestApi): Promise<void> {
  await addOneOfEverything(api)

  const { body, path, ...rest } = request
  const response = await api.app.inject({ ...rest, url: path, ...(body !== undefined && { payload: body }) })

  assert.equal(response.statusCode, answer.status, response.body)
  if (answer.body !== undefined) {
    assert.equal(response.headers['content-type'], 'application/json; charset=utf-8')
    assert.deepEqual(response.json(), answer.body)
  } else {
    assert.equal(response.body, answer.text)
    assert.equal(response.headers['content-type'], answer.contentType)
    if (answer.text) assert.match(String(response.headers['content-disposition']), /^attachment; /)
  }
}
