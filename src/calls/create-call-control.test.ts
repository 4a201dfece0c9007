import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACCOUNT, createCallWorld, type WorldOptions } from '../../test/support/call-world.ts'
import { type FakeCallee, FakeCaller, sdpOf } from '../../test/support/fake-sip.ts'
import type { CallFlow, Step } from '../domain/call-flow.ts'
import { RequestError } from '../domain/errors.ts'
import { closeDeadCalls } from './recover.ts'

const NUMBER = '31201234567'
const say = (id: string, more: Partial<Step> = {}): Step =>
  ({
    id,
    action: 'say',
    options: { payload: 'ten chars.', language: 'en-gb', voice: 'male' },
    ...more,
  }) as Step // 600 ms
const pause = (id: string, length: number): Step => ({ id, action: 'pause', options: { length } })
const flowOf = (...steps: Step[]): CallFlow => ({ record: false, steps })

type World = ReturnType<typeof createCallWorld>

/** Every test ends with nothing left: no call, no timer, no open audio. */
function scenario(name: string, run: (world: World) => Promise<void>, options?: WorldOptions) {
  test(name, async () => {
    const world = createCallWorld(options)
    await run(world)
    world.control[Symbol.dispose]()
    await world.settle()
    assert.equal(world.control.liveCalls, 0, 'a call was left')
    assert.equal(world.media.openLegs, 0, 'audio was left open')
    assert.equal(world.clock.pendingTimers, 0, 'a timer was left')
  })
}

/** Calls the number and lets the answer happen. */
async function callIn(world: World, caller = new FakeCaller()): Promise<FakeCaller> {
  caller.call((invite) => world.control.onInvite(invite))
  await world.settle()
  await world.settle()
  return caller
}

/** Starts an outgoing call and lets the INVITE leave. */
async function callOut(
  world: World,
  callFlow: CallFlow,
  destination = 'sip:bob@127.0.0.1:5070',
): Promise<FakeCallee> {
  await world.control.originate({ accountId: ACCOUNT, source: '3120', destination, callFlow, test: false })
  await world.settle()
  const callee = world.callees.at(-1)
  assert.ok(callee, 'no INVITE left')
  return callee
}

/** What is stored of the newest call: status, cause of its end, and its leg's status and code. */
async function outcome(world: World) {
  const call = await world.lastCall()
  assert.ok(call)
  const [leg] = await world.legsOf(call.id)
  return [call.status, call.endReason?.by, call.endReason?.cause, leg?.status, leg?.sipResponseCode]
}

scenario('an incoming call is answered, hears its flow, and is hung up at its end', async (world) => {
  await world.giveNumber(NUMBER, flowOf(say('hello'), pause('wait', 1)))

  const caller = await callIn(world)
  assert.deepEqual(caller.heard, ['200'])
  assert.match(caller.answer ?? '', /m=audio 20000 RTP\/AVP 0 101/)
  assert.deepEqual(world.media.legs[0]?.remotes.at(-1)?.codec, 'PCMU')
  await world.clock.advance(1_599)
  assert.deepEqual(caller.heard, ['200'])
  await world.clock.advance(1)

  assert.deepEqual(caller.heard, ['200', 'BYE'])
  assert.deepEqual(await outcome(world), ['ended', 'flow', 'flowEnded', 'hangup', 200])
})

scenario('the journal tells the whole call in order', async (world) => {
  const flow = await world.giveNumber(
    NUMBER,
    flowOf(say('hello', { onKeypressGoto: 'bye' }), pause('wait', 9), {
      id: 'bye',
      action: 'hangup',
      options: {},
    }),
  )
  await callIn(world)
  await world.clock.advance(100)
  world.media.legs[0]?.press('5')
  await world.settle()

  const call = await world.lastCall()
  assert.ok(call)
  const legId = (await world.legsOf(call.id))[0]?.id
  assert.deepEqual(call.callFlow.steps, flow.steps)
  assert.deepEqual(
    (await world.journalOf(call.id)).map(({ type, ...rest }) => [
      type,
      'status' in rest ? rest.status : 'stepId' in rest ? rest.stepId : undefined,
    ]),
    [
      ['callStatus', 'starting'],
      ['legCreated', undefined],
      ['legStatus', 'ongoing'],
      ['callStatus', 'ongoing'],
      ['flowStarted', undefined],
      ['stepStarted', 'hello'],
      ['key', undefined],
      ['keysGathered', 'hello'],
      ['stepEnded', 'hello'],
      ['stepStarted', 'bye'],
      ['stepEnded', 'bye'],
      ['flowEnded', undefined],
      ['legStatus', 'hangup'],
      ['media', undefined],
      ['callStatus', 'ended'],
    ],
  )
  assert.equal(call.endReason?.cause, 'hangupStep')
  assert.equal(typeof legId, 'string')
})

