/** A key that a phone tells of by SIP INFO. */
export interface InfoKey {
  readonly key: string
  /** How long it was held; 0 if that was not told. */
  readonly heldMs: number
}

const KEYS = '0123456789*#ABCD'
/** Such bodies have 26 bytes or so; more than this is something else. */
const MAX_CHARACTERS = 256
const MAX_LINES = 8
const MAX_HELD_MS = 60_000

/**
 * Reads a key from the body of an INFO: `application/dtmf-relay` has the lines `Signal=5` and `Duration=160` (milliseconds),
 * `application/dtmf` the key alone, or such lines. Neither has an RFC: Cisco made the first, and phones follow it. undefined for all
 * other types, and for signals that are no key, such as a flash.
 */
export function parseInfoKey(contentType: string, body: string): InfoKey | undefined {
  if (body.length > MAX_CHARACTERS) return undefined
  if (contentType !== 'application/dtmf-relay' && contentType !== 'application/dtmf') return undefined
  const fields = fieldsOf(body)
  const signal = fields.get('signal') ?? (contentType === 'application/dtmf' ? body.trim() : undefined)
  const key = signal === undefined ? undefined : keyOf(signal)
  return key === undefined ? undefined : { key, heldMs: heldMsOf(fields.get('duration')) }
}

/** `Name=value` lines by name in lower case; the first of a name counts. */
function fieldsOf(body: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of body.split(/\r\n|\r|\n/, MAX_LINES)) {
    const equals = line.indexOf('=')
    if (equals === -1) continue
    const name = line.slice(0, equals).trim().toLowerCase()
    if (!fields.has(name)) fields.set(name, line.slice(equals + 1).trim())
  }
  return fields
}

/** A key as itself, or as the event code of `*`, `#` and A–D (RFC 4733 §3.2). */
function keyOf(signal: string): string | undefined {
  if (signal.length === 1) {
    const key = signal.toUpperCase()
    return KEYS.includes(key) ? key : undefined
  }
  return /^1[0-5]$/.test(signal) ? KEYS[Number(signal)] : undefined
}

function heldMsOf(duration: string | undefined): number {
  return duration !== undefined && /^\d{1,9}$/.test(duration) ? Math.min(Number(duration), MAX_HELD_MS) : 0
}
