import type { Call, CallWebhook, Leg } from '../domain/call.ts'
import type { CallFlow } from '../domain/call-flow.ts'
import { RequestError } from '../domain/errors.ts'

export interface OriginateRequest {
  readonly accountId: string
  readonly source: string
  /** An E.164 number without the plus, a `sip:` URI, or `client:name`. */
  readonly destination: string
  readonly callFlow: CallFlow
  readonly webhook?: CallWebhook
  /** True for a `test_` key: the call runs on a simulated phone and never reaches a trunk. */
  readonly test: boolean
}

/** Call control as the API sees it. Resources are looked up by the routes; these methods act on living calls. */
export interface CallControl extends LegActions {
  /**
   * Writes a queued call and starts it; resolves once the row is on disk.
   * Rejects with RequestError: 'unprocessable' when the destination can't be reached from here (no trunk), or calls are not taken now.
   */
  originate(request: OriginateRequest): Promise<Call>
  /** Hangs up every leg of a living call; resolves once the call's end is on disk. A call that has ended: nothing happens. */
  hangUp(callId: string): Promise<void>
  /** False while draining: new calls are refused. */
  readonly accepting: boolean
}

/**
 * What may be done to a living call beside ending it. The routes have checked that the call or leg exists and lives;
 * it may still end meanwhile. All reject with RequestError 'unprocessable' when it can't be done.
 */
export interface LegActions {
  /** Aborts the running step and runs `flow` on the call's first live leg; resolves with the call as it is then. */
  replaceFlow(callId: string, flow: CallFlow): Promise<Call>
  /** Calls `destination` (as in OriginateRequest) and joins it to the call; resolves with the new leg once it is on disk. */
  addLeg(callId: string, destination: string): Promise<Leg>
  /** Hangs up one leg; resolves once its end is on disk. A leg that has ended: nothing happens. */
  hangUpLeg(callId: string, legId: string): Promise<void>
  hold(callId: string, legId: string): Promise<Leg>
  unhold(callId: string, legId: string): Promise<Leg>
}

/** The leg actions of an engine that has none: each is refused in words, none pretends. */
export const refusedLegActions: LegActions = {
  replaceFlow: () => refuse('replace the call flow of a running call'),
  addLeg: () => refuse('add a leg to a running call'),
  hangUpLeg: () => refuse('hang up a single leg'),
  hold: () => refuse('hold a leg'),
  unhold: () => refuse('take a leg off hold'),
}

async function refuse(action: string): Promise<never> {
  throw new RequestError({ kind: 'unprocessable', message: `This server can't ${action} yet.` })
}
