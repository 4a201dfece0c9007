import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACCOUNT, createCallWorld, type WorldOptions } from '../../test/support/call-world.ts'
import { FakeCaller } from '../../test/support/fake-sip.ts'
import type { CallFlow, RecordOptions, Step } from '../domain/call-flow.ts'
import type { JournalEvent } from '../domain/journal.ts'
import type { Recording } from '../domain/recording.ts'
import type { HttpClient, HttpRequest } from '../runtime/http-client.ts'
import { silentLogger } from '../runtime/logger.ts'
import { closeDeadCalls } from './recover.ts'

const NUMBER = '31201234567'
const ON_FINISH = 'https://app.example/finished'
const record = (options: RecordOptions = {}): Step => ({ id: 'record', action: 'record', options })
const pause = (id: string, length: number): Step => ({ id, action: 'pause', options: { length } })
const flowOf = (...steps: Step[]): CallFlow => ({ record: false, steps })
const beepBytes = () => new SharedArrayBuffer(4_000)
const beep = { durationMs: 500, pcmu: beepBytes(), pcma: beepBytes() }

type World = ReturnType<typeof createCallWorld>

/** A world in which a caller has called a flow, and after which nothing is left. */
function scenario(
  name: string,
  steps: readonly Step[],
  run: (world: World, caller: FakeCaller) => Promise<void>,
  options?: WorldOptions,
) {
  test(name, async () => {
    const world = createCallWorld(options)
    await world.giveNumber(NUMBER, flowOf(...steps))
    const caller = new FakeCaller()
    caller.call((invite) => world.control.onInvite(invite))
    for (let i = 0; i < 3; i += 1) await world.settle()
    await run(world, caller)
    world.control[Symbol.dispose]()
    await world.settle()
    assert.equal(world.control.liveCalls, 0, 'a call was left')
    assert.equal(world.media.openLegs, 0, 'audio was left open')
    assert.equal(world.clock.pendingTimers, 0, 'a timer was left')
  })
}

async function journal(world: World): Promise<readonly JournalEvent[]> {
  return await world.journalOf((await world.lastCall())?.id ?? '')
}

async function eventOf<Type extends JournalEvent['type']>(world: World, type: Type) {
  const found = (await journal(world)).find((event) => event.type === type)
  return found as Extract<JournalEvent, { type: Type }> | undefined // `type` has chosen it
}

async function recordings(world: World): Promise<readonly Recording[]> {
  const call = await world.lastCall()
  const [leg] = await world.legsOf(call?.id ?? '')
  const page = { page: 1, perPage: 10 }
  return (await world.repositories.recordings.listByLeg(ACCOUNT, call?.id ?? '', leg?.id ?? '', page)).items
}

/** An application that answers each request with a flow of one pause. */
function application() {
  const requests: HttpRequest[] = []
  const httpClient: HttpClient = {
    send: async (request) => {
      requests.push(request)
      const body = Buffer.from(JSON.stringify({ steps: [pause('answered', 1)] }))
      return { status: 200, headers: { 'content-type': 'application/json' }, body }
    },
  }
  return { requests, httpClient }
}

scenario(
  'a recording begins after the beep, with the rules of its step',
  [record({ maxLength: 60, timeout: 3, finishOnKey: '#', transcribeLanguage: 'en-US' })],
  async (world) => {
    const [leg] = world.media.legs
    assert.ok(leg?.playing)
    await world.clock.advance(499)
    assert.deepEqual(await recordings(world), [])
    await world.clock.advance(1)
    assert.deepEqual(leg.recording?.options, { maxMs: 60_000, silenceMs: 3_000, finishOnKey: '#' })
    const [going] = await recordings(world)
    assert.deepEqual(
      [going?.status, going?.type, going?.durationSeconds, going?.transcribeLanguage],
      ['recording', 'ivr', 0, 'en-US'],
    )

    await world.clock.advance(2_000)
    leg.endRecording({ how: 'key', key: '#' })
    await world.settle()

    const [done] = await recordings(world)
    assert.deepEqual([done?.status, done?.durationSeconds, done?.id], ['done', 2, going?.id])
    const ended = await eventOf(world, 'recordingEnded')
    assert.deepEqual([ended?.how, ended?.key, ended?.status], ['key', '#', 'done'])
    assert.equal((await eventOf(world, 'key'))?.key, '#')
    assert.equal((await eventOf(world, 'stepEnded'))?.outcome, 'completed')
  },
  { beep },
)

