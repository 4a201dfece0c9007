import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { Value } from 'typebox/value'
import { type CallControl, type OriginateRequest, refusedLegActions } from '../../src/calls/call-control.ts'
import type { AccessKey } from '../../src/domain/account.ts'
import type { Call, Leg } from '../../src/domain/call.ts'
import type { Recording, Transcription } from '../../src/domain/recording.ts'
import type { RecordingFiles } from '../../src/domain/recording-files.ts'
import type { Repositories } from '../../src/domain/repositories.ts'
import { buildApp } from '../../src/http/app.ts'
import type { ApiDependencies, ApiLimits, Readiness } from '../../src/http/dependencies.ts'
import { type Operation, operations } from '../../src/http/operations.ts'
import { ErrorSchema } from '../../src/http/schemas.ts'
import type { Ids } from '../../src/runtime/ids.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { FakeClock } from './fake-clock.ts'
import { createMemoryRepositories } from './memory-repositories.ts'

/** The key of the account that tests speak for, that of its test mode, and that of a stranger. */
export const LIVE_KEY = 'live_gshuPaZoeEG6ovbc8M79w0QyM'
export const TEST_KEY = 'test_gshuPaZoeEG6ovbc8M79w0QyM'
export const STRANGER_KEY = 'live_somebodyelse0000000000000'

export const ACCOUNT_ID = '00000000-0000-4000-a000-00000000acc1'
const STRANGER_ID = '00000000-0000-4000-a000-00000000acc2'
/** The clock of a test API starts here. */
export const STARTED_AT = Date.UTC(2026, 0, 2, 3, 4, 5)

/** An answer: status, headers, and the body as JSON where it is JSON. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

export interface TestApi extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly repositories: Repositories
  readonly clock: FakeClock
  readonly originated: OriginateRequest[]
  readonly createdTranscriptions: string[]
  readonly files: Map<string, Buffer>
  setReadiness(readiness: Readiness): void
  /**
   * Sends a request with the live key, unless `headers` say otherwise. Asserts that the answer is one that the OpenAPI
   * document has for the operation.
   */
  send(
    method: string,
    url: string,
    payload?: unknown,
    headers?: Record<string, string | undefined>,
  ): Promise<Answer>
}

/** The whole API over memory: two accounts, three keys, call control that writes rows and calls nobody. */
export async function startTestApi(
  options: {
    readonly limits?: Partial<ApiLimits>
    readonly callControl?: Partial<CallControl>
    /** Empty ones of a real database; default: in memory. */
    readonly repositories?: Repositories
  } = {},
): Promise<TestApi> {
  const clock = new FakeClock()
  await clock.advance(STARTED_AT)
  const repositories = options.repositories ?? createMemoryRepositories()
  await addAccounts(repositories)
  const ids = countingIds()
  const originated: OriginateRequest[] = []
  const createdTranscriptions: string[] = []
  const files = new Map<string, Buffer>()
  let readiness: Readiness = 'ready'
  const dependencies: ApiDependencies = {
    repositories,
    callControl: { ...callControlOf(repositories, { clock, ids, originated }), ...options.callControl },
    recordingFiles: recordingFilesOf(files),
    clock,
    ids,
    logger: silentLogger,
    readiness: () => readiness,
    speaks: (language) => language !== 'th-th',
    transcribes: (language) => language === 'en-us',
    onTranscriptionCreated: (id) => createdTranscriptions.push(id),
    ...(options.limits && { limits: options.limits }),
  }
  const violations: string[] = []
  const app = await buildApp(dependencies, async (server) => checkAnswers(server, violations))
  return {
    app,
    repositories,
    clock,
    originated,
    createdTranscriptions,
    files,
    setReadiness: (wanted) => {
      readiness = wanted
    },
    send: async (method, url, payload, headers) => {
      const answer = await send(app, { method, url, payload, headers })
      assert.deepEqual(violations, [])
      return answer
    },
    [Symbol.asyncDispose]: () => app.close(),
  }
}

