/** The variables of one flow run: what `onKeypressVar` steps gathered. They outlive a fetched flow. */
export class Variables {
  readonly #values = new Map<string, string>()
  #lastKeys = ''

  /** Keeps what a step gathered, under `name` if it has one. */
  gathered(keys: string, name?: string): void {
    this.#lastKeys = keys
    if (name !== undefined) this.#values.set(name, keys)
  }

  /** A variable that was never set is empty; `keys` is what was gathered last, unless it was set by name. */
  get(name: string): string {
    return this.#values.get(name) ?? (name === 'keys' ? this.#lastKeys : '')
  }

  /** A JSON object of those that were set by name; `{}` if none was. */
  toJson(): string {
    return JSON.stringify(Object.fromEntries(this.#values))
  }
}