scenario(
  'without rules nothing but the caller ends it',
  [record({ finishOnKey: 'none' })],
  async (world, caller) => {
    assert.deepEqual(world.media.legs[0]?.recording?.options, {})
    await world.clock.advance(3_000)
    caller.hangUp()
    await world.settle()
    const ended = await eventOf(world, 'recordingEnded')
    assert.deepEqual([ended?.how, ended?.durationSeconds], ['stopped', 3])
    assert.equal((await recordings(world))[0]?.status, 'done')
    const types = (await journal(world)).map(({ type }) => type)
    assert.ok(types.indexOf('recordingEnded') < types.lastIndexOf('callStatus'), 'the call ends last')
  },
)

const app = application()
scenario(
  'onFinish gets the recording as the API shows it, and its flow runs instead of the rest',
  [record({ onFinish: ON_FINISH }), pause('never', 60)],
  async (world) => {
    await world.clock.advance(1_500)
    world.media.legs[0]?.endRecording({ how: 'silence' })
    await world.settle()
    await world.clock.advance(1_000)

    assert.deepEqual(
      app.requests.map(({ method, body }) => [method, JSON.parse(String(body))]),
      [['POST', (await recordings(world))[0]]],
    )
    const stepIds = (await journal(world)).flatMap((event) => ('stepId' in event ? [event.stepId] : []))
    assert.ok(!stepIds.includes('never'))
  },
  { httpClient: app.httpClient },
)

const voicemail = application()
scenario(
  'onFinish also hears of a message whose caller has hung up; what it answers is not run',
  [record({ onFinish: ON_FINISH })],
  async (world, caller) => {
    await world.clock.advance(2_000)
    caller.hangUp()
    await world.settle()
    await world.settle()
    assert.equal(voicemail.requests.length, 1)
    const told = JSON.parse(String(voicemail.requests[0]?.body)) as Recording
    assert.deepEqual([told.status, told.durationSeconds], ['done', 2])
    const events = await journal(world)
    assert.ok(events.some(({ type }) => type === 'fetch'))
    assert.ok(!events.some((event) => event.type === 'flowStarted' && event.from === 'onFinish'))
    assert.equal(events.at(-1)?.type, 'callStatus')
  },
  { httpClient: voicemail.httpClient },
)

const replaced = application()
scenario(
  'a replaced flow ends the recording, keeps it, and tells onFinish nothing',
  [record({ onFinish: ON_FINISH })],
  async (world) => {
    await world.clock.advance(1_000)
    const call = await world.lastCall()
    await world.control.replaceFlow(call?.id ?? '', flowOf(pause('other', 1)))
    await world.settle()
    assert.deepEqual([(await recordings(world))[0]?.status, replaced.requests], ['done', []])
    await world.clock.advance(1_000)
  },
  { httpClient: replaced.httpClient },
)

scenario(
  'a recording that fails says why, and the flow goes on',
  [record(), pause('next', 1)],
  async (world) => {
    await world.clock.advance(400)
    world.media.legs[0]?.endRecording({ how: 'failed', detail: 'no space left on the device' })
    await world.settle()
    assert.equal((await recordings(world))[0]?.status, 'failed')
    const step = await eventOf(world, 'stepEnded')
    assert.deepEqual([step?.outcome, step?.detail], ['failed', 'no space left on the device'])
    await world.clock.advance(1_000)
  },
)

