/** A time: milliseconds, or a number with its unit, such as `500ms`, `4.5s`, `10m`, `1h`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`

/** Keys that are pressed at a time after the answer: one by one, without a pause between them. */
export interface Press {
  readonly at: Duration
  /** Of 0–9, *, #, A–D. */
  readonly keys: string
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const MOST_MS = 24 * 3_600_000

/** A time in whole milliseconds, at most a day. Throws RangeError for anything else. */
export function milliseconds(duration: number | string): number {
  const [, value, unit = ''] = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)$/.exec(String(duration)) ?? []
  const ms = typeof duration === 'number' ? duration : Math.round(Number(value) * (UNITS[unit] ?? Number.NaN))
  if (ms >= 0 && ms <= MOST_MS) return ms
  throw new RangeError(`\`${duration}\` is no time: write one up to a day such as 500ms, 4.5s or 10m`)
}

/** Reads `2@1s, 34#@4.5s`: which keys are pressed, and when. Throws RangeError. */
export function parsePresses(text: string): readonly Press[] {
  return text.split(',').map((part) => {
    const [keys = '', at = '', ...more] = part.trim().split('@')
    if (more.length > 0 || at === '') {
      throw new RangeError(`\`${part.trim()}\` is no press of keys: write keys and time, such as 2@1s`)
    }
    return { keys, at: milliseconds(at) }
  })
}

/** Single keys in the order of their time. Throws RangeError for what is no key. */
export function singleKeys(presses: readonly Press[]): readonly { atMs: number; key: string }[] {
  return presses
    .flatMap(({ keys, at }) => {
      if (!/^[0-9*#A-D]+$/i.test(keys)) throw new RangeError(`\`${keys}\` are no keys: 0–9, *, # or A–D`)
      return [...keys.toUpperCase()].map((key) => ({ atMs: milliseconds(at), key }))
    })
    .sort((one, other) => one.atMs - other.atMs)
}
