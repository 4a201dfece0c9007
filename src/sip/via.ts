import { parseParameters, serializeParameters } from './parameters.ts'
import { parseHostPort, serializeHost } from './uri.ts'

/** One value of Via (RFC 3261 §20.42). */
export interface Via {
  /** In lower case, to compare with a TransportName; any token can come in. */
  readonly transport: string
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string
  readonly port?: number
  /** `branch`, `received`, `rport` ('' when asked for, RFC 3581), `maddr`, … */
  readonly parameters: ReadonlyMap<string, string>
}

const USUAL_PROTOCOLS = ['SIP/2.0/UDP ', 'SIP/2.0/TCP ', 'SIP/2.0/TLS ', 'SIP/2.0/WS ', 'SIP/2.0/WSS ']
const PROTOCOL = /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*[A-Za-z0-9\-.!%*_+`'~]+[ \t]+/i
const SPACES = /[ \t]/

/** Where sent-by begins; -1 without a protocol of SIP 2.0 before it. */
function endOfProtocol(text: string): number {
  const usual = USUAL_PROTOCOLS.find((protocol) => text.startsWith(protocol))
  return usual?.length ?? PROTOCOL.exec(text)?.[0].length ?? -1
}

/** Parses one Via value; undefined for anything else, an empty parameter included: Via decides where responses go. */
export function parseVia(text: string): Via | undefined {
  const start = endOfProtocol(text)
  if (start === -1) return undefined
  const semicolon = text.indexOf(';', start)
  const sentByEnd = semicolon === -1 ? text.length : semicolon
  const sentBy = text.slice(start, sentByEnd).trimEnd()
  const hostPort = parseHostPort(SPACES.test(sentBy) ? withoutBlanksAroundColons(sentBy) : sentBy)
  const parameters = parseParameters(text, sentByEnd, true)
  if (hostPort === undefined || parameters === undefined) return undefined
  const transport = text
    .slice(text.lastIndexOf('/', start) + 1, start)
    .trim()
    .toLowerCase()
  const { host, port } = hostPort
  return port === undefined ? { transport, host, parameters } : { transport, host, port, parameters }
}

function withoutBlanksAroundColons(sentBy: string): string {
  const parts = sentBy.split(':')
  return parts.map((part) => part.trim()).join(':')
}

/** Writes a Via value; an `rport` of '' is written without a value, as a request asks for it. */
export function serializeVia({ transport, host, port, parameters }: Via): string {
  const sentBy = port === undefined ? serializeHost(host) : `${serializeHost(host)}:${port}`
  return `SIP/2.0/${transport.toUpperCase()} ${sentBy}${serializeParameters(parameters)}`
}
