import type { Call, CallStatus, Leg, LegStatus } from '../domain/call.ts'
import type { JournalEvent } from '../domain/journal.ts'
import type { Timestamp } from '../domain/time.ts'

/** A call and its legs as plain data. */
export interface CallState {
  readonly call: Call
  readonly legs: ReadonlyMap<string, Leg>
}

/** What a status may become (docs/architecture.md, "Life of a call"). An ended call or leg stays as it is. */
const callArrows: Record<CallStatus, readonly CallStatus[]> = {
  queued: ['starting', 'ended', 'failed'],
  starting: ['ongoing', 'ended', 'failed', 'busy', 'no_answer'],
  ongoing: ['ended'],
  ended: [],
  failed: [],
  busy: [],
  no_answer: [],
}
const legArrows: Record<LegStatus, readonly LegStatus[]> = {
  starting: ['ringing', 'ongoing', 'busy', 'no_answer', 'failed', 'hangup'],
  ringing: ['ongoing', 'busy', 'no_answer', 'failed', 'hangup'],
  ongoing: ['hangup'],
  busy: [],
  no_answer: [],
  failed: [],
  hangup: [],
}

/**
 * Rows are projections of the journal: applies one event to a call's data. Events that tell of no status leave it as it is,
 * and so do arrows that the table does not have: the same object comes back.
 */
export function project(state: CallState, event: JournalEvent, at: Timestamp): CallState {
  switch (event.type) {
    case 'callStatus': {
      if (!callArrows[state.call.status].includes(event.status)) return state
      const ended = callArrows[event.status].length === 0
      const call: Call = {
        ...state.call,
        status: event.status,
        updatedAt: at,
        ...(ended && { endedAt: at }),
        ...(event.endReason && { endReason: event.endReason }),
      }
      return { ...state, call }
    }
    case 'legCreated': {
      const { legId, direction, source, destination } = event
      const leg: Leg = {
        id: legId,
        callId: state.call.id,
        status: 'starting',
        direction,
        ...(source !== undefined && { source }),
        ...(destination !== undefined && { destination }),
        createdAt: at,
        updatedAt: at,
      }
      return { ...state, legs: new Map(state.legs).set(legId, leg) }
    }
    case 'legStatus': {
      const leg = state.legs.get(event.legId)
      if (!leg || !legArrows[leg.status].includes(event.status)) return state
      return { ...state, legs: new Map(state.legs).set(leg.id, changedLeg(leg, event, at)) }
    }
    default:
      return state
  }
}

/** Whether the far end can still do something on this leg. */
export function isLegLive(leg: Leg): boolean {
  return legArrows[leg.status].length > 0
}

function changedLeg(leg: Leg, event: JournalEvent & { type: 'legStatus' }, at: Timestamp): Leg {
  const ended = legArrows[event.status].length === 0
  return {
    ...leg,
    status: event.status,
    updatedAt: at,
    ...(event.status === 'ongoing' && { answeredAt: at }),
    ...(ended && { endedAt: at }),
    ...(event.sipResponseCode !== undefined && { sipResponseCode: event.sipResponseCode }),
    ...(event.endReason && { endReason: event.endReason }),
  }
}
