import type { NegotiatedAudio } from './negotiation.ts'
import type { MediaDescription } from './session-description.ts'

/** A codec of ours under the payload type that an m= line gives it. */
export interface CodecFormat {
  readonly codec: NegotiatedAudio['codec']
  readonly payloadType: number
}

/** Payload types that need no rtpmap (RFC 3551 §6). */
const STATIC_ENCODINGS: ReadonlyMap<number, string> = new Map([
  [0, 'PCMU/8000'],
  [8, 'PCMA/8000'],
])

const CODECS: ReadonlyMap<string, NegotiatedAudio['codec']> = new Map([
  ['PCMU/8000', 'PCMU'],
  ['PCMA/8000', 'PCMA'],
])

const TELEPHONE_EVENT = 'TELEPHONE-EVENT/8000'

/** Our codecs among the formats of an m= line, in its order of preference. */
export function codecsOf(media: MediaDescription): CodecFormat[] {
  return encodingsOf(media).flatMap(({ payloadType, encoding }) => {
    const codec = CODECS.get(encoding)
    return codec ? [{ codec, payloadType }] : []
  })
}

/** The payload type of telephone-event at 8000 Hz (RFC 4733 §2.5.1.1); undefined when the m= line has none. */
export function telephoneEventOf(media: MediaDescription): number | undefined {
  return encodingsOf(media).find(({ encoding }) => encoding === TELEPHONE_EVENT)?.payloadType
}

/** Each payload type of the m= line with its encoding in upper case, one channel unsaid. */
function encodingsOf(media: MediaDescription): { payloadType: number; encoding: string }[] {
  const mapped = new Map<number, string>()
  for (const { name, value = '' } of media.attributes) {
    const map = name === 'rtpmap' ? RTPMAP.exec(value) : null
    if (map !== null && !mapped.has(Number(map[1]))) mapped.set(Number(map[1]), (map[2] ?? '').toUpperCase())
  }
  return media.formats.flatMap((format) => {
    if (!/^\d{1,3}$/.test(format) || Number(format) > 127) return []
    const payloadType = Number(format)
    const encoding = mapped.get(payloadType) ?? STATIC_ENCODINGS.get(payloadType)
    return encoding === undefined ? [] : [{ payloadType, encoding }]
  })
}

const RTPMAP = /^(\d{1,3})[ \t]+([^\s/]{1,64}\/\d{1,6})(?:\/1)?[ \t]*$/
