import type { FaultList } from './fault-list.ts'
import { boolean, type Rule } from './rules.ts'

/** All names of a call flow in the API's spelling: an object with no others needs no search by lower case. */
const FIELD_NAMES: ReadonlySet<string> = new Set([
  ...[
    'title',
    'record',
    'default',
    'maxDuration',
    'steps',
    'createdAt',
    'updatedAt',
    'id',
    'action',
    'options',
  ],
  ...[
    'conditions',
    'variable',
    'operator',
    'value',
    'onKeypressGoto',
    'onKeypressVar',
    'endKey',
    'maxNumKeys',
  ],
  ...['timeout', 'payload', 'language', 'voice', 'repeat', 'ifMachine', 'machineTimeout', 'media', 'length'],
  ...[
    'maxLength',
    'finishOnKey',
    'transcribe',
    'transcribeLanguage',
    'onFinish',
    'destination',
    'mask',
    'url',
  ],
  ...['token', 'keys', 'duration', 'interval', '_links'],
])

/**
 * A JSON object of a client, read field by field: names are case-insensitive, unknown fields are ignored, and zero
 * values (`null`, `""`, `0`, `false`, `[]`, `{}`) of optional fields count as not set (SDKs send them for everything).
 * Broken rules become faults that name the field's path.
 */
export class Fields {
  readonly #source: object
  readonly #path: string
  readonly #faults: FaultList
  #spelledAsExpected: boolean | undefined
  #lowerCase: Map<string, unknown> | undefined

  constructor(source: object, path: string, faults: FaultList) {
    this.#source = source
    this.#path = path
    this.#faults = faults
  }

  /** The value as it came, or undefined. The exact spelling wins over others; among others, the last. */
  raw(name: string): unknown {
    const value = (this.#source as Record<string, unknown>)[name]
    if (value !== undefined && Object.hasOwn(this.#source, name)) return value
    this.#spelledAsExpected ??= Object.keys(this.#source).every((given) => FIELD_NAMES.has(given))
    if (this.#spelledAsExpected) return undefined
    this.#lowerCase ??= new Map(
      Object.entries(this.#source).map(([given, value]) => [given.toLowerCase(), value]),
    )
    return this.#lowerCase.get(name.toLowerCase())
  }

  pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }

  /** The value under `rule`; undefined after a fault. */
  required<T>(name: string, rule: Rule<T>): T | undefined {
    const raw = this.raw(name)
    if (isZero(raw)) {
      this.#faults.missing(this.pathOf(name))
      return undefined
    }
    return this.#checked(name, raw, rule)
  }

  /** The value under `rule`; undefined if it is not set, and after a fault. */
  optional<T>(name: string, rule: Rule<T>): T | undefined {
    const raw = this.raw(name)
    return isZero(raw) ? undefined : this.#checked(name, raw, rule)
  }

  /** Like `optional`, where the digit `"0"` means not set as well. */
  optionalNumber(name: string, rule: Rule<number>): number | undefined {
    return this.raw(name) === '0' ? undefined : this.optional(name, rule)
  }

  /** `true`, or undefined for anything that means no. */
  flag(name: string): true | undefined {
    return this.optional(name, boolean) || undefined
  }

  #checked<T>(name: string, raw: unknown, rule: Rule<T>): T | undefined {
    const value = rule.parse(raw)
    if (value === undefined) this.#faults.invalid(this.pathOf(name), rule.must)
    return value
  }
}

/** Whether a value is one that SDKs send for "not set". */
export function isZero(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return !value
  for (const _ in value) return false
  return true
}

/** The object itself, with an empty array as the empty object that PHP means by it; undefined for all else. */
export function asObject(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return Array.isArray(value) ? (value.length === 0 ? {} : undefined) : value
}

/** What a string of JSON holds, if it is an object or an array (the Ruby SDK encodes twice); otherwise the value itself. */
export function unwrapJson(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** A copy without the undefined members. */
export function compact<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const copy: Record<string, unknown> = {}
  for (const name in members) if (members[name] !== undefined) copy[name] = members[name]
  return copy as { [K in keyof T]?: Exclude<T[K], undefined> } // the loop made just that
}
