/** How a key reached us: in RTP (RFC 4733), or by the signalling (SIP INFO). */
export type KeyWay = 'rtp' | 'signalling'

interface Admitted {
  readonly key: string
  readonly way: KeyWay
  readonly atMs: number
}

const WINDOW_MS = 200
/** No phone is trusted to have held a key for longer when it tells of it at the end. */
const LONGEST_HOLD_MS = 5_000
/** More than fingers press within the window. */
const REMEMBERED = 16

/**
 * Phones that are set to send keys both ways send each press twice. A key is dropped if the same one came the other way within
 * 200 ms; each press cancels one only, so a key that is pressed twice counts twice however it is sent.
 */
export class KeyWays {
  readonly #admitted: Admitted[] = []

  /** Whether a key counts. `heldMs`: how long ago it was pressed, where that is told only at the end. */
  admit(key: string, way: KeyWay, nowMs: number, heldMs = 0): boolean {
    const since = nowMs - WINDOW_MS - Math.min(heldMs, LONGEST_HOLD_MS)
    const twin = this.#admitted.findIndex(
      (other) => other.key === key && other.way !== way && other.atMs >= since,
    )
    if (twin !== -1) {
      this.#admitted.splice(twin, 1)
      return false
    }
    this.#admitted.push({ key, way, atMs: nowMs })
    if (this.#admitted.length > REMEMBERED) this.#admitted.shift()
    return true
  }
}
