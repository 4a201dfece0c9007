import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startTestApi } from '../../test/support/test-api.ts'
import { createOpenApiDocument } from './openapi.ts'

test('docs/api/openapi.json is what the routes say: run node scripts/write-openapi.ts after a change', async () => {
  const committed = readFileSync(new URL('../../docs/api/openapi.json', import.meta.url), 'utf8')

  const document = await createOpenApiDocument()

  assert.equal(committed, `${JSON.stringify(document, undefined, 2)}\n`)
})

test('/openapi.json serves the committed document to anyone', async () => {
  await using api = await startTestApi()

  const answer = await api.send('GET', '/openapi.json', undefined, { authorization: undefined })

  assert.equal(answer.status, 200)
  assert.deepEqual(answer.body, JSON.parse(JSON.stringify(await createOpenApiDocument())))
})

test('/docs serves a page that loads everything from this server', async () => {
  await using api = await startTestApi()

  const page = await api.send('GET', '/docs', undefined, { authorization: undefined })
  const script = await api.send('GET', '/docs/js/scalar.js', undefined, { authorization: undefined })

  assert.equal(page.status, 200)
  assert.match(String(page.headers['content-type']), /^text\/html/)
  assert.match(page.text, /src="\/docs\/js\/scalar\.js"/)
  assert.match(page.text, /\/openapi\.json/)
  assert.doesNotMatch(page.text, /https?:\/\//)
  assert.match(String(page.headers['content-security-policy']), /^default-src 'none'; script-src 'self';/)
  assert.doesNotMatch(page.text, /<script(?! src="\/docs)/)
  assert.equal(script.status, 200)
  assert.match(String(script.headers['cache-control']), /max-age=\d{6}/)
  assert.ok(script.text.length > 1_000_000)
})

test('strangers together get the script of /docs twenty times at once, then once a second', async () => {
  await using api = await startTestApi()
  const ask = async () => {
    const answer = await api.send('HEAD', '/docs/js/scalar.js', undefined, { authorization: undefined })
    return [answer.status, answer.headers['retry-after']]
  }

  for (let count = 0; count < 20; count += 1) assert.deepEqual(await ask(), [200, undefined])
  assert.deepEqual(await ask(), [429, '1'])
  await api.clock.advance(1000)
  assert.deepEqual(await ask(), [200, undefined])
})
