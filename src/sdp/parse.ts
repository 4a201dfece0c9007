import {
  type Connection,
  type MediaDescription,
  type Origin,
  SDP_LIMITS,
  type SdpAttribute,
  type SessionDescription,
} from './session-description.ts'

/** Text that is no session description, with what was found. */
export interface SdpFailure {
  readonly kind: 'failure'
  readonly reason: string
}

/**
 * Parses a session description (RFC 8866 §9). Total and bounded. Takes bare line feeds, and does without s= and t=, as some
 * phones do; everything else that it reads must be well formed.
 */
export function parseSessionDescription(text: string): SessionDescription | SdpFailure {
  if (text.length > SDP_LIMITS.characters) return failure('too long')
  const lines = text.split(/\r?\n/, SDP_LIMITS.lines + 1)
  if (lines.length > SDP_LIMITS.lines) return failure('too many lines')
  if (lines[0]?.trimEnd() !== 'v=0') return failure('does not begin with v=0')

  const draft: Draft = { attributes: [], media: [] }
  for (const line of lines.slice(1)) {
    if (line.trim() === '') continue
    if (line[1] !== '=' || line.includes('\r')) return failure('a line that is not letter=value')
    const problem = readLine(draft, line[0] ?? '', line.slice(2).trimEnd())
    if (problem !== undefined) return failure(problem)
  }
  const { origin, sessionName = '-', timing = '0 0', connection, attributes, media } = draft
  if (origin === undefined) return failure('no o= line')
  return {
    origin,
    sessionName,
    ...(connection === undefined ? undefined : { connection }),
    timing,
    attributes,
    media,
  }
}

interface Draft {
  origin?: Origin
  sessionName?: string
  timing?: string
  connection?: Connection
  readonly attributes: SdpAttribute[]
  readonly media: MediaDraft[]
}

interface MediaDraft extends MediaDescription {
  connection?: Connection
  readonly attributes: SdpAttribute[]
}

const failure = (reason: string): SdpFailure => ({ kind: 'failure', reason })

/** Adds one line to the draft; says what is wrong with it, if anything is. */
function readLine(draft: Draft, letter: string, value: string): string | undefined {
  switch (letter) {
    case 'o':
      return readOrigin(draft, value)
    case 's':
      draft.sessionName ??= value
      return undefined
    case 't':
      if (!/^\d{1,20} \d{1,20}$/.test(value)) return 'a malformed t= line'
      draft.timing ??= value
      return undefined
    case 'c':
      return readConnection(draft, value)
    case 'a':
      return readAttribute(draft, value)
    case 'm':
      return readMedia(draft, value)
    default:
      return undefined
  }
}

// Ids that are no numbers come from some gateways; they are only ever compared.
const ORIGIN = /^(\S{1,255}) (\S{1,40}) (\S{1,40}) IN (IP4|IP6) (\S{1,255})$/

function readOrigin(draft: Draft, value: string): string | undefined {
  const match = ORIGIN.exec(value)
  if (match === null || draft.origin !== undefined) return 'a malformed or second o= line'
  const [, username = '', sessionId = '', sessionVersion = '', type, address = ''] = match
  draft.origin = { username, sessionId, sessionVersion, addressType: type === 'IP6' ? 'IP6' : 'IP4', address }
  return undefined
}

const CONNECTION = /^IN (IP4|IP6) ([A-Za-z0-9.:_-]{1,255})(?:\/\d{1,5}){0,2}$/

function readConnection(draft: Draft, value: string): string | undefined {
  const match = CONNECTION.exec(value)
  if (match === null) return 'a malformed c= line'
  const owner = draft.media.at(-1) ?? draft
  owner.connection ??= { addressType: match[1] === 'IP6' ? 'IP6' : 'IP4', address: match[2] ?? '' }
  return undefined
}

const ATTRIBUTE_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+$/

function readAttribute(draft: Draft, value: string): string | undefined {
  const colon = value.indexOf(':')
  const name = colon === -1 ? value : value.slice(0, colon)
  if (!ATTRIBUTE_NAME.test(name)) return 'an a= line without a name'
  const { attributes } = draft.media.at(-1) ?? draft
  attributes.push(colon === -1 ? { name } : { name, value: value.slice(colon + 1) })
  return undefined
}

const MEDIA =
  /^([A-Za-z0-9!#$%&'*+\-.^_`{|}~]+) (\d{1,5})(?:\/\d{1,5})? ([A-Za-z0-9!#$%&'*+\-.^_`{|}~/]+) (.+)$/

function readMedia(draft: Draft, value: string): string | undefined {
  const match = MEDIA.exec(value)
  if (match === null) return 'a malformed m= line'
  const [, media = '', portText, protocol = '', formatText = ''] = match
  const port = Number(portText)
  const formats = formatText.split(' ', SDP_LIMITS.formatsOfOneMedia + 1).filter((format) => format !== '')
  if (port > 65_535) return 'a port above 65535'
  if (formats.length > SDP_LIMITS.formatsOfOneMedia) return 'too many formats'
  if (draft.media.length === SDP_LIMITS.media) return 'too many media'
  draft.media.push({ media, port, protocol, formats, attributes: [] })
  return undefined
}