/** Holds every JSON answer against the schema of its operation, or of errors. */
function checkAnswers(app: FastifyInstance, violations: string[]): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const { operation, hidden } = request.routeOptions.config
    if (typeof payload !== 'string' || (hidden && reply.statusCode < 400)) return payload
    const body: unknown = JSON.parse(payload)
    const { status, answer, unready }: Partial<Operation> = operation ? operations[operation] : {}
    const expected = reply.statusCode === status ? answer : reply.statusCode === 503 ? unready : ErrorSchema
    const [fault] =
      typeof expected === 'object' ? Value.Errors(expected, body) : [{ message: 'no such answer' }]
    if (fault)
      violations.push(`${request.method} ${request.url} → ${reply.statusCode}: ${JSON.stringify(fault)}`)
    return payload
  })
}

interface Sent {
  readonly method: string
  readonly url: string
  readonly payload: unknown
  readonly headers: Record<string, string | undefined> | undefined
}

async function send(app: FastifyInstance, { method, url, payload, headers }: Sent): Promise<Answer> {
  const isJson = typeof payload === 'object' && !Buffer.isBuffer(payload)
  const all = {
    authorization: `AccessKey ${LIVE_KEY}`,
    ...(isJson && { 'content-type': 'application/json' }),
    ...headers,
  }
  const response = await app.inject({
    method: method as NonNullable<InjectOptions['method']>,
    url,
    headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
    ...(payload !== undefined && {
      payload: isJson ? JSON.stringify(payload) : (payload as string | Buffer),
    }),
  })
  const isJsonAnswer = String(response.headers['content-type']).startsWith('application/json')
  return {
    status: response.statusCode,
    headers: response.headers,
    text: response.body,
    body: isJsonAnswer && response.body !== '' ? response.json() : undefined,
  }
}

async function addAccounts({ accessKeys }: Repositories): Promise<void> {
  for (const id of [ACCOUNT_ID, STRANGER_ID]) await accessKeys.createAccount({ id, name: id, createdAt: 0 })
  for (const key of [
    accessKey(LIVE_KEY, ACCOUNT_ID, 'live'),
    accessKey(TEST_KEY, ACCOUNT_ID, 'test'),
    accessKey(STRANGER_KEY, STRANGER_ID, 'live'),
  ]) {
    await accessKeys.create(key)
  }
}

function accessKey(key: string, accountId: string, mode: AccessKey['mode']): AccessKey {
  const hash = createHash('sha256').update(key).digest('hex')
  return { id: `key-${hash.slice(0, 8)}`, accountId, mode, hash, hint: key.slice(0, 8), createdAt: 0 }
}

/** UUIDs that count, so that a test can name the next one. */
function countingIds(): Ids {
  let count = 0
  const next = () => (++count).toString(16).padStart(12, '0')
  return {
    uuid: () => `00000000-0000-4000-8000-${next()}`,
    token: (byteCount) => next().padStart(2 * byteCount, '0'),
  }
}

function callControlOf(
  { calls }: Repositories,
  { clock, ids, originated }: { clock: FakeClock; ids: Ids; originated: OriginateRequest[] },
): CallControl {
  return {
    ...refusedLegActions,
    accepting: true,
    async originate(request) {
      originated.push(request)
      const now = clock.now()
      const call: Call = {
        ...request,
        id: ids.uuid(),
        status: 'queued',
        direction: 'outgoing',
        createdAt: now,
        updatedAt: now,
      }
      await calls.commit({ call })
      return call
    },
    async hangUp(callId) {
      const live = (await calls.listLive()).find(({ call }) => call.id === callId)
      if (!live) return
      const now = clock.now()
      await calls.commit({ call: { ...live.call, status: 'ended', updatedAt: now, endedAt: now } })
    },
  }
}

function recordingFilesOf(files: Map<string, Buffer>): RecordingFiles {
  return {
    async open(recordingId) {
      const file = files.get(recordingId)
      return file && { bytes: file.length, stream: new Blob([new Uint8Array(file)]).stream() }
    },
    delete: async (recordingId) => void files.delete(recordingId),
    repair: async () => undefined,
  }
}

/** A flow that every test may use. */
export const SAY_HELLO = {
  steps: [{ id: 'hello', action: 'say', options: { payload: 'Hello', language: 'en-GB', voice: 'female' } }],
}

/** Ids of the rows that `addCall` and the like make. */
export const CALL_ID = '11111111-1111-4111-8111-111111111111'
export const LEG_ID = '22222222-2222-4222-8222-222222222222'
export const RECORDING_ID = '33333333-3333-4333-8333-333333333333'
export const TRANSCRIPTION_ID = '44444444-4444-4444-8444-444444444444'

