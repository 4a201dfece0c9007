import type { Call, CallWebhook } from '../domain/call.ts'
import type { CallFlow } from '../domain/call-flow.ts'

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
export interface CallControl {
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