scenario('a caller who hangs up during a prompt ends the call at once', async (world) => {
  await world.giveNumber(NUMBER, flowOf(say('hello')))
  const caller = await callIn(world)
  await world.clock.advance(100)
  caller.hangUp('SIP;cause=200')
  await world.settle()

  assert.deepEqual(caller.heard, ['200'], 'no BYE to one who left')
  assert.deepEqual(await outcome(world), ['ended', 'remote', 'hangup', 'hangup', 200])
  assert.equal((await world.lastCall())?.endReason?.detail, 'SIP;cause=200')
})

scenario('an unassigned number without a default flow is a 404, and the journal says why', async (world) => {
  const caller = await callIn(world)
  await world.settle()
  assert.deepEqual(caller.heard, ['404 Not Found'])
  assert.deepEqual(await outcome(world), ['failed', 'linnet', 'noFlow', 'failed', 404])
})

scenario('the default flow catches numbers that nobody claims', async (world) => {
  const flow = flowOf(pause('wait', 1))
  await world.repositories.callFlows.save({
    ...flow,
    id: 'd',
    accountId: ACCOUNT,
    default: true,
    createdAt: 0,
    updatedAt: 0,
  })
  const caller = await callIn(world, new FakeCaller({ to: '+31-20 999' }))
  assert.deepEqual(caller.heard, ['200'])
  assert.equal((await world.lastCall())?.destination, '3120999')
  await world.clock.advance(1_000)
})

scenario('an offer without a common codec is a 488', async (world) => {
  await world.giveNumber(NUMBER, flowOf(say('hello')))
  const caller = await callIn(
    world,
    new FakeCaller({ offer: sdpOf({ codec: 'opus/48000', payloadType: 96 }) }),
  )
  await world.settle()
  assert.deepEqual(caller.heard, ['488 Not Acceptable Here'])
  assert.deepEqual(await outcome(world), ['failed', 'linnet', 'noCommonCodec', 'failed', 488])
})

/** A caller whose INVITE carries no SDP. */
function callerWithoutOffer(): FakeCaller {
  const caller = new FakeCaller()
  Object.defineProperty(caller, 'offer', { value: undefined })
  return caller
}

scenario(
  'an INVITE without an offer gets ours, and the flow begins with the answer in the ACK',
  async (world) => {
    await world.giveNumber(NUMBER, flowOf(say('hello')))
    const caller = await callIn(world, callerWithoutOffer())
    assert.deepEqual(caller.heard, ['200'])
    assert.match(caller.answer ?? '', /m=audio 20000 RTP\/AVP 0 8 101/)
    await world.clock.advance(1_000)
    assert.deepEqual((await outcome(world)).slice(0, 1), ['starting'])
    caller.answersInAck(sdpOf({ codec: 'PCMA/8000', payloadType: 8 }))
    await world.clock.advance(600)

    assert.equal(world.media.legs[0]?.remotes.at(-1)?.codec, 'PCMA')
    assert.deepEqual(await outcome(world), ['ended', 'flow', 'flowEnded', 'hangup', 200])
  },
)

scenario('an ACK without the answer that we asked for ends the call', async (world) => {
  await world.giveNumber(NUMBER, flowOf(say('hello')))
  const caller = await callIn(world, callerWithoutOffer())
  caller.answersInAck(undefined)
  await world.settle()
  assert.deepEqual(caller.heard, ['200', 'BYE'])
  assert.deepEqual(await outcome(world), ['failed', 'linnet', 'noCommonCodec', 'failed', 488])
})

