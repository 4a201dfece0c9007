/** What one call flow may hold (docs/api/call-flow-language.md). */
export const MAX_STEPS = 1_000
/** Of a call flow as JSON, without white space. */
export const MAX_FLOW_BYTES = 32 * 1024
/** Nesting of objects and arrays, or of XML tags. */
export const MAX_DEPTH = 64
/** Of one step. */
export const MAX_CONDITIONS = 100
/** Of one `play` step. */
export const MAX_MEDIA_FILES = 100
/** In characters. */
export const MAX_SAY_TEXT = 1_000
export const MAX_URL_CHARACTERS = 4_096
/** Step ids and names of variables, in characters. */
export const MAX_NAME_CHARACTERS = 255
/** Upper bound of every time in seconds: a day. */
export const MAX_SECONDS = 86_400
/** Keys that wait for a step, and keys that one step gathers. */
export const MAX_KEYS = 100
/** Faults that one refusal lists. */
export const MAX_FAULTS = 50
