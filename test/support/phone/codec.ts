import alawmulaw from 'alawmulaw'

const { alaw, mulaw } = alawmulaw

/** G.711 by a third party's code: the product's own tables are what a phone's ear has to check. */
export function encodeAudio(samples: Int16Array, payloadType: number): Buffer {
  return Buffer.from(payloadType === 8 ? alaw.encode(samples) : mulaw.encode(samples))
}

/** The samples of a payload of type 0 (PCMU) or 8 (PCMA). */
export function decodeAudio(payload: Uint8Array, payloadType: number): Int16Array {
  return payloadType === 8 ? alaw.decode(payload) : mulaw.decode(payload)
}