scenario(
  'a re-INVITE without an offer gets a newer version of ours, and audio follows the answer',
  async (world) => {
    await world.giveNumber(NUMBER, flowOf(pause('wait', 60)))
    const caller = await callIn(world)
    const offered = caller.offersAgain(undefined)
    assert.ok(offered && 'sdp' in offered)
    assert.match(offered.sdp, /^o=\S+ \d+ 2 /m)
    caller.answersInAck(sdpOf({ port: 42_000 }))
    assert.equal(world.media.legs[0]?.remotes.at(-1)?.port, 42_000)
    caller.hangUp()
    await world.settle()
  },
)

scenario('a caller who gives up before the answer leaves nothing behind', async (world) => {
  await world.giveNumber(NUMBER, flowOf(say('hello')))
  const caller = new FakeCaller()
  caller.call((invite) => world.control.onInvite(invite))
  caller.cancel()
  await world.settle()
  await world.settle()

  assert.deepEqual(caller.heard, [])
  assert.deepEqual(await outcome(world), ['no_answer', 'remote', 'canceled', 'no_answer', 480])
})

scenario('without a free RTP port the caller is told to come back', async (world) => {
  await world.giveNumber(NUMBER, flowOf(say('hello')))
  world.media.full = true
  const caller = await callIn(world)
  await world.settle()
  assert.deepEqual(caller.heard, ['503 Service Unavailable'])
  assert.deepEqual(await outcome(world), ['failed', 'linnet', 'capacity', 'failed', 503])
})

scenario('strangers are refused without a trace in the database', async (world) => {
  const caller = await callIn(world, new FakeCaller({ address: '198.51.100.7' }))
  assert.deepEqual(caller.heard, ['403 Forbidden'])
  assert.equal(await world.lastCall(), undefined)
})

scenario('an answer that is never acknowledged ends the call', async (world) => {
  await world.giveNumber(NUMBER, flowOf(pause('wait', 60)))
  const caller = await callIn(world)
  caller.neverAcknowledges()
  await world.settle()
  assert.deepEqual(await outcome(world), ['ended', 'linnet', 'noAck', 'hangup', 200])
})

scenario('a new offer in the call is answered, and audio follows it', async (world) => {
  await world.giveNumber(NUMBER, flowOf(pause('wait', 60)))
  const caller = await callIn(world)
  const moved = caller.offersAgain(sdpOf({ port: 41_000 }))
  const refused = caller.offersAgain(sdpOf({ codec: 'opus/48000', payloadType: 96 }))

  assert.ok(moved && 'sdp' in moved && /m=audio 20000/.test(moved.sdp))
  assert.equal(world.media.legs[0]?.remotes.at(-1)?.port, 41_000)
  assert.deepEqual(refused, { status: 488, reason: 'Not Acceptable Here' })
  caller.hangUp()
  await world.settle()
})

scenario('a line that stays silent is hung up, and so is one whose media thread died', async (world) => {
  await world.giveNumber(NUMBER, flowOf(pause('wait', 60)))
  const silent = await callIn(world)
  world.media.legs[0]?.report({ type: 'noMedia', forMs: 30_000 })
  await world.settle()
  assert.deepEqual(silent.heard, ['200', 'BYE'])
  assert.deepEqual(await outcome(world), ['ended', 'linnet', 'noMedia', 'hangup', 200])

  const lost = await callIn(world)
  world.media.legs[1]?.report({ type: 'lost' })
  await world.settle()
  assert.deepEqual(lost.heard, ['200', 'BYE'])
  assert.deepEqual((await outcome(world)).slice(1, 3), ['linnet', 'fault'])
})

scenario('a call ends at its longest duration', async (world) => {
  await world.giveNumber(NUMBER, { ...flowOf(pause('wait', 60)), maxDuration: 5 })
  const caller = await callIn(world)
  await world.clock.advance(4_999)
  assert.deepEqual(caller.heard, ['200'])
  await world.clock.advance(1)
  assert.deepEqual(caller.heard, ['200', 'BYE'])
  assert.equal((await world.lastCall())?.endReason?.cause, 'maxDuration')
})

