import type { StoredCallFlow } from '../domain/call-flow.ts'
import type { AssignedNumber } from '../domain/number.ts'
import type { Repositories } from '../domain/repositories.ts'
import type { Credentials } from '../sip/digest.ts'
import type { NameAddress, SipUri } from '../sip/message.ts'
import { parseSipUri } from '../sip/uri.ts'

/** A carrier: takes calls to E.164 numbers, and may call us. */
export interface Trunk {
  readonly name: string
  readonly host: string
  readonly port?: number
  readonly transport: 'udp' | 'tcp'
  readonly credentials?: Credentials
}

/** Where an outgoing INVITE goes. */
export interface OutgoingRoute {
  readonly target: SipUri
  readonly from: NameAddress
  readonly to: NameAddress
  readonly credentials?: Credentials
}

/** Which account and flow an incoming call belongs to; `flow` is absent when nothing answers this number. */
export interface IncomingRoute {
  readonly accountId: string
  readonly number?: AssignedNumber
  readonly flow?: StoredCallFlow
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map()
const E164 = /^\+?(\d{1,15})$/

/** The flow of the number, or the default flow of the account that owns what no number claims. */
export async function routeIncoming(
  number: string,
  { numbers, callFlows }: Pick<Repositories, 'numbers' | 'callFlows'>,
  defaultAccountId: string,
): Promise<IncomingRoute> {
  const assigned = number === '' ? undefined : await numbers.findByNumber(number)
  if (!assigned) {
    const flow = await callFlows.findDefault(defaultAccountId)
    return { accountId: defaultAccountId, ...(flow && { flow }) }
  }
  const { accountId, callFlowId } = assigned
  const flow = (await callFlows.find(accountId, callFlowId)) ?? (await callFlows.findDefault(accountId))
  return { accountId, number: assigned, ...(flow && { flow }) }
}

/**
 * A `sip:` URI is called directly, an E.164 number through the first trunk. Undefined when there is no way.
 * `localHost` is the name or address that Linnet goes by.
 */
export function routeOutgoing(
  { source, destination }: { readonly source: string; readonly destination: string },
  trunks: readonly Trunk[],
  localHost: string,
): OutgoingRoute | undefined {
  if (/^sips?:/i.test(destination)) {
    const target = parseSipUri(destination)
    if (!target) return undefined
    return { target, from: party(source, localHost), to: { uri: target, parameters: NO_PARAMETERS } }
  }
  const number = E164.exec(destination)?.[1]
  const [trunk] = trunks
  if (number === undefined || !trunk) return undefined
  const { host, port, transport, credentials } = trunk
  const parameters = transport === 'udp' ? NO_PARAMETERS : new Map([['transport', transport]])
  const target: SipUri = {
    scheme: 'sip',
    user: number,
    host,
    ...(port !== undefined && { port }),
    parameters,
  }
  const to: SipUri = { scheme: 'sip', user: number, host, parameters: NO_PARAMETERS }
  return {
    target,
    from: party(source, host),
    to: { uri: to, parameters: NO_PARAMETERS },
    ...(credentials && { credentials }),
  }
}

/** What a SIP user part means as a phone number: digits without plus and separators; else the user as it is. */
export function numberOf({ user = '' }: SipUri): string {
  const digits = user.replace(/[-. ()]/g, '')
  return E164.exec(digits)?.[1] ?? user
}

function party(user: string, host: string): NameAddress {
  const uri: SipUri = { scheme: 'sip', ...(user !== '' && { user }), host, parameters: NO_PARAMETERS }
  return { uri, parameters: NO_PARAMETERS }
}