for (const [what, seconds, status] of [
  ['what was on disk', 4.2, 'done'],
  ['nothing if nothing was there', undefined, 'failed'],
] as const) {
  scenario(`when the media thread dies, a recording keeps ${what}`, [record()], async (world) => {
    const id = world.media.legs[0]?.recording?.recordingId ?? ''
    if (seconds !== undefined) world.repaired.set(id, seconds)
    const leg = world.media.legs[0]
    if (leg) leg.recording = undefined // it dies without a word
    leg?.report({ type: 'lost' })
    await world.settle()
    const [row] = await recordings(world)
    assert.deepEqual([row?.status, row?.durationSeconds], [status, seconds ?? 0])
    assert.match((await eventOf(world, 'recordingEnded'))?.detail ?? '', /media thread/)
  })
}

scenario(
  'a wish to have it transcribed is answered in the journal',
  [record({ transcribe: true, transcribeLanguage: 'en-US' })],
  async (world) => {
    world.media.legs[0]?.endRecording({ how: 'maxLength' })
    await world.settle()
    assert.match((await eventOf(world, 'recordingEnded'))?.detail ?? '', /not transcribed/)
  },
)

scenario(
  'a caller who hangs up during the beep leaves no recording',
  [record()],
  async (world, caller) => {
    await world.clock.advance(200)
    caller.hangUp()
    await world.settle()
    assert.deepEqual(await recordings(world), [])
  },
  { beep },
)

test('the webhook of a call hears of its recording', async () => {
  const world = createCallWorld()
  const webhook = { url: 'https://app.example/hook' }
  const call = {
    accountId: ACCOUNT,
    source: '3120',
    destination: 'sip:bob@127.0.0.1:5070',
    webhook,
    test: false,
  }
  await world.control.originate({ ...call, callFlow: flowOf(record()) })
  await world.settle()
  world.callees[0]?.answer()
  await world.settle()
  world.media.legs[0]?.endRecording({ how: 'silence' })
  await world.settle()
  const events = world.repositories.events.filter(({ type }) => type === 'recording')
  assert.deepEqual(
    events.map(({ event, payload }) => [event, (JSON.parse(payload) as Recording).status]),
    [
      ['recordingCreated', 'recording'],
      ['recordingUpdated', 'done'],
    ],
  )
  world.control[Symbol.dispose]()
})

test('a deleted recording does not come back when it ends', async () => {
  const world = createCallWorld()
  await world.giveNumber(NUMBER, flowOf(record()))
  const caller = new FakeCaller()
  caller.call((invite) => world.control.onInvite(invite))
  for (let i = 0; i < 3; i += 1) await world.settle()
  const [row] = await recordings(world)
  assert.ok(await world.repositories.recordings.delete(ACCOUNT, row?.id ?? ''))
  caller.hangUp()
  await world.settle()
  assert.deepEqual(await recordings(world), [])
})

test('recordings of a run that died are repaired before their calls are closed', async () => {
  const world = createCallWorld()
  await world.giveNumber(NUMBER, flowOf(record()))
  for (let i = 0; i < 2; i += 1) {
    new FakeCaller().call((invite) => world.control.onInvite(invite))
    for (let turn = 0; turn < 3; turn += 1) await world.settle()
  }
  const [broken, whole] = world.media.legs.map((leg) => leg.recording?.recordingId ?? '')
  const repair = async (id: string) => {
    if (id === broken) throw new Error('the disk is broken')
    return 12.5
  }
  const { clock, repositories } = world
  const ids = { uuid: () => 'u', token: () => 't' }

  const closed = await closeDeadCalls({
    ...repositories,
    recordingFiles: { repair },
    clock,
    ids,
    logger: silentLogger,
  })

  assert.equal(closed, 2)
  const found = await Promise.all(
    [broken, whole].map((id) => repositories.recordings.find(ACCOUNT, id ?? '')),
  )
  assert.deepEqual(
    found.map((row) => [row?.status, row?.durationSeconds]),
    [
      ['failed', 0],
      ['done', 12.5],
    ],
  )
  const types = (await journal(world)).map(({ type }) => type)
  assert.deepEqual(types.slice(-3), ['recordingEnded', 'legStatus', 'callStatus'])
})
