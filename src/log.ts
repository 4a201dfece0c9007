import pino from 'pino'
import type { Logger } from './runtime/logger.ts'

/** JSON lines on standard error: standard output belongs to what a person asked for. */
export function openLog(level: 'error' | 'warn' | 'info' | 'debug'): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  )
}
