import type { SipMessage, SipRequest, SipResponse } from '../../src/sip/message.ts'
import { parseSipMessage } from '../../src/sip/parse.ts'
import type { SipTarget, SipTransports } from '../../src/sip/transport.ts'
import type { FakeClock } from './fake-clock.ts'
import type { SipNetwork } from './sip-network.ts'

/** Overrides for one request; headers replace those of the same name, and '' removes one. */
export interface RequestScript {
  readonly uri?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A far end that does what the test says, and nothing by itself. It keeps all that it hears. */
export class ScriptedSipPeer {
  readonly address: string
  readonly heard: SipMessage[] = []
  /** `time what` of each message heard: the method, or the status. */
  readonly log: string[] = []
  /** Called for each message, for peers that answer at once. */
  onMessage: (message: SipMessage) => void = () => {}
  readonly #transports: SipTransports
  readonly #far: SipTarget

  constructor(clock: FakeClock, network: SipNetwork, address: string, far: string) {
    this.address = address
    this.#far = { transport: 'udp', address: far, port: 5060 }
    this.#transports = network.join(address, (datagram) => {
      const message = parseSipMessage(datagram)
      if (message.kind === 'failure') throw new Error(`unusable message: ${message.reason}\n${datagram}`)
      this.heard.push(message)
      this.log.push(`${clock.now()} ${message.kind === 'request' ? message.method : message.status}`)
      this.onMessage(message)
    })
  }

  /** The last message heard that is a request with this method, or a response with this status. */
  last(what: string | number): SipMessage {
    const found = this.heard.findLast((message) =>
      message.kind === 'request' ? message.method === what : message.status === what,
    )
    if (!found) throw new Error(`${this.address} has not heard ${what}: ${this.log.join(', ')}`)
    return found
  }

  lastRequest(method: string): SipRequest {
    const message = this.last(method)
    if (message.kind !== 'request') throw new Error('not a request')
    return message
  }

  lastResponse(status: number): SipResponse {
    const message = this.last(status)
    if (message.kind !== 'response') throw new Error('not a response')
    return message
  }

  /** How often a method or status was heard. */
  count(what: string | number): number {
    return this.log.filter((line) => line.endsWith(` ${what}`)).length
  }

  /** A request outside or inside a dialog: From tag `peer`, CSeq 1, Call-ID `call`, unless the script says otherwise. */
  request(method: string, { uri = 'sip:100@127.0.0.1', headers = {}, body = '' }: RequestScript = {}): void {
    const all: Record<string, string> = {
      Via: `SIP/2.0/UDP ${this.address}:5060;branch=z9hG4bK${method.toLowerCase()}1`,
      'Max-Forwards': '70',
      From: `"Peer" <sip:peer@${this.address}>;tag=peer`,
      To: '<sip:100@127.0.0.1>',
      'Call-ID': 'call',
      CSeq: `1 ${method}`,
      Contact: `<sip:peer@${this.address}>`,
      ...(body === '' ? {} : { 'Content-Type': 'application/sdp' }),
      ...headers,
    }
    this.send([`${method} ${uri} SIP/2.0`, ...linesOf(all)], body)
  }

  /** A response to a request that was heard. */
  respond(
    request: SipRequest,
    status: number,
    { headers = {}, body = '' }: Omit<RequestScript, 'uri'> = {},
  ): void {
    const to = request.headers.get('To') ?? ''
    const all: Record<string, string> = {
      Via: request.headers.all('Via').join(', '),
      From: request.headers.get('From') ?? '',
      To: to.includes(';tag=') || status === 100 ? to : `${to};tag=peer`,
      'Call-ID': request.headers.get('Call-ID') ?? '',
      CSeq: request.headers.get('CSeq') ?? '',
      Contact: `<sip:peer@${this.address}>`,
      ...(body === '' ? {} : { 'Content-Type': 'application/sdp' }),
      ...headers,
    }
    this.send([`SIP/2.0 ${status} Scripted`, ...linesOf(all)], body)
  }

  send(lines: readonly string[], body = ''): void {
    const text = `${[...lines, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`
    this.#transports.send(Buffer.from(text), this.#far, () => {})
  }
}

function linesOf(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]))
}
