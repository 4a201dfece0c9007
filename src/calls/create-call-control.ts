import type { Call } from '../domain/call.ts'
import type { CallFlow } from '../domain/call-flow.ts'
import { RequestError } from '../domain/errors.ts'
import type { Repositories } from '../domain/repositories.ts'
import type { Prompts } from '../domain/speech.ts'
import { createFlowFetcher } from '../flow/fetch-flow.ts'
import type { MediaEngine } from '../media/port.ts'
import { type Clock, sleep } from '../runtime/clock.ts'
import type { HttpClient } from '../runtime/http-client.ts'
import type { Ids } from '../runtime/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import type { SipTransports } from '../sip/transport.ts'
import type { IncomingInvite, IncomingInviteHandler, UserAgent } from '../sip/user-agent.ts'
import { refuseInvite } from './admission.ts'
import { type CallControl, type OriginateRequest, refusedLegActions } from './call-control.ts'
import { type IncomingDependencies, serveInvite } from './incoming.ts'
import type { RecordingDependencies } from './leg-recordings.ts'
import { LiveCalls } from './live-calls.ts'
import { callPhone, type OutgoingDependencies } from './outgoing.ts'
import { routeOutgoing, type Trunk } from './routing.ts'
import { callSimulatedPhone } from './simulated-calls.ts'

export interface CallControlDependencies {
  readonly repositories: Repositories
  readonly media: MediaEngine
  readonly prompts: Prompts
  readonly recording: Omit<RecordingDependencies, 'newId'>
  readonly httpClient: HttpClient
  readonly userAgent: Pick<UserAgent, 'invite'>
  readonly transports: Pick<SipTransports, 'resolve' | 'localAddressFor'>
  readonly clock: Clock
  readonly ids: Ids
  readonly logger: Logger
  readonly trunks: readonly Trunk[]
  /** Owns incoming calls to numbers that nobody claims. */
  readonly defaultAccountId: string
  /** What SDP and From say where the peer's side is not known better. */
  readonly localAddress: string
  /** Told to every peer instead of a local address; undefined: local mode. */
  readonly publicAddress: string | undefined
  readonly ringMs: number
  readonly maxCalls: number
  /** See CallRecordDependencies. */
  readonly lingerMs?: number
}

/** Call control, and what only the composition root uses of it. */
export interface CallEngine extends CallControl {
  onInvite(invite: IncomingInvite): IncomingInviteHandler
  readonly liveCalls: number
  /** Takes no more calls, waits for those that are there up to `ms`, then hangs them up. Resolves when none is left. */
  drain(ms: number): Promise<void>
}

const TRUNK_LOOKUP_MS = 60_000
const noHandler: IncomingInviteHandler = { onCancel: () => {}, onFailure: () => {} }

export function createCallControl(dependencies: CallControlDependencies): CallEngine & Disposable {
  return new Engine(dependencies)
}

class Engine implements CallEngine, Disposable {
  readonly replaceFlow: CallControl['replaceFlow']
  readonly addLeg = refusedLegActions.addLeg
  readonly hold = refusedLegActions.hold
  readonly unhold = refusedLegActions.unhold
  readonly #dependencies: CallControlDependencies
  readonly #calls: LiveCalls
  readonly #trunkAddresses = new Set<string>()
  #lookup: Disposable | undefined
  #accepting = true

