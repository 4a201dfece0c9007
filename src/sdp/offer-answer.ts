import { codecsOf, telephoneEventOf } from './audio-formats.ts'
import { addressTypeOf, classifyMediaAddress } from './media-address.ts'
import type { NegotiatedAudio } from './negotiation.ts'
import { parseSessionDescription } from './parse.ts'
import { serializeSessionDescription } from './serialize.ts'
import type { MediaDescription, SdpAttribute, SessionDescription } from './session-description.ts'

/** Our side of one leg's session. */
export interface LocalSession {
  /** The IP address that RTP is received on. */
  readonly address: string
  readonly port: number
  /** Stays the same for a leg's whole life. */
  readonly sessionId: number
  /** Grows by one with each description that differs from the one before (RFC 3264 §8). */
  readonly sessionVersion: number
}

/** No audio came of it. `unparsable`: a 400, or an answer from a defective peer; all others: a 488. */
export interface Refusal {
  readonly refused: 'noCommonCodec' | 'noAudio' | 'unusableAddress' | 'unparsable'
  /** For the journal: what was found. */
  readonly detail: string
}

type Direction = NegotiatedAudio['direction']

const PTIME_MS = 20
const OFFERED_TELEPHONE_EVENT = 101
/** Events 0–15: the keys of a phone (RFC 4733 §3.2). */
const KEYS = '0-15'

/** An offer of one audio stream: PCMU, PCMA and telephone-event (RFC 3264 §5). */
export function createOffer(local: LocalSession): string {
  return describe(local, '0 0', [
    {
      media: 'audio',
      port: local.port,
      protocol: 'RTP/AVP',
      formats: ['0', '8', `${OFFERED_TELEPHONE_EVENT}`],
      attributes: [
        { name: 'rtpmap', value: '0 PCMU/8000' },
        { name: 'rtpmap', value: '8 PCMA/8000' },
        ...telephoneEventAttributes(OFFERED_TELEPHONE_EVENT),
        { name: 'ptime', value: `${PTIME_MS}` },
        { name: 'sendrecv' },
      ],
    },
  ])
}

/**
 * Answers an offer (RFC 3264 §6) with the offerer's first codec that we have and its telephone-event. Of several media only
 * the first audio stream that fits is taken; the others are refused in their places.
 */
export function answerOffer(
  offer: string,
  local: LocalSession,
): { readonly sdp: string; readonly audio: NegotiatedAudio } | Refusal {
  const session = parseSessionDescription(offer)
  if ('kind' in session) return { refused: 'unparsable', detail: `offer: ${session.reason}` }
  const chosen = session.media.find((media) => isPlainAudio(media) && codecsOf(media).length > 0)
  if (chosen === undefined) return explainRefusal(session)
  const audio = readAudio(session, chosen, local.address)
  if ('refused' in audio) return audio
  const media = session.media.map((one) => (one === chosen ? acceptedMedia(local, audio) : refusedMedia(one)))
  return { sdp: describe(local, session.timing, media), audio }
}

/** Takes the answer to our `offer` (RFC 3264 §7): the codec, address and direction that it settles. */
export function acceptAnswer(answer: string, offer: string): NegotiatedAudio | Refusal {
  const session = parseSessionDescription(answer)
  if ('kind' in session) return { refused: 'unparsable', detail: `answer: ${session.reason}` }
  const offered = parseSessionDescription(offer)
  const local = 'kind' in offered ? undefined : offered.connection?.address
  if (local === undefined) return { refused: 'unparsable', detail: 'our offer can’t be read' }
  // An answer has the offer's media in the same places; ours is the only one.
  const media = session.media[0]
  if (media === undefined || !isPlainAudio(media) || codecsOf(media).length === 0) {
    return explainRefusal({ ...session, media: media ? [media] : [] })
  }
  return readAudio(session, media, local)
}