scenario('a sound file that can not be had fails its step, and the flow goes on', async (world) => {
  const broken: Step = { id: 'broken', action: 'play', options: { media: 'http://127.0.0.1/broken.wav' } }
  await world.giveNumber(NUMBER, flowOf(broken, say('after')))
  await callIn(world)
  await world.clock.advance(600)

  const call = await world.lastCall()
  const failed = (await world.journalOf(call?.id ?? '')).find(
    (event) => event.type === 'stepEnded' && event.outcome === 'failed',
  )
  assert.equal(
    failed?.type === 'stepEnded' && failed.detail,
    'http://127.0.0.1/broken.wav is not a sound file',
  )
  assert.equal(call?.endReason?.cause, 'flowEnded')
})

scenario('an outgoing call rings, is answered, and runs its flow', async (world) => {
  const callee = await callOut(world, flowOf(say('hello')))
  assert.equal(callee.request.target.user, 'bob')
  assert.equal(callee.request.from.uri.user, '3120')
  assert.match(callee.request.sdp, /m=audio 20000 RTP\/AVP/)
  callee.ring()
  callee.ring()
  await world.settle()
  assert.equal((await outcome(world))[3], 'ringing')
  callee.answer()
  await world.clock.advance(600)

  assert.deepEqual(callee.log, ['INVITE', 'BYE'])
  assert.deepEqual(await outcome(world), ['ended', 'flow', 'flowEnded', 'hangup', 200])
})

for (const [what, failure, expected] of [
  ['busy', { status: 486, reason: 'Busy Here' }, ['busy', 'remote', 'busy', 'busy', 486]],
  ['declined', { status: 603, reason: 'Decline' }, ['failed', 'remote', 'rejected', 'failed', 403]],
  ['not there', { status: 404, reason: 'Not Found' }, ['failed', 'remote', 'rejected', 'failed', 404]],
  [
    'not answering',
    { status: 480, reason: 'Temporarily Unavailable' },
    ['no_answer', 'remote', 'noAnswer', 'no_answer', 480],
  ],
  [
    'unreachable',
    { status: 503, reason: 'unreachable', local: 'transportError' },
    ['failed', 'linnet', 'unreachable', 'failed', 503],
  ],
  [
    'silent',
    { status: 408, reason: 'no response', local: 'timeout' },
    ['failed', 'linnet', 'unreachable', 'failed', 408],
  ],
] as const) {
  scenario(`a phone that is ${what} ends the call as the API tells it`, async (world) => {
    const callee = await callOut(world, flowOf(say('hello')))
    callee.refuse(failure)
    await world.settle()
    assert.deepEqual(await outcome(world), expected)
  })
}

scenario('a phone that rings too long is canceled and told as no answer', async (world) => {
  const callee = await callOut(world, flowOf(say('hello')))
  callee.ring()
  await world.clock.advance(60_000)
  assert.deepEqual(callee.log, ['INVITE', 'CANCEL'])
  assert.deepEqual(await outcome(world), ['no_answer', 'linnet', 'noAnswer', 'no_answer', 480])
})

scenario(
  'a phone that never sent a single response is unreachable once the ring time is over',
  async (world) => {
    const callee = await callOut(world, flowOf(say('hello')))
    callee.responds = false
    await world.clock.advance(60_000)
    assert.deepEqual(callee.log, ['INVITE', 'CANCEL'])
    assert.deepEqual(await outcome(world), ['failed', 'linnet', 'unreachable', 'failed', 408])
  },
)

scenario('an answer without a common codec is acknowledged, ended and told as 488', async (world) => {
  const callee = await callOut(world, flowOf(say('hello')))
  callee.answer(sdpOf({ codec: 'opus/48000', payloadType: 96 }))
  await world.settle()
  assert.deepEqual(callee.log, ['INVITE', 'BYE'])
  assert.deepEqual(await outcome(world), ['failed', 'linnet', 'noCommonCodec', 'failed', 488])
})

scenario(
  'DELETE while it rings cancels the INVITE; the call is ended once DELETE has resolved',
  async (world) => {
    const callee = await callOut(world, flowOf(say('hello')))
    callee.ring()
    const { id } = (await world.lastCall()) ?? assert.fail()
    await world.control.hangUp(id)
    assert.deepEqual(callee.log, ['INVITE', 'CANCEL'])
    assert.deepEqual(await outcome(world), ['ended', 'api', 'deleted', 'hangup', 480])
  },
)

