import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { type ScriptedAnswer, ScriptedHttp } from '../../test/support/scripted-http.ts'
import { serializeWav } from '../audio/wav.ts'
import { PromptError } from '../domain/speech.ts'
import { HttpClientError } from '../runtime/http-client.ts'
import { downloadSound, type Validators } from './sound-download.ts'

const never = new AbortController().signal
const wav = serializeWav(new Int16Array(8), 8000)
const url = 'https://user:pass@sounds.test/a.wav?token=secret'

function download(answer: ScriptedAnswer, known: Validators = {}) {
  const http = new ScriptedHttp(new FakeClock(), () => answer)
  return downloadSound(http, url, { maxBytes: 1000, timeoutMs: 10_000, known }, never)
}

const refusals: readonly (readonly [what: string, answer: ScriptedAnswer, message: string])[] = [
  [
    'a 404',
    { status: 404, body: '<!doctype html>', headers: { 'content-type': 'text/html' } },
    'the server answered 404, its answer is an HTML page (text/html)',
  ],
  ['an error without a body', { status: 503 }, 'the server answered 503, its answer is empty'],
  [
    'a redirect that leads nowhere',
    { status: 302, body: 'moved' },
    'the server answered 302, its answer is plain text',
  ],
  [
    'a login page',
    { body: '<html>', headers: { 'content-type': 'text/html; charset=utf-8' } },
    'it is an HTML page (text/html; charset=utf-8), not a WAV or MP3 file',
  ],
  [
    'an Ogg file',
    { body: 'OggS\0', headers: { 'content-type': 'audio/wav' } },
    'it is an Ogg file (audio/wav), not a WAV or MP3 file',
  ],
  ['nothing', { body: '' }, 'it is empty, not a WAV or MP3 file'],
  ['a 304 that nobody asked for', { status: 304 }, 'the server answered 304, its answer is empty'],
]

for (const [what, answer, message] of refusals) {
  test(`${what} is refused in words that name what came, and no secrets of the URL`, async () => {
    await assert.rejects(download(answer), (error: unknown) => {
      assert.ok(error instanceof PromptError)
      assert.equal(error.message, `https://sounds.test/a.wav can't be played: ${message}`)
      return true
    })
  })
}

test('an MP3 file is taken whatever its type says it is', async () => {
  const body = Buffer.from('ID3\x03', 'latin1')
  const answer = await download({ body, headers: { 'content-type': 'application/octet-stream' } })
  assert.deepEqual(answer.changed && answer.sound, body)
})

test('a failed fetch is told with its cause', async () => {
  const failure = new HttpClientError('timeout', 'sounds.test did not answer within 10000 ms')

  await assert.rejects(download({ failure }), (error: unknown) => {
    assert.ok(error instanceof PromptError)
    assert.equal(
      error.message,
      "https://sounds.test/a.wav can't be fetched: sounds.test did not answer within 10000 ms",
    )
    assert.equal(error.cause, failure)
    return true
  })
})

const cacheControls: readonly (readonly [value: string | undefined, freshForMs: number, keep: boolean])[] = [
  [undefined, 60_000, true],
  ['public', 60_000, true],
  ['max-age=5', 5000, true],
  ['PUBLIC, Max-Age="7"', 7000, true],
  ['max-age=0', 0, true],
  ['no-cache, max-age=5', 0, true],
  ['no-store', 0, false],
  ['max-age=nonsense', 60_000, true],
]

for (const [value, freshForMs, keep] of cacheControls) {
  test(`Cache-Control ${value ?? '(none)'} keeps a file fresh for ${freshForMs} ms`, async () => {
    const { freshness } = await download({
      body: wav,
      headers: value === undefined ? {} : { 'cache-control': value },
    })

    assert.deepEqual(freshness, { freshForMs, keep })
  })
}

test('a 304 keeps the validators that it does not repeat', async () => {
  const { changed, freshness } = await download({ status: 304 }, { etag: '"v1"', lastModified: 'yesterday' })

  assert.equal(changed, false)
  assert.deepEqual(freshness, { freshForMs: 60_000, keep: true, etag: '"v1"', lastModified: 'yesterday' })
})
