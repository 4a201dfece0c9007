import type { CSeq } from '../cseq.ts'
import { identityOf } from '../identity.ts'
import type { NameAddress, SipRequest } from '../message.ts'
import { tagOf } from '../name-address.ts'
import type { SipSource, SipTarget } from '../transport.ts'
import { parseVia, serializeVia, type Via } from '../via.ts'

/** A request, and how its responses find the way back. */
export interface AnswerableRequest {
  readonly request: SipRequest
  /** The Via values for the response: `received` and `rport` are filled in (RFC 3581 §4). */
  readonly vias: readonly string[]
  /** Where responses go (§18.2.2). */
  readonly replyTo: SipTarget
}

/** A request with what every later stage asks for, parsed once. */
export interface IncomingRequest extends AnswerableRequest {
  readonly source: SipSource
  readonly callId: string
  readonly cseq: CSeq
  readonly from: NameAddress
  readonly to: NameAddress
  /** '' from an RFC 2543 peer. */
  readonly fromTag: string
  /** '' outside a dialog. */
  readonly toTag: string
  readonly branch: string
  /** Matches retransmissions of this request (RFC 3261 §17.2.3); an ACK's is that of its INVITE. */
  readonly key: string
  /** The key that an INVITE with this branch has: what a CANCEL looks for (§9.2). */
  readonly inviteKey: string
}

const MAGIC_COOKIE = 'z9hG4bK'
const DEFAULT_PORT = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 } as const

/** Reads no more than a response needs; undefined without a usable Via. */
export function readAnswerableRequest(request: SipRequest, source: SipSource): AnswerableRequest | undefined {
  const vias = request.headers.all('Via')
  const topVia = parseVia(vias[0] ?? '')
  if (!topVia) return undefined
  return {
    request,
    vias: [viaWithSource(topVia, source), ...vias.slice(1)],
    replyTo: replyTargetOf(topVia, source),
  }
}

/** Reads the headers that matching needs; undefined if one is missing or means nothing. Never throws. */
export function readIncomingRequest(request: SipRequest, source: SipSource): IncomingRequest | undefined {
  const identity = identityOf(request.headers)
  if (typeof identity === 'string' || identity.cseq.method !== request.method) return undefined
  const { callId, cseq, from, to, via: topVia } = identity
  const vias = request.headers.all('Via')
  const branch = topVia.parameters.get('branch') ?? ''
  const fromTag = tagOf(from) ?? ''
  const method = request.method === 'ACK' ? 'INVITE' : request.method
  const prefix = branch.startsWith(MAGIC_COOKIE)
    ? `${branch} ${topVia.host.toLowerCase()}:${topVia.port ?? ''} `
    : // RFC 2543 peers: the whole request is the key (§17.2.3); the CANCEL and ACK of an INVITE share all of it.
      `${request.uri} ${fromTag} ${callId} ${cseq.number} ${vias[0]} `
  return {
    request,
    source,
    callId,
    cseq,
    from,
    to,
    fromTag,
    toTag: tagOf(to) ?? '',
    branch,
    key: prefix + method,
    inviteKey: `${prefix}INVITE`,
    vias: [viaWithSource(topVia, source), ...vias.slice(1)],
    replyTo: replyTargetOf(topVia, source),
  }
}

function viaWithSource(via: Via, source: SipSource): string {
  const asksForPort = via.parameters.get('rport') === ''
  const moved = via.host !== source.address
  if (!asksForPort && !moved && !via.parameters.has('received')) return serializeVia(via)
  const parameters = new Map(via.parameters)
  parameters.set('received', source.address)
  if (asksForPort) parameters.set('rport', `${source.port}`)
  return serializeVia({ ...via, parameters })
}

/**
 * RFC 3261 §18.2.2 with RFC 3581 §4: always the address that the request came from, so that no request can aim our
 * responses at a stranger. `maddr` is ignored for the same reason.
 */
function replyTargetOf(via: Via, source: SipSource): SipTarget {
  const { transport, address, connectionId } = source
  if (transport !== 'udp') {
    return { transport, address, port: source.port, ...(connectionId === undefined ? {} : { connectionId }) }
  }
  const port = via.parameters.has('rport') ? source.port : (via.port ?? DEFAULT_PORT[transport])
  return { transport, address, port }
}
