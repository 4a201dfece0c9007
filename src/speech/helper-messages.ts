/** What the server asks of a speech helper process: one at a time. */
export interface HelperRequest {
  readonly text: string
  /** In the engine's own words. */
  readonly voice: string
}

/** What the helper answers: a WAV file, or why there is none. */
export type HelperAnswer = { readonly wav: Uint8Array } | { readonly failure: string }
