import type { Flag } from './schema.ts'

/** A domain object in which an absent field is absent, built from columns in which it is null. */
export type FromNullable<Fields> = {
  -readonly [Name in keyof Fields as null extends Fields[Name] ? never : Name]: Fields[Name]
} & {
  -readonly [Name in keyof Fields as null extends Fields[Name] ? Name : never]?: NonNullable<Fields[Name]>
}

/** Drops the fields that are null: SQL's way to say that an optional field is absent. */
export function withoutNulls<Fields extends object>(fields: Fields): FromNullable<Fields> {
  // A loop: rows of lists come by the hundred. It makes the type true: no field of the result is null.
  const present: Record<string, unknown> = {}
  for (const name in fields) if (fields[name] !== null) present[name] = fields[name]
  return present as FromNullable<Fields>
}

export function toFlag(value: boolean): Flag {
  return value ? 1 : 0
}

/** JSON for a text column; null for an absent value. */
export function toJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

/** The value that `toJson` wrote. The column is written by nothing else, so its shape is what the caller says. */
export function fromJson<Value>(json: string): Value {
  return JSON.parse(json) as Value
}