/** An ongoing call with one leg, as the engine would have written it. */
export async function addCall(
  { repositories, clock }: TestApi,
  changes: { readonly call?: Partial<Call>; readonly leg?: Partial<Leg> } = {},
): Promise<void> {
  const now = clock.now()
  const call: Call = {
    id: CALL_ID,
    accountId: ACCOUNT_ID,
    status: 'ongoing',
    direction: 'outgoing',
    source: '31201234567',
    destination: '31612345678',
    webhook: { url: 'https://example.com/events', token: 'secret' },
    callFlow: { record: false, steps: [] },
    test: false,
    createdAt: now,
    updatedAt: now,
    ...changes.call,
  }
  const leg: Leg = {
    id: LEG_ID,
    callId: call.id,
    status: 'ongoing',
    direction: 'outgoing',
    source: '31201234567',
    destination: '31612345678',
    sipResponseCode: 200,
    createdAt: now,
    updatedAt: now,
    answeredAt: now,
    ...changes.leg,
  }
  await repositories.calls.commit({ call, legs: [leg] })
}

/** A finished recording of that leg, with its file. */
export async function addRecording(
  { repositories, clock, files }: TestApi,
  changes: Partial<Recording> = {},
  file = Buffer.from('RIFF and so on'),
): Promise<void> {
  const now = clock.now()
  const recording: Recording = {
    id: RECORDING_ID,
    accountId: ACCOUNT_ID,
    callId: CALL_ID,
    legId: LEG_ID,
    type: 'ivr',
    status: 'done',
    durationSeconds: 7,
    createdAt: now,
    updatedAt: now,
    ...changes,
  }
  await repositories.recordings.save(recording)
  files.set(recording.id, file)
}

/** A finished transcription of that recording. */
export async function addTranscription(
  { repositories, clock }: TestApi,
  changes: Partial<Transcription> = {},
): Promise<void> {
  const now = clock.now()
  await repositories.transcriptions.save({
    id: TRANSCRIPTION_ID,
    accountId: ACCOUNT_ID,
    recordingId: RECORDING_ID,
    callId: CALL_ID,
    legId: LEG_ID,
    language: 'en-US',
    status: 'done',
    text: 'good morning',
    createdAt: now,
    updatedAt: now,
    ...changes,
  })
}

export const CALL_FLOW_ID = '66666666-6666-4666-8666-666666666666'
export const WEBHOOK_ID = '77777777-7777-4777-8777-777777777777'

/** A call with leg, recording and transcription, a call flow and a webhook, with the ids of this file. */
export async function addOneOfEverything(api: TestApi): Promise<void> {
  await addCall(api)
  await addRecording(api)
  await addTranscription(api)
  const times = { accountId: ACCOUNT_ID, createdAt: api.clock.now(), updatedAt: api.clock.now() }
  await api.repositories.callFlows.save({
    ...times,
    id: CALL_FLOW_ID,
    title: 'Greeting',
    record: false,
    default: false,
    steps: [
      { id: 'hello', action: 'say', options: { payload: 'Hello', language: 'en-GB', voice: 'female' } },
    ],
  })
  const webhook = { id: WEBHOOK_ID, url: 'https://example.com/events', token: 'secret' }
  await api.repositories.webhooks.create({ ...times, ...webhook }, 5)
}

/** Holds an answer against a status and error code; its text must be there twice and be no secret of ours. */
export function assertRefused(answer: Answer, status: number, code: number, parameter?: string): void {
  assert.deepEqual([answer.status, answer.body?.errors?.[0]?.code], [status, code], answer.text)
  const [first] = answer.body.errors
  assert.equal(first.parameter, parameter)
  for (const error of answer.body.errors) {
    assert.ok(error.message.length > 0)
    assert.equal(error.description, error.message)
    assert.deepEqual(
      Object.keys(error).filter((key) => !['message', 'description', 'code', 'parameter'].includes(key)),
      [],
    )
  }
  assert.equal(answer.body.data, null)
  assert.deepEqual(answer.body.pagination, { totalCount: 0, pageCount: 0, currentPage: 0, perPage: 0 })
}
