import type { SipSource } from '../sip/transport.ts'

/** Why an INVITE is not served: the answer that it gets. */
export interface Refusal {
  readonly status: number
  readonly reason: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

export interface AdmissionState {
  /** False while draining. */
  readonly accepting: boolean
  readonly liveCalls: number
  readonly maxCalls: number
  /** Local mode: only this machine can reach us, and all of it may call. */
  readonly local: boolean
  readonly trunkAddresses: ReadonlySet<string>
}

/** Who may call, and whether there is room. Undefined: the INVITE is served. */
export function refuseInvite(source: SipSource, state: AdmissionState): Refusal | undefined {
  const known = state.trunkAddresses.has(source.address) || (state.local && isLoopback(source.address))
  if (!known) return { status: 403, reason: 'Forbidden' }
  if (!state.accepting)
    return { status: 503, reason: 'Service Unavailable', headers: [['Retry-After', '30']] }
  if (state.liveCalls >= state.maxCalls)
    return { status: 503, reason: 'Service Unavailable', headers: [['Retry-After', '5']] }
  return undefined
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.')
}
