import { createCallControl } from '../../src/calls/create-call-control.ts'
import type { Call } from '../../src/domain/call.ts'
import type { CallFlow, StoredCallFlow } from '../../src/domain/call-flow.ts'
import type { JournalEvent } from '../../src/domain/journal.ts'
import type { Repositories } from '../../src/domain/repositories.ts'
import type { Prompt } from '../../src/domain/speech.ts'
import type { HttpClient } from '../../src/runtime/http-client.ts'
import { HttpClientError } from '../../src/runtime/http-client.ts'
import { systemIds } from '../../src/runtime/ids.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import type { SipListenAddress, SipTarget } from '../../src/sip/transport.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeMedia } from './fake-media.ts'
import { FakePrompts } from './fake-prompts.ts'
import { FakeCallee } from './fake-sip.ts'
import { createMemoryRepositories } from './memory-repositories.ts'

export const ACCOUNT = 'account'

const nobody: HttpClient = {
  send: async () => {
    throw new HttpClientError('unreachable', 'nobody listens')
  },
}

export interface WorldOptions {
  readonly trunks?: Parameters<typeof createCallControl>[0]['trunks']
  readonly publicAddress?: string
  readonly maxCalls?: number
  readonly httpClient?: HttpClient
  /** Default: none is heard. */
  readonly beep?: Prompt
}

/** Call control with everything around it faked: no socket, no thread, no real time. */
export function createCallWorld(options: WorldOptions = {}) {
  const clock = new FakeClock()
  const media = new FakeMedia(clock)
  const repositories = createMemoryRepositories()
  const callees: FakeCallee[] = []
  const repaired = new Map<string, number>()
  const recordingFiles = { repair: async (recordingId: string) => repaired.get(recordingId) }
  const control = createCallControl({
    repositories,
    media,
    prompts: new FakePrompts(),
    recording: { files: recordingFiles, beep: options.beep, present: (recording) => recording },
    httpClient: options.httpClient ?? nobody,
    userAgent: {
      invite: (request, handler) => {
        const callee = new FakeCallee(request, handler)
        callees.push(callee)
        return callee
      },
    },
    transports: {
      resolve: async (host, port, transport): Promise<SipTarget[]> => [
        { transport, address: host, port: port ?? 5060 },
      ],
      localAddressFor: (): SipListenAddress => ({ transport: 'udp', address: '127.0.0.1', port: 5060 }),
    },
    clock,
    ids: systemIds,
    logger: silentLogger,
    trunks: options.trunks ?? [],
    defaultAccountId: ACCOUNT,
    localAddress: '127.0.0.1',
    publicAddress: options.publicAddress,
    ringMs: 60_000,
    maxCalls: options.maxCalls ?? 100,
    lingerMs: 0, // what a test looks up is stored in the same turn
  })

  return {
    clock,
    media,
    repositories,
    callees,
    /** What is left of recordings whose media thread died, in seconds. */
    repaired,
    control,
    /** Lets promises settle without moving time. */
    settle: () => clock.advance(0),
    giveNumber: (number: string, flow: CallFlow) => giveNumber(repositories, number, flow),
    /** The newest call as it is stored. */
    async lastCall(): Promise<Call | undefined> {
      const [last] = (await repositories.calls.list(ACCOUNT, { page: 1, perPage: 1 })).items
      return last && (await repositories.calls.find(ACCOUNT, last.id))
    },
    async legsOf(callId: string) {
      return (await repositories.calls.listLegs(ACCOUNT, callId, { page: 1, perPage: 100 })).items
    },
    async journalOf(callId: string): Promise<readonly JournalEvent[]> {
      return (await repositories.calls.journal(ACCOUNT, callId)).map(({ event }) => event)
    },
  }
}

/** Stores a flow and assigns it to the number. */
async function giveNumber(
  { callFlows, numbers }: Pick<Repositories, 'callFlows' | 'numbers'>,
  number: string,
  flow: CallFlow,
): Promise<StoredCallFlow> {
  const times = { createdAt: 0, updatedAt: 0 }
  const stored: StoredCallFlow = {
    ...flow,
    ...times,
    id: systemIds.uuid(),
    accountId: ACCOUNT,
    default: false,
  }
  await callFlows.save(stored)
  const flowKey = { accountId: ACCOUNT, callFlowId: stored.id }
  await numbers.assign(flowKey, [{ ...times, id: systemIds.uuid(), number }], { replace: false })
  return stored
}
