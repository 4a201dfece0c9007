import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ACCOUNT, createCallWorld } from '../../test/support/call-world.ts'
import type { FakeMediaLeg } from '../../test/support/fake-media.ts'
import { type FakeCallee, FakeCaller, sdpOf } from '../../test/support/fake-sip.ts'
import type { CallFlow } from '../domain/call-flow.ts'

const flow: CallFlow = {
  record: false,
  maxDuration: 40,
  steps: [
    {
      id: 'menu',
      action: 'say',
      options: { payload: 'press a key, any key.', language: 'en-gb', voice: 'male' },
      onKeypressGoto: 'menu',
    },
    { id: 'file', action: 'play', options: { media: 'http://127.0.0.1/x.wav' } },
    { id: 'wait', action: 'pause', options: { length: 20 }, onKeypressVar: 'code', maxNumKeys: 3 },
    { id: 'more', action: 'fetchCallFlow', options: { url: 'http://127.0.0.1/flow' } },
  ],
}

interface Scene {
  readonly world: ReturnType<typeof createCallWorld>
  readonly callers: FakeCaller[]
  /** Phones that have answered or refused: they do so once. */
  readonly settled: Set<FakeCallee>
}

type Act = (scene: Scene, who: number) => void | Promise<void>

const outgoing = { accountId: ACCOUNT, source: '1', destination: 'sip:a@127.0.0.1', callFlow: flow }

/** What may happen, in any order and at any moment; `who` picks among the phones, legs and calls that there are. */
const acts: Record<string, Act> = {
  callIn: ({ world, callers }) => {
    const caller = new FakeCaller()
    callers.push(caller)
    caller.call((invite) => world.control.onInvite(invite))
  },
  callInAndCancel: (scene, who) => {
    void acts['callIn']?.(scene, who)
    scene.callers.at(-1)?.cancel()
  },
  callOut: async ({ world }) => void (await world.control.originate({ ...outgoing, test: false })),
  callTest: async ({ world }) => void (await world.control.originate({ ...outgoing, test: true })),
  ring: ({ world, settled }, who) => {
    const callee = pick(world.callees, who)
    if (callee && !settled.has(callee)) callee.ring()
  },
  answer: (scene, who) => settle(scene, who, (callee) => callee.answer()),
  answerBadly: (scene, who) =>
    settle(scene, who, (callee) => callee.answer(sdpOf({ codec: 'opus/48000', payloadType: 96 }))),
  refuse: (scene, who) => settle(scene, who, (callee) => callee.refuse({ status: 486, reason: 'Busy Here' })),
  callerHangsUp: ({ callers }, who) => pick(callers, who)?.hangUp(),
  calleeHangsUp: ({ world }, who) => pick(world.callees, who)?.hangUp(),
  noAck: ({ callers }, who) => pick(callers, who)?.neverAcknowledges(),
  offer: ({ callers }, who) => void pick(callers, who)?.offersAgain(sdpOf({ port: 45_000 })),
  askForOffer: ({ callers }, who) => void pick(callers, who)?.offersAgain(undefined),
  key: ({ world }, who) => openLeg(world.media.legs, who)?.press('5'),
  silence: ({ world }, who) => openLeg(world.media.legs, who)?.report({ type: 'noMedia', forMs: 30_000 }),
  mediaLost: ({ world }, who) => openLeg(world.media.legs, who)?.report({ type: 'lost' }),
  delete: async ({ world }, who) => {
    const call = pick(await storedCalls(world), who)
    if (call) void world.control.hangUp(call.id)
  },
  replaceFlow: async ({ world }, who) => {
    const call = pick(await storedCalls(world), who)
    if (call) await world.control.replaceFlow(call.id, flow).catch(() => undefined) // it may have ended
  },
}

function pick<Item>(items: readonly Item[], who: number): Item | undefined {
  return items[who % Math.max(1, items.length)]
}

function openLeg(legs: readonly FakeMediaLeg[], who: number): FakeMediaLeg | undefined {
  const leg = pick(legs, who)
  return leg?.closed ? undefined : leg
}

/** A phone answers or refuses once, and not after it was canceled. */
function settle({ world, settled }: Scene, who: number, final: (callee: FakeCallee) => void): void {
  const callee = pick(world.callees, who)
  if (!callee || settled.has(callee) || callee.log.includes('CANCEL')) return
  settled.add(callee)
  final(callee)
}

async function storedCalls(world: Scene['world']) {
  return (await world.repositories.calls.list(ACCOUNT, { page: 1, perPage: 100 })).items
}

const script = fc.array(
  fc.record({
    what: fc.constantFrom(...Object.keys(acts)),
    who: fc.nat(7),
    waitMs: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(5_000), fc.nat(70_000)),
  }),
  { maxLength: 25 },
)

/** Plays one script to its end and a while longer; resolves with how its calls ended. */
async function play(
  steps: readonly { readonly what: string; readonly who: number; readonly waitMs: number }[],
) {
  const world = createCallWorld()
  await world.giveNumber('31201234567', flow)
  const scene: Scene = { world, callers: [], settled: new Set() }
  for (const { what, who, waitMs } of steps) {
    await acts[what]?.(scene, who)
    await world.clock.advance(waitMs)
  }
  await world.clock.advance(200_000) // longer than ringing and the longest call together

  world.control[Symbol.dispose]()
  assert.equal(world.control.liveCalls, 0, 'a call was left')
  assert.equal(world.media.openLegs, 0, 'audio was left open')
  assert.equal(world.clock.pendingTimers, 0, 'a timer was left')
  const calls = await storedCalls(world)
  for (const call of calls) await assertTold(world, call.id)
  return calls.map(({ endReason }) => endReason?.cause ?? '')
}

test('whatever happens in whatever order: every call ends, is told once, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (steps) => void (await play(steps))),
    { numRuns: 500 },
  )
})

test('the scripts do reach the corners that they are for', async () => {
  const ends = new Set<string>()
  const property = fc.asyncProperty(script, async (steps) => {
    for (const cause of await play(steps)) ends.add(cause)
  })
  await fc.assert(property, { numRuns: 800, seed: 7 }) // the same scripts in every run
  const wanted = [
    ...['hangup', 'canceled', 'deleted', 'busy', 'noAnswer', 'noCommonCodec', 'noAck', 'noMedia'],
    ...['fault', 'maxDuration', 'fetchFailed'],
  ]
  assert.deepEqual(
    wanted.filter((cause) => !ends.has(cause)),
    [],
  )
})

/** The journal of an ended call: numbered without gaps, one end of each leg, and the end of the call as its last entry. */
async function assertTold(world: Scene['world'], callId: string): Promise<void> {
  const entries = await world.repositories.calls.journal(ACCOUNT, callId)
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, index) => index + 1),
  )
  const ends = entries.filter(({ event }) => 'endReason' in event && event.endReason !== undefined)
  const legs = await world.legsOf(callId)
  assert.equal(ends.length, legs.length + 1, JSON.stringify(entries.map(({ event }) => event)))
  const last = entries.at(-1)?.event
  assert.ok(last?.type === 'callStatus' && last.endReason)
  for (const leg of legs) assert.ok(leg.endedAt !== undefined && leg.endReason)
}
