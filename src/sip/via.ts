import { parseParameters, serializeParameters } from './parameters.ts'
import { parsePort, serializeHost } from './uri.ts'

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

const SENT_BY =
  /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_.-]{1,255}))(?:[ \t]*:[ \t]*(\d{1,5}))?(?=[ \t]*(?:;|$))/i

/** Parses one Via value; undefined for anything else, an empty parameter included: Via decides where responses go. */
export function parseVia(text: string): Via | undefined {
  const match = SENT_BY.exec(text)
  if (match === null) return undefined
  const [{ length }, transport = '', ipv6, name = '', portText] = match
  const port = parsePort(portText)
  if (port === null) return undefined
  const parameters = parseParameters(text, length)
  if (parameters === undefined || /;[ \t]*(?:;|$)/.test(text)) return undefined
  const via = { transport: transport.toLowerCase(), host: ipv6 ?? name, parameters }
  return port === undefined ? via : { ...via, port }
}

/** Writes a Via value; an `rport` of '' is written without a value, as a request asks for it. */
export function serializeVia({ transport, host, port, parameters }: Via): string {
  const sentBy = port === undefined ? serializeHost(host) : `${serializeHost(host)}:${port}`
  return `SIP/2.0/${transport.toUpperCase()} ${sentBy}${serializeParameters(parameters)}`
}
