import type { Compilable, CompiledQuery } from 'kysely'

/** Stands for a value in a query that is compiled before the value is known. */
class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/**
 * Compiles a query once and makes a function that only fills in its parameters: compiling costs more than running.
 * `build` gets a placeholder for every parameter that it names, and must not look at their values.
 */
export function prepare<Parameters extends object, Row>(
  build: (parameters: Parameters) => Compilable<Row>,
): (values: Parameters) => CompiledQuery<Row> {
  // Kysely passes a value through to the compiled query as it is, so a placeholder may stand for any type.
  const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) }) as Parameters
  const compiled = build(placeholders).compile()
  const slots = compiled.parameters.map((value) =>
    value instanceof Placeholder ? { name: value.name as keyof Parameters } : { value },
  )
  return (values) => ({
    ...compiled,
    parameters: slots.map((slot) => ('name' in slot ? (values[slot.name] ?? null) : slot.value)),
  })
}

/** The part of `row` that these columns hold, also for a row of placeholders. */
export function pick<Row, Column extends keyof Row>(row: Row, columns: readonly Column[]): Pick<Row, Column> {
  return Object.fromEntries(columns.map((column) => [column, row[column]])) as Pick<Row, Column>
}