  constructor(dependencies: CallControlDependencies) {
    this.#dependencies = dependencies
    const { clock, ids, logger, repositories, httpClient, prompts } = dependencies
    this.#calls = new LiveCalls({
      calls: repositories.calls,
      ...(dependencies.lingerMs !== undefined && { lingerMs: dependencies.lingerMs }),
      clock,
      ids,
      logger,
      fetchFlowFor: ({ id: callId, source, destination }, legId) =>
        createFlowFetcher({
          http: httpClient,
          clock,
          parse: { newId: () => ids.uuid(), speaks: (language) => prompts.speaks(language) },
          call: {
            callId,
            legId,
            ...(source !== undefined && { source }),
            ...(destination !== undefined && { destination }),
          },
        }),
    })
    this.replaceFlow = (callId, flow) => this.#replaceFlow(callId, flow)
    if (dependencies.trunks.length > 0) void this.#lookUpTrunks()
  }

  get accepting(): boolean {
    return this.#accepting
  }

  get liveCalls(): number {
    return this.#calls.size
  }

  onInvite(invite: IncomingInvite): IncomingInviteHandler {
    const { maxCalls, publicAddress } = this.#dependencies
    const refusal = refuseInvite(invite.source, {
      accepting: this.#accepting,
      liveCalls: this.#calls.size,
      maxCalls,
      local: publicAddress === undefined,
      trunkAddresses: this.#trunkAddresses,
    })
    if (!refusal) return serveInvite(invite, this.#incoming())
    invite.reject(refusal.status, refusal.reason, refusal.headers)
    return noHandler
  }

  async originate(request: OriginateRequest): Promise<Call> {
    const { trunks, publicAddress, localAddress, maxCalls, ids, clock } = this.#dependencies
    if (!this.#accepting) throw unprocessable('This server is about to stop and takes no more calls.')
    if (this.#calls.size >= maxCalls) throw unprocessable('This server has no room for another call now.')
    const { accountId, source, destination, callFlow, webhook, test } = request
    const route = test ? undefined : routeOutgoing(request, trunks, publicAddress ?? localAddress)
    if (!test && !route) throw unprocessable(noRouteTo(destination), 'destination')
    const live = await this.#calls.create({
      accountId,
      status: 'queued',
      direction: 'outgoing',
      source,
      destination,
      callFlow,
      test,
      ...(webhook && { webhook }),
    })
    const queued = live.record.call
    const legId = ids.uuid()
    live.record.report(
      { type: 'callStatus', status: 'starting' },
      { type: 'legCreated', legId, direction: 'outgoing', source, destination },
    )
    if (route) callPhone(live, legId, route, this.#outgoing())
    else callSimulatedPhone(live, legId, clock)
    return queued
  }

  async hangUp(callId: string): Promise<void> {
    const live = this.#calls.get(callId)
    live?.end({ by: 'api', cause: 'deleted' })
    await live?.ended
  }

  async hangUpLeg(callId: string, legId: string): Promise<void> {
    const live = this.#calls.get(callId)
    live?.endLeg(legId, { status: 'hangup', reason: { by: 'api', cause: 'deleted' } })
    await live?.record.settled()
  }

  async drain(ms: number): Promise<void> {
    this.#accepting = false
    const { clock } = this.#dependencies
    const stop = new AbortController()
    const ended = this.#calls.allEnded()
    await Promise.race([ended, sleep(clock, ms, stop.signal)])
    stop.abort()
    this.#calls.endAll({ by: 'linnet', cause: 'shutdown', detail: 'Linnet was stopped' })
    await this.#calls.allEnded()
  }

  [Symbol.dispose](): void {
    this.#accepting = false
    this.#lookup?.[Symbol.dispose]()
  }

  async #replaceFlow(callId: string, flow: CallFlow): Promise<Call> {
    const live = this.#calls.get(callId)
    if (!live?.replaceFlow(flow)) throw unprocessable('The call has no answered leg to run a call flow on.')
    await live.record.settled()
    return live.record.call
  }

  #incoming(): IncomingDependencies {
    const { media, prompts, repositories, defaultAccountId, publicAddress, ids } = this.#dependencies
    return {
      media,
      prompts,
      recording: this.#recording(),
      repositories,
      defaultAccountId,
      begin: (call) => this.#calls.begin({ ...call, test: false }),
      newLegId: () => ids.uuid(),
      newSessionId: () => this.#newSessionId(),
      mediaAddressFor: ({ source }) => publicAddress ?? source.localAddress,
      onFault: (error) => this.#onFault(error),
    }
  }

  #outgoing(): OutgoingDependencies {
    const { media, prompts, userAgent, clock, publicAddress, localAddress, ringMs } = this.#dependencies
    return {
      media,
      prompts,
      recording: this.#recording(),
      userAgent,
      clock,
      ringMs,
      newSessionId: () => this.#newSessionId(),
      mediaAddressFor: () => publicAddress ?? localAddress,
      onFault: (error) => this.#onFault(error),
    }
  }

  #recording(): RecordingDependencies {
    const { recording, ids } = this.#dependencies
    return { ...recording, newId: () => ids.uuid() }
  }

  /** RFC 8866 §5.2: a number unique to this session. */
  #newSessionId(): number {
    return Number.parseInt(this.#dependencies.ids.token(6), 16)
  }

  #onFault(error: unknown): void {
    this.#dependencies.logger.error({ err: error }, 'call failed by a fault')
  }

  /** Trunks may call from the addresses that their host has now. */
  async #lookUpTrunks(): Promise<void> {
    const { trunks, transports, clock, logger } = this.#dependencies
    const found = await Promise.all(
      trunks.map(({ host, port, transport }) =>
        transports.resolve(host, port, transport).catch((error: unknown) => {
          logger.warn({ err: error, host }, 'trunk can not be resolved')
          return []
        }),
      ),
    )
    this.#trunkAddresses.clear()
    for (const { address } of found.flat()) this.#trunkAddresses.add(address)
    if (this.#accepting) this.#lookup = clock.after(TRUNK_LOOKUP_MS, () => void this.#lookUpTrunks())
  }
}

function noRouteTo(destination: string): string {
  if (/^sips?:/i.test(destination)) return `\`${destination}\` is not a SIP URI that can be called.`
  if (/^client:/i.test(destination)) return `No client can be called by this server yet: \`${destination}\`.`
  return `No trunk is configured to call \`${destination}\` through; a sip: URI can be called without one.`
}

function unprocessable(message: string, parameter?: string): RequestError {
  return new RequestError({ kind: 'unprocessable', message, ...(parameter !== undefined && { parameter }) })
}
