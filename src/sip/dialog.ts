import { MAX_FORWARDS } from './capabilities.ts'
import { parseCSeq } from './cseq.ts'
import { headersOfCheckedEntries } from './headers.ts'
import type { SipHeader, SipRequest, SipResponse, SipUri } from './message.ts'
import { parseNameAddress, tagOf } from './name-address.ts'
import type { IncomingRequest } from './transaction/incoming-request.ts'
import { parseSipUri, serializeSipUri } from './uri.ts'

/** Routes that one dialog may have: more than any real path, and a bound on what a stranger makes us carry. */
const MAX_ROUTES = 16
const NO_BODY = Buffer.alloc(0)

/** A request before it has a way: no Via and no Contact yet, since both depend on the target. */
export interface RequestTemplate {
  readonly method: string
  readonly uri: string
  readonly headers: readonly SipHeader[]
  readonly body: Buffer
  /** Whether Contact is added. */
  readonly contact: boolean
}

/** What a dialog is made from (RFC 3261 §12.1). */
export interface DialogStart {
  readonly callId: string
  readonly localTag: string
  readonly remoteTag: string
  /** The From of our requests, tag included. */
  readonly local: string
  /** The To of our requests, tag included. */
  readonly remote: string
  readonly localCSeq: number
  /** Undefined until the far end has sent a request. */
  readonly remoteCSeq: number | undefined
  readonly remoteTarget: SipUri
  /** In the order in which our requests visit them. */
  readonly routes: readonly string[]
}

/** The state of a dialog (RFC 3261 §12): who, by which way, and how far the two sequences have come. It sends nothing. */
export class DialogState {
  readonly callId: string
  readonly localTag: string
  readonly remoteTag: string
  readonly #local: SipHeader
  readonly #remote: SipHeader
  readonly #callIdHeader: SipHeader
  #localCSeq: number
  #remoteCSeq: number | undefined
  #remoteTarget: SipUri
  #routes: readonly string[]
  #firstRoute: SipUri | undefined

  constructor(start: DialogStart) {
    this.callId = start.callId
    this.localTag = start.localTag
    this.remoteTag = start.remoteTag
    this.#local = { name: 'From', value: start.local }
    this.#remote = { name: 'To', value: start.remote }
    this.#callIdHeader = { name: 'Call-ID', value: start.callId }
    this.#localCSeq = start.localCSeq
    this.#remoteCSeq = start.remoteCSeq
    this.#remoteTarget = start.remoteTarget
    this.#routes = start.routes
    this.#firstRoute = firstOf(start.routes)
  }

  get id(): string {
    return dialogId(this.callId, this.localTag, this.remoteTag)
  }

  get remoteTarget(): SipUri {
    return this.#remoteTarget
  }

  get hasRoutes(): boolean {
    return this.#routes.length > 0
  }

  /** Where requests go first: the first route, or the far end itself (§12.2.1.1). */
  get nextHop(): SipUri {
    return this.#firstRoute ?? this.#remoteTarget
  }