scenario('DELETE of an answered call says BYE; a second DELETE does nothing', async (world) => {
  const callee = await callOut(world, flowOf(pause('wait', 60)))
  callee.answer()
  await world.settle()
  const { id } = (await world.lastCall()) ?? assert.fail()
  await Promise.all([world.control.hangUp(id), world.control.hangUp(id)])
  await world.control.hangUp(id)
  assert.deepEqual(callee.log, ['INVITE', 'BYE'])
  assert.deepEqual(await outcome(world), ['ended', 'api', 'deleted', 'hangup', 200])
})

scenario('a hangup that crosses DELETE is told once, as it came first', async (world) => {
  const callee = await callOut(world, flowOf(pause('wait', 60)))
  callee.answer()
  await world.settle()
  const { id } = (await world.lastCall()) ?? assert.fail()
  callee.hangUp()
  await world.control.hangUp(id)
  assert.deepEqual(callee.log, ['INVITE'])
  assert.deepEqual(await outcome(world), ['ended', 'remote', 'hangup', 'hangup', 200])
})

scenario('a new flow takes over at once and the call goes on with it', async (world) => {
  const callee = await callOut(world, flowOf(pause('wait', 60)))
  callee.answer()
  await world.settle()
  const { id } = (await world.lastCall()) ?? assert.fail()
  await world.control.replaceFlow(id, flowOf(say('new')))
  await world.clock.advance(600)

  const events = await world.journalOf(id)
  assert.ok(
    events.some(
      (event) => event.type === 'stepEnded' && event.stepId === 'wait' && event.outcome === 'interrupted',
    ),
  )
  assert.ok(events.some((event) => event.type === 'flowStarted' && event.from === 'api'))
  assert.deepEqual(await outcome(world), ['ended', 'flow', 'flowEnded', 'hangup', 200])
})

scenario(
  'a number goes through the trunk with its credentials',
  async (world) => {
    const callee = await callOut(world, flowOf(pause('w', 1)), '+31612345678')
    const { target, from, credentials } = callee.request
    assert.deepEqual([target.user, target.host, target.port], ['31612345678', 'carrier.example', 5080])
    assert.deepEqual([from.uri.user, from.uri.host], ['3120', 'carrier.example'])
    assert.equal(credentials?.username, 'u')
    callee.refuse({ status: 486, reason: 'Busy Here' })
    await world.settle()
  },
  {
    trunks: [
      {
        name: 't',
        host: 'carrier.example',
        port: 5080,
        transport: 'udp',
        credentials: { username: 'u', password: 'p' },
      },
    ],
  },
)

scenario('what can not be called is refused with code 25 and leaves no call', async (world) => {
  for (const destination of ['31612345678', 'client:anna', 'sip:', 'nonsense']) {
    const request = {
      accountId: ACCOUNT,
      source: '3120',
      destination,
      callFlow: flowOf(say('x')),
      test: false,
    }
    await assert.rejects(world.control.originate(request), (error) => {
      assert.ok(error instanceof RequestError)
      return error.faults[0].kind === 'unprocessable' && error.faults[0].parameter === 'destination'
    })
  }
  assert.equal(await world.lastCall(), undefined)
})

scenario('a test call rings, is answered and runs its flow without any SIP', async (world) => {
  const request = {
    accountId: ACCOUNT,
    source: '3120',
    destination: '31612345678',
    callFlow: flowOf(say('x')),
    test: true,
  }
  const queued = await world.control.originate(request)
  assert.equal(queued.status, 'queued')
  await world.clock.advance(1_600)
  assert.equal(world.callees.length, 0)
  assert.deepEqual(await outcome(world), ['ended', 'flow', 'flowEnded', 'hangup', 200])
})

