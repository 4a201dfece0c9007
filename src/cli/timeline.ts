import type { EndReason } from '../domain/call.ts'
import type { JournalEntry, JournalEvent, MediaStatistics } from '../domain/journal.ts'

/** A call's journal as lines that a person reads: seconds since its first entry, leg, and what happened. */
export function timeline(entries: readonly Pick<JournalEntry, 'at' | 'event'>[]): string[] {
  const start = entries[0]?.at ?? 0
  const legs = new Map<string, string>()
  return entries.map(({ at, event }) => {
    const seconds = ((at - start) / 1000).toFixed(3).padStart(9)
    return `${seconds}  ${legLabel(legs, event).padEnd(5)}  ${describe(event)}`
  })
}

/** Legs are called leg 1, leg 2, ... in the order in which they appear. */
function legLabel(legs: Map<string, string>, event: JournalEvent): string {
  if (!('legId' in event)) return 'call'
  const known = legs.get(event.legId) ?? `leg ${legs.size + 1}`
  legs.set(event.legId, known)
  return known
}

function describe(event: JournalEvent): string {
  switch (event.type) {
    case 'callStatus':
      return explained(event.status, event.endReason && because(event.endReason))
    case 'legStatus': {
      const status =
        event.sipResponseCode === undefined ? event.status : `${event.status} (${event.sipResponseCode})`
      return explained(status, event.endReason && because(event.endReason))
    }
    case 'legCreated': {
      const { direction, source = 'unknown', destination = 'unknown', sipCallId } = event
      return `${direction} from ${source} to ${destination}${sipCallId === undefined ? '' : `, Call-ID ${sipCallId}`}`
    }
    case 'flowStarted':
      return `call flow of ${event.steps} steps begins (from ${event.from})`
    case 'stepStarted':
      return `step ${event.stepId}: ${event.action}`
    case 'stepEnded':
      return explained(`step ${event.stepId} ${event.outcome}`, event.detail)
    case 'key':
      return `key ${event.key}`
    case 'keysGathered':
      return `gathered "${event.keys}"${event.variable === undefined ? '' : ` as ${event.variable}`}`
    case 'fetch':
      return `fetched ${event.url} in ${event.durationMs} ms: ${event.error ?? event.status ?? 'no answer'}`
    case 'recordingStarted':
      return `recording ${event.recordingId} begins`
    case 'recordingEnded': {
      const { recordingId, status, how, durationSeconds, key, detail } = event
      const why = key === undefined ? how : `key ${key}`
      return explained(`recording ${recordingId} ${status} after ${durationSeconds} s (${why})`, detail)
    }
    case 'flowEnded':
      return explained('call flow ends', event.detail)
    case 'media':
      return media(event.statistics)
    case 'sipFailure':
      return `SIP ${event.status ?? ''} ${event.reason}`
  }
}

function explained(what: string, why: string | undefined): string {
  return why === undefined ? what : `${what}: ${why}`
}

function because({ by, cause, detail }: EndReason): string {
  const who: Record<EndReason['by'], string> = {
    remote: 'the far end',
    flow: 'the call flow',
    api: 'the API',
    linnet: 'Linnet',
  }
  return `${cause} by ${who[by]}${detail === undefined ? '' : ` (${detail})`}`
}

function media({
  packetsSent,
  packetsReceived,
  packetsLost,
  jitterMs,
  packetsRejected,
}: MediaStatistics): string {
  const rejected = packetsRejected > 0 ? `, ${packetsRejected} rejected` : ''
  return `audio: ${packetsSent} packets sent, ${packetsReceived} received, ${packetsLost} lost, jitter ${jitterMs.toFixed(1)} ms${rejected}`
}
