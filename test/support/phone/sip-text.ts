/**
 * SIP as text: just enough to script a phone, and deliberately not the code under test.
 * Nothing is checked, so a script may also send what the RFC forbids.
 */
export interface SipText {
  readonly startLine: string
  readonly headers: readonly Header[]
  readonly body: string
}

export type Header = readonly [name: string, value: string]

const longNames: Record<string, string> = {
  v: 'Via',
  f: 'From',
  t: 'To',
  i: 'Call-ID',
  m: 'Contact',
  l: 'Content-Length',
  c: 'Content-Type',
  k: 'Supported',
  s: 'Subject',
}

/** Splits a datagram into start line, headers and body; undefined for a keep-alive. */
export function readSip(text: string): SipText | undefined {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [startLine = '', ...lines] = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
  if (!startLine.includes('SIP/2.0')) return undefined
  return { startLine, headers: lines.map(readHeader), body: rest.join('\r\n\r\n') }
}

function readHeader(line: string): Header {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon).trim()
  return [longNames[name.toLowerCase()] ?? name, line.slice(colon + 1).trim()]
}

/** The datagram of a message; its Content-Length is added unless one was scripted. */
export function writeSip({ startLine, headers, body }: SipText): string {
  const length: Header[] = headers.some(([name]) => name.toLowerCase() === 'content-length')
    ? []
    : [['Content-Length', String(Buffer.byteLength(body))]]
  const lines = [...headers, ...length].map(([name, value]) => `${name}: ${value}`)
  return `${[startLine, ...lines].join('\r\n')}\r\n\r\n${body}`
}

/** The first value of a header. */
export function header(message: SipText, name: string): string | undefined {
  return message.headers.find(([candidate]) => candidate.toLowerCase() === name.toLowerCase())?.[1]
}

/** All values of a header, one per line. */
export function headers(message: SipText, name: string): string[] {
  return message.headers
    .filter(([candidate]) => candidate.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value)
}

/** `INVITE` for a request, `180 INVITE` for a response to one. */
export function kindOf(message: SipText): string {
  const [first = '', second = ''] = message.startLine.split(' ')
  return first === 'SIP/2.0' ? `${second} ${methodOf(message)}` : first
}

/** The method of the request, or of the request that a response answers. */
export function methodOf(message: SipText): string {
  return header(message, 'CSeq')?.split(/\s+/)[1] ?? ''
}

export function cseqOf(message: SipText): number {
  return Number(header(message, 'CSeq')?.split(/\s+/)[0])
}

/** The status of a response; 0 for a request. */
export function statusOf(message: SipText): number {
  return message.startLine.startsWith('SIP/2.0') ? Number(message.startLine.split(' ')[1]) : 0
}

export function branchOf(message: SipText): string {
  return /branch=([^;\s,]+)/.exec(header(message, 'Via') ?? '')?.[1] ?? ''
}

export function tagOf(nameAddress: string | undefined): string | undefined {
  return /;\s*tag=([^;\s>]+)/i.exec(nameAddress ?? '')?.[1]
}

/** The URI inside `"Name" <uri>;parameters`, or of a bare one. */
export function uriOf(nameAddress: string): string {
  return /<([^>]+)>/.exec(nameAddress)?.[1] ?? nameAddress.split(';')[0]?.trim() ?? ''
}

/** Host and port of a SIP URI; 5060 where it names none. */
export function hostPortOf(uri: string): { readonly address: string; readonly port: number } {
  const [address = '', port] = uri
    .replace(/^sips?:/, '')
    .replace(/^[^@]*@/, '')
    .split(/[;?>]/)[0]
    ?.split(':') ?? ['']
  return { address, port: port ? Number(port) : 5060 }
}

/** Whether `kind` (see `kindOf`) is what a script asks for: `INVITE`, `200 INVITE`, `200`, `2xx`, `4xx INVITE`. */
export function matchesKind(kind: string, wanted: string): boolean {
  const [status = '', method = ''] = kind.split(' ')
  const [wantedStatus = '', wantedMethod] = wanted.split(' ')
  if (method === '') return wantedMethod === undefined && wantedStatus === status
  const statusMatches = wantedStatus.endsWith('xx') ? status[0] === wantedStatus[0] : status === wantedStatus
  return statusMatches && (wantedMethod === undefined || wantedMethod === method)
}