  /** False: older than or the same as one that we have seen, so it gets 500 (§12.2.2). */
  takeRemoteCSeq(number: number): boolean {
    if (this.#remoteCSeq !== undefined && number <= this.#remoteCSeq) return false
    this.#remoteCSeq = number
    return true
  }

  /** The Contact of a re-INVITE, UPDATE or their 2xx replaces the remote target (§12.2). */
  refreshTarget(remoteTarget: SipUri): void {
    this.#remoteTarget = remoteTarget
  }

  /** The 2xx has the last word about an early dialog's route set and target (§13.2.2.4). */
  confirm(remoteTarget: SipUri, routes: readonly string[]): void {
    this.#remoteTarget = remoteTarget
    this.#routes = routes
    this.#firstRoute = firstOf(routes)
  }

  /** A request inside the dialog with the next CSeq, or with `cseq` for the ACK of a 2xx. Loose and strict routes. */
  createRequest(
    method: string,
    { headers = [], cseq }: { readonly headers?: readonly SipHeader[]; readonly cseq?: number } = {},
  ): RequestTemplate {
    const number = cseq ?? ++this.#localCSeq
    const firstRoute = this.#firstRoute
    const strict = firstRoute !== undefined && !firstRoute.parameters.has('lr')
    const target = serializeSipUri(this.#remoteTarget)
    const routes = strict ? [...this.#routes.slice(1), `<${target}>`] : this.#routes
    return {
      method,
      uri: strict ? serializeSipUri({ ...firstRoute, parameters: withoutMethod(firstRoute) }) : target,
      headers: [
        MAX_FORWARDS,
        ...routes.map((value) => ({ name: 'Route', value })),
        this.#local,
        this.#remote,
        this.#callIdHeader,
        { name: 'CSeq', value: `${number} ${method}` },
        ...headers,
      ],
      body: NO_BODY,
      contact: false,
    }
  }
}

function firstOf([first]: readonly string[]): SipUri | undefined {
  return first === undefined ? undefined : parseNameAddress(first)?.uri
}

/** What tells dialogs apart (§12). */
export function dialogId(callId: string, localTag: string, remoteTag: string): string {
  return `${localTag} ${remoteTag} ${callId}`
}

/** The dialog that our answer to this INVITE makes (§12.1.1); undefined without a Contact that can be reached. */
export function dialogOfIncoming(incoming: IncomingRequest, localTag: string): DialogState | undefined {
  const { request, callId, cseq, fromTag } = incoming
  const remoteTarget = contactOf(request)
  const routes = usableRoutes(request.headers.all('Record-Route'))
  if (!remoteTarget || !routes) return undefined
  return new DialogState({
    callId,
    localTag,
    remoteTag: fromTag,
    local: `${request.headers.get('To')};tag=${localTag}`,
    remote: request.headers.get('From') ?? '',
    localCSeq: 0,
    remoteCSeq: cseq.number,
    remoteTarget,
    routes,
  })
}

/** The dialog that a response to our INVITE makes (§12.1.2). Without a usable Contact the INVITE's own URI is the target. */
export function dialogOfOutgoing(invite: RequestTemplate, response: SipResponse): DialogState | undefined {
  const { headers } = response
  const to = parseNameAddress(headers.get('To') ?? '')
  const own = headersOfCheckedEntries(invite.headers)
  const from = parseNameAddress(own.get('From') ?? '')
  const callId = own.get('Call-ID')
  const path = pathOfResponse(invite, response)
  if (!to || !from || !callId || !path) return undefined
  return new DialogState({
    callId,
    localTag: tagOf(from) ?? '',
    remoteTag: tagOf(to) ?? '',
    local: own.get('From') ?? '',
    remote: headers.get('To') ?? '',
    localCSeq: parseCSeq(own.get('CSeq') ?? '')?.number ?? 0,
    remoteCSeq: undefined,
    ...path,
  })
}

/** Remote target and route set as a 1xx or 2xx to our INVITE gives them; undefined if neither can be used. */
export function pathOfResponse(
  invite: RequestTemplate,
  response: SipResponse,
): { readonly remoteTarget: SipUri; readonly routes: readonly string[] } | undefined {
  const remoteTarget = contactOf(response) ?? parseSipUri(invite.uri)
  const routes = usableRoutes(response.headers.all('Record-Route').toReversed())
  return remoteTarget && routes ? { remoteTarget, routes } : undefined
}

/** The sip: or sips: URI of a message's first Contact. */
export function contactOf({ headers }: SipRequest | SipResponse): SipUri | undefined {
  const contact = headers.get('Contact')
  const uri = contact === undefined ? undefined : parseNameAddress(contact)?.uri
  return uri && uri.scheme !== 'tel' ? uri : undefined
}

/** The routes, unless there are too many, or one is no sip: or sips: URI. */
export function usableRoutes(routes: readonly string[]): readonly string[] | undefined {
  const usable = routes.length <= MAX_ROUTES && routes.every((route) => isRoute(parseNameAddress(route)?.uri))
  return usable ? routes : undefined
}

function isRoute(uri: SipUri | undefined): boolean {
  return uri !== undefined && uri.scheme !== 'tel'
}

/** A Request-URI may not carry `method` (§19.1.1, table 1). */
function withoutMethod({ parameters }: SipUri): SipUri['parameters'] {
  if (!parameters.has('method')) return parameters
  const rest = new Map(parameters)
  rest.delete('method')
  return rest
}
