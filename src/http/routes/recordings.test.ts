import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACCOUNT_ID,
  addCall,
  addRecording,
  addTranscription,
  assertRefused,
  CALL_ID,
  LEG_ID,
  RECORDING_ID,
  startTestApi,
  TRANSCRIPTION_ID,
} from '../../../test/support/test-api.ts'

const NOTHING = { totalCount: 0, pageCount: 0, currentPage: 0, perPage: 0 }
const FLAT = `/recordings/${RECORDING_ID}`
const NESTED = `/calls/${CALL_ID}/legs/${LEG_ID}/recordings/${RECORDING_ID}`
const ELSEWHERE = [
  `/calls/${LEG_ID}/legs/${LEG_ID}/recordings/${RECORDING_ID}`,
  `/calls/${CALL_ID}/legs/${CALL_ID}/recordings/${RECORDING_ID}`,
]

async function withRecording() {
  const api = await startTestApi()
  await addCall(api)
  await addRecording(api)
  return api
}

const RECORDING = {
  id: RECORDING_ID,
  format: 'wav',
  type: 'ivr',
  legId: LEG_ID,
  status: 'done',
  state: 'done',
  duration: 7,
  createdAt: '2026-01-02T03:04:05Z',
  updatedAt: '2026-01-02T03:04:05Z',
  deletedAt: null,
  _links: { self: FLAT, file: `${FLAT}.wav` },
}

for (const path of [FLAT, NESTED, `/v1${NESTED}/`]) {
  test(`GET ${path.replaceAll(/[0-9a-f-]{36}/g, '{id}')} shows the recording with its links`, async () => {
    await using api = await withRecording()
    const { status, body } = await api.send('GET', path)
    assert.equal(status, 200)
    assert.deepEqual(body, {
      data: [RECORDING],
      _links: { ...RECORDING._links, transcriptions: `${FLAT}/transcriptions?page=1` },
      pagination: NOTHING,
    })
  })
}

test('recordings of a leg are listed, also with a trailing slash', async () => {
  await using api = await withRecording()
  for (const slash of ['', '/', '/?limit=20&offset=0']) {
    const { status, body } = await api.send('GET', `/calls/${CALL_ID}/legs/${LEG_ID}/recordings${slash}`)
    assert.equal(status, 200)
    assert.deepEqual(body.data, [RECORDING])
    assert.equal(body.pagination.totalCount, 1)
  }
})

for (const path of [FLAT, NESTED]) {
  test(`GET ${path.replaceAll(/[0-9a-f-]{36}/g, '{id}')}.wav downloads the file byte by byte`, async () => {
    await using api = await withRecording()
    const file = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256))
    await addRecording(api, {}, file)

    const response = await api.app.inject({
      url: `${path}.wav`,
      headers: { authorization: 'AccessKey live_gshuPaZoeEG6ovbc8M79w0QyM', accept: 'application/json' },
    })

    assert.equal(response.statusCode, 200)
    assert.equal(response.headers['content-type'], 'audio/wav')
    assert.equal(response.headers['content-disposition'], `attachment; filename="${RECORDING_ID}.wav"`)
    assert.equal(response.headers['content-length'], '70000')
    assert.deepEqual(response.rawPayload, file)
  })
}

test('HEAD of a file answers with its length and reads none of it', async () => {
  await using api = await withRecording()
  const head = await api.send('HEAD', `${FLAT}.wav`)
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '14', ''])
})

for (const status of ['initialised', 'recording', 'failed'] as const) {
  test(`the file of a recording that is ${status} is 404 and can't be transcribed`, async () => {
    await using api = await withRecording()
    await addRecording(api, { status })
    const { body } = await api.send('GET', FLAT)
    assert.deepEqual([body.data[0].status, body.data[0].state], [status, status])
    assertRefused(await api.send('GET', `${FLAT}.wav`), 404, 13)
    assertRefused(await api.send('POST', `${FLAT}/transcriptions`), 400, 25)
  })
}

test('a finished recording whose file is lost is 404', async () => {
  await using api = await withRecording()
  api.files.clear()
  assertRefused(await api.send('GET', `${FLAT}.wav`), 404, 13)
})

for (const path of [FLAT, NESTED]) {
  test(`DELETE ${path.replaceAll(/[0-9a-f-]{36}/g, '{id}')} answers 204 and removes row, file and transcriptions`, async () => {
    await using api = await withRecording()
    await addTranscription(api)
    const deleted = await api.send('DELETE', path)
    assert.deepEqual([deleted.status, deleted.text], [204, ''])
    assert.equal(api.files.size, 0)
    for (const gone of [FLAT, `${FLAT}.wav`, `/transcriptions/${TRANSCRIPTION_ID}`]) {
      assertRefused(await api.send('GET', gone), 404, 13)
    }
    assertRefused(await api.send('DELETE', path), 404, 13)
  })
}

