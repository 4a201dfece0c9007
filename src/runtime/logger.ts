/** Facts of a log line. Never access keys, SIP credentials, pressed keys or spoken text above `debug`. */
export type LogFields = Readonly<Record<string, unknown>>

/** Structured logging (implemented by pino): constant messages, facts as fields. */
export interface Logger {
  error(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
  /** A logger that adds `fields` (such as `callId`, `legId`) to each of its lines. */
  child(fields: LogFields): Logger
}

/** Drops everything: for tests and for tools that have no log. */
export const silentLogger: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
}