scenario(
  'a full server refuses calls both ways',
  async (world) => {
    await world.giveNumber(NUMBER, flowOf(pause('wait', 1)))
    await callIn(world)
    const refused = await callIn(world)
    assert.deepEqual(refused.heard, ['503 Service Unavailable'])
    const request = {
      accountId: ACCOUNT,
      source: '3120',
      destination: 'sip:a@127.0.0.1',
      callFlow: flowOf(say('x')),
      test: false,
    }
    await assert.rejects(world.control.originate(request), RequestError)
    await world.clock.advance(1_000)
  },
  { maxCalls: 1 },
)

scenario(
  'draining takes no more calls, waits for those that are there, then hangs up the rest',
  async (world) => {
    await world.giveNumber(NUMBER, flowOf(pause('wait', 3)))
    await world.giveNumber('3199', flowOf(pause('wait', 60)))
    const short = await callIn(world)
    const long = await callIn(world, new FakeCaller({ to: '3199' }))
    const drained = world.control.drain(10_000)
    const refused = await callIn(world)
    assert.deepEqual(refused.heard, ['503 Service Unavailable'])
    await world.clock.advance(3_000)
    assert.deepEqual([short.heard, long.heard], [['200', 'BYE'], ['200']])
    await world.clock.advance(7_000)
    await drained
    assert.deepEqual(long.heard, ['200', 'BYE'])
    assert.equal((await world.repositories.calls.listLive()).length, 0)
  },
)

for (const test of [false, true]) {
  scenario(
    `a stop while a ${test ? 'test' : 'live'} call is on its way to the disk ends that call, and waits for it`,
    async (world) => {
      const { calls } = world.repositories
      const commit = calls.commit.bind(calls)
      const disk = Promise.withResolvers<void>()
      Object.assign(calls, {
        commit: async (change: Parameters<typeof commit>[0]) => {
          await disk.promise
          await commit(change)
        },
      })
      const request = {
        accountId: ACCOUNT,
        source: '3120',
        destination: 'sip:a@127.0.0.1',
        callFlow: flowOf(say('x')),
        test,
      }
      const queued = world.control.originate(request)
      const drained = world.control.drain(0)
      await world.settle()
      disk.resolve()
      await queued
      await world.settle()
      await drained
      assert.equal(world.callees.length, 0, 'nobody was called')
      assert.deepEqual(await outcome(world), ['ended', 'linnet', 'shutdown', 'hangup', 480])
    },
  )
}

scenario('draining an idle server is done at once', async (world) => {
  await world.control.drain(10_000)
})

test('a database that is away is retried: the call goes on and nothing of its journal is lost', async () => {
  const world = createCallWorld()
  await world.giveNumber(NUMBER, flowOf(pause('wait', 5)))
  const { calls } = world.repositories
  const commit = calls.commit.bind(calls)
  let away = true
  Object.assign(calls, {
    commit: async (change: Parameters<typeof commit>[0]) =>
      away ? Promise.reject(new Error('away')) : commit(change),
  })
  const caller = await callIn(world)
  assert.deepEqual(caller.heard, ['200'])
  await world.clock.advance(3_500)
  assert.equal(await world.lastCall(), undefined)
  away = false
  await world.clock.advance(2_500)

  const call = await world.lastCall()
  assert.equal(call?.status, 'ended')
  const entries = await calls.journal(ACCOUNT, call?.id ?? '')
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, index) => index + 1),
  )
  assert.equal(world.control.liveCalls, 0)
})

test('calls of a run that died are closed with that reason, in the same journal', async () => {
  const world = createCallWorld()
  await world.giveNumber(NUMBER, flowOf(pause('wait', 60)))
  await callIn(world)
  const before = await world.lastCall()
  const { clock, repositories } = world

  const closed = await closeDeadCalls({
    ...repositories,
    recordingFiles: { repair: async () => assert.fail('nothing was recorded') },
    clock,
    ids: { uuid: () => 'u', token: () => 't' },
    logger: { error() {}, warn() {}, info() {}, debug() {}, child: () => assert.fail() },
  })

  assert.equal(closed, 1)
  assert.deepEqual(await outcome(world), ['ended', 'linnet', 'crash', 'hangup', 200])
  const entries = await repositories.calls.journal(ACCOUNT, before?.id ?? '')
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, index) => index + 1),
  )
  assert.equal((await repositories.calls.listLive()).length, 0)
})