test('a nested path must name the call and the leg of its recording', async () => {
  await using api = await withRecording()
  await addTranscription(api)
  for (const path of ELSEWHERE) {
    for (const url of [
      path,
      `${path}.wav`,
      `${path}/transcriptions`,
      `${path}/transcriptions/${TRANSCRIPTION_ID}`,
    ]) {
      assertRefused(await api.send('GET', url), 404, 13)
    }
    assertRefused(await api.send('DELETE', path), 404, 13)
  }
  assert.equal((await api.send('GET', FLAT)).status, 200)
})

for (const [what, payload, contentType] of [
  ['Node, Python, Dart and Ruby', '{"language":"en-US"}', 'application/json'],
  ['C#', '{"Language":"en-US"}', 'application/json'],
  ['Java', '"en-US"', 'application/json'],
  ['Ruby with a string', '"{\\"language\\":\\"en-US\\"}"', 'application/json'],
  ['Go', '{}', 'application/json'],
  ['PHP and curl', '', 'application/json'],
  ['Ruby without parameters', '', 'application/x-www-form-urlencoded'],
  ['an empty language', '{"language":""}', 'application/json'],
  ['null', 'null', 'application/json'],
  ['an empty array', '[]', 'application/json'],
] as const) {
  for (const path of [FLAT, NESTED]) {
    test(`a transcription is created from the body of ${what} at ${path === FLAT ? 'the short' : 'the nested'} path`, async () => {
      await using api = await withRecording()

      const { status, body } = await api.send('POST', `${path}/transcriptions/`, payload, {
        'content-type': contentType,
      })

      const { id } = body.data[0]
      const links = { self: `/transcriptions/${id}`, file: `/transcriptions/${id}.txt` }
      assert.equal(status, 201)
      assert.deepEqual(body, {
        data: [
          {
            id,
            recordingId: RECORDING_ID,
            legId: LEG_ID,
            status: 'created',
            error: null,
            createdAt: '2026-01-02T03:04:05Z',
            updatedAt: '2026-01-02T03:04:05Z',
            _links: links,
          },
        ],
        _links: links,
        pagination: NOTHING,
      })
      assert.equal((await api.repositories.transcriptions.find(ACCOUNT_ID, id))?.language, 'en-US')
      assert.deepEqual(api.createdTranscriptions, [id])
    })
  }
}

test('without a language, that of the record step counts', async () => {
  await using api = await withRecording()
  await addRecording(api, { transcribeLanguage: 'nl-NL' })
  const answer = await api.send('POST', `${FLAT}/transcriptions`)
  assertRefused(answer, 400, 25)
  assert.match(answer.body.errors[0].message, /nl-NL/)
})

for (const [payload, code, parameter] of [
  ['{"language":"nl-NL"}', 25, undefined],
  ['"fr-FR"', 25, undefined],
  ['{"language":"xx-XX"}', 12, 'language'],
  ['{"language":7}', 12, 'language'],
  ['"klingon"', 12, 'language'],
  ['7', 12, undefined],
  ['[1]', 12, undefined],
  ['{"language"', 16, undefined],
  ['language=en-US', 16, undefined],
] as const) {
  test(`a transcription with the body ${payload} is refused with code ${code}`, async () => {
    await using api = await withRecording()
    assertRefused(await api.send('POST', `${FLAT}/transcriptions`, payload), 400, code, parameter)
    assert.deepEqual(api.createdTranscriptions, [])
  })
}

test('transcriptions are listed and read at all their paths, and their text downloads as text', async () => {
  await using api = await withRecording()
  await addTranscription(api)
  const nested = `${NESTED}/transcriptions/${TRANSCRIPTION_ID}`

  const flat = await api.send('GET', `/transcriptions/${TRANSCRIPTION_ID}`)
  const list = await api.send('GET', `${FLAT}/transcriptions?page=1`)

  assert.equal(flat.body.data[0].status, 'done')
  assert.deepEqual((await api.send('GET', nested)).body, flat.body)
  assert.deepEqual(list.body.data, flat.body.data)
  assert.deepEqual((await api.send('GET', `${NESTED}/transcriptions`)).body, list.body)
  for (const url of [`/transcriptions/${TRANSCRIPTION_ID}.txt`, `${nested}.txt`]) {
    const { status, text, headers } = await api.send('GET', url)
    assert.deepEqual([status, text], [200, 'good morning'])
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(headers['content-disposition'], `attachment; filename="${TRANSCRIPTION_ID}.txt"`)
  }
})

test('a text that is not there yet is 404; a failure says why', async () => {
  await using api = await withRecording()
  await addTranscription(api, { status: 'failed', error: 'the engine died' })
  const { body } = await api.send('GET', `/transcriptions/${TRANSCRIPTION_ID}`)
  assert.deepEqual([body.data[0].status, body.data[0].error], ['failed', 'the engine died'])
  assertRefused(await api.send('GET', `/transcriptions/${TRANSCRIPTION_ID}.txt`), 404, 13)
})

test('a transcription is not found below another recording', async () => {
  await using api = await withRecording()
  await addTranscription(api, { recordingId: LEG_ID })
  assertRefused(await api.send('GET', `${NESTED}/transcriptions/${TRANSCRIPTION_ID}`), 404, 13)
})
