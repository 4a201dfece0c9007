export type PhoneCodec = 'PCMU' | 'PCMA'
export type SdpDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

/** Static payload types (RFC 3551 §6). */
export const payloadTypeOf: Record<PhoneCodec, number> = { PCMU: 0, PCMA: 8 }

export interface SdpWish {
  readonly address: string
  readonly port: number
  readonly codecs: readonly PhoneCodec[]
  /** Payload type of telephone events (RFC 4733); absent: none are offered. */
  readonly telephoneEvent?: number | undefined
  readonly direction?: SdpDirection | undefined
  /** Number of the session version, which a re-INVITE raises. */
  readonly version?: number
  /** Lines that are added at the end, such as `a=rtcp-mux`. */
  readonly extra?: readonly string[]
}

/** An offer or answer with one audio stream. */
export function writeSdp(wish: SdpWish): string {
  const { address, port, codecs, telephoneEvent, direction = 'sendrecv', version = 1, extra = [] } = wish
  const types = [
    ...codecs.map((codec) => payloadTypeOf[codec]),
    ...(telephoneEvent === undefined ? [] : [telephoneEvent]),
  ]
  const lines = [
    'v=0',
    `o=phone 20518 ${version} IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP ${types.join(' ')}`,
    ...codecs.map((codec) => `a=rtpmap:${payloadTypeOf[codec]} ${codec}/8000`),
    ...(telephoneEvent === undefined
      ? []
      : [`a=rtpmap:${telephoneEvent} telephone-event/8000`, `a=fmtp:${telephoneEvent} 0-15`]),
    'a=ptime:20',
    `a=${direction}`,
    ...extra,
  ]
  return `${lines.join('\r\n')}\r\n`
}

/** What a phone needs to know of the other side's description. */
export interface SdpView {
  readonly address: string
  readonly port: number
  /** In the order of the m= line. */
  readonly payloadTypes: readonly number[]
  readonly codec: PhoneCodec | undefined
  readonly telephoneEvent: number | undefined
  readonly direction: SdpDirection
}

/** Reads the first audio stream; undefined without one. */
export function readSdp(body: string): SdpView | undefined {
  const audio = /^m=audio (\d+)(?:\/\d+)? \S+ (.+?)\r?$/m.exec(body)
  if (!audio) return undefined
  const media = body.slice(audio.index)
  const address = /^c=IN IP\d (\S+)/m.exec(media)?.[1] ?? /^c=IN IP\d (\S+)/m.exec(body)?.[1] ?? ''
  const payloadTypes = (audio[2] ?? '').trim().split(/\s+/).map(Number)
  const first = payloadTypes.find((type) => type === 0 || type === 8)
  const keys = /^a=rtpmap:(\d+) telephone-event\/8000/im.exec(media)?.[1]
  const direction = /^a=(sendrecv|sendonly|recvonly|inactive)\b/m.exec(media)?.[1] ?? 'sendrecv'
  return {
    address,
    port: Number(audio[1]),
    payloadTypes,
    codec: first === undefined ? undefined : first === 0 ? 'PCMU' : 'PCMA',
    telephoneEvent: keys === undefined ? undefined : Number(keys),
    direction: direction as SdpDirection, // the pattern admits no other
  }
}