/** What `media`, which has a codec of ours, says about sending to and receiving from the far end. */
function readAudio(
  session: SessionDescription,
  media: MediaDescription,
  localAddress: string,
): NegotiatedAudio | Refusal {
  const connection = media.connection ?? session.connection
  const [format] = codecsOf(media)
  if (format === undefined) return explainRefusal(session)
  if (connection === undefined) return { refused: 'unparsable', detail: 'no c= line for the audio' }
  const { address } = connection
  const kind = classifyMediaAddress(address)
  if (kind === 'name') return { refused: 'unusableAddress', detail: `media address ${address} is a name` }
  if (kind === 'host' && addressTypeOf(address) !== addressTypeOf(localAddress)) {
    return { refused: 'unusableAddress', detail: `media address ${address} is of another family than ours` }
  }
  const direction = reversed(directionOf(session, media))
  const telephoneEventPayloadType = telephoneEventOf(media)
  return {
    address,
    port: media.port,
    ...format,
    ...(telephoneEventPayloadType === undefined ? undefined : { telephoneEventPayloadType }),
    // The hold of RFC 2543 (§8.4 of RFC 3264): an address of nobody means that nothing is to be sent.
    direction: kind === 'host' ? direction : withoutSending(direction),
  }
}

const isAudio = ({ media }: MediaDescription) => media === 'audio'

const isPlainAudio = (media: MediaDescription) =>
  isAudio(media) && media.port !== 0 && media.protocol.toUpperCase() === 'RTP/AVP'

function explainRefusal({ media }: SessionDescription): Refusal {
  const open = media.filter((one) => isAudio(one) && one.port !== 0)
  const [first] = open
  if (first === undefined) return { refused: 'noAudio', detail: 'no audio stream, or one with port 0' }
  const plain = open.find(isPlainAudio)
  return {
    refused: 'noCommonCodec',
    detail: plain
      ? `no PCMU or PCMA at 8000 Hz among formats ${plain.formats.join(' ').slice(0, 200)}`
      : `audio over ${first.protocol.slice(0, 50)}, not RTP/AVP`,
  }
}

const DIRECTIONS: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] satisfies Direction[]

/** As the far end sees it: the media's own attribute, or else the session's, or else both ways. */
function directionOf(session: SessionDescription, media: MediaDescription): Direction {
  const named = [...media.attributes, ...session.attributes].find(({ name }) => DIRECTIONS.includes(name))
  return (named?.name as Direction | undefined) ?? 'sendrecv' // the list holds nothing but directions
}

const REVERSED: Record<Direction, Direction> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
}

const reversed = (direction: Direction) => REVERSED[direction]

function withoutSending(direction: Direction): Direction {
  return direction === 'sendrecv' || direction === 'recvonly' ? 'recvonly' : 'inactive'
}

function acceptedMedia(local: LocalSession, audio: NegotiatedAudio): MediaDescription {
  const { codec, payloadType, telephoneEventPayloadType, direction } = audio
  const events = telephoneEventPayloadType
  return {
    media: 'audio',
    port: local.port,
    protocol: 'RTP/AVP',
    formats: [payloadType, events].filter((type) => type !== undefined).map(String),
    attributes: [
      { name: 'rtpmap', value: `${payloadType} ${codec}/8000` },
      ...(events === undefined ? [] : telephoneEventAttributes(events)),
      { name: 'ptime', value: `${PTIME_MS}` },
      { name: direction },
    ],
  }
}

/** The same stream with port 0; one of its formats is enough (RFC 3264 §6). */
function refusedMedia({ media, protocol, formats }: MediaDescription): MediaDescription {
  return { media, port: 0, protocol, formats: formats.slice(0, 1), attributes: [] }
}

function telephoneEventAttributes(payloadType: number): SdpAttribute[] {
  return [
    { name: 'rtpmap', value: `${payloadType} telephone-event/8000` },
    { name: 'fmtp', value: `${payloadType} ${KEYS}` },
  ]
}

function describe(local: LocalSession, timing: string, media: readonly MediaDescription[]): string {
  const { address, sessionId, sessionVersion } = local
  const connection = { addressType: addressTypeOf(address), address }
  return serializeSessionDescription({
    origin: {
      username: '-',
      sessionId: `${sessionId}`,
      sessionVersion: `${sessionVersion}`,
      ...connection,
    },
    sessionName: '-',
    connection,
    timing,
    attributes: [],
    media,
  })
}
