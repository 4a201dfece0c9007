/** Milliseconds since the Unix epoch, UTC. */
export type Timestamp = number
