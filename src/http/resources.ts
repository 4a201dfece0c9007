import type { CallStatus, Leg } from '../domain/call.ts'
import type { StoredCallFlow } from '../domain/call-flow.ts'
import type { JournalEntry } from '../domain/journal.ts'
import type { AssignedNumber } from '../domain/number.ts'
import type { Recording, Transcription } from '../domain/recording.ts'
import type { CallSummary } from '../domain/repositories.ts'
import type { Timestamp } from '../domain/time.ts'
import type { Webhook } from '../domain/webhook.ts'
import { callFlowToJson } from '../flow/serialize.ts'
import type {
  CallResource,
  LegResource,
  NumberResource,
  RecordingResource,
  TranscriptionResource,
  WebhookResource,
} from './schemas.ts'

const DAY_MS = 86_400_000
let lastDay = { number: 0, text: '1970-01-01' }

/** RFC 3339, UTC, whole seconds: `2017-03-06T13:34:14Z`. Times of one day follow each other: only the first costs a calendar. */
export function toDateTime(timestamp: Timestamp): string {
  const number = Math.floor(timestamp / DAY_MS)
  if (number !== lastDay.number) {
    lastDay = { number, text: new Date(timestamp).toISOString().slice(0, 10) }
  }
  const seconds = Math.floor((timestamp - number * DAY_MS) / 1000)
  return `${lastDay.text}T${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}Z`
}

function two(value: number): string {
  const whole = Math.floor(value)
  return whole < 10 ? `0${whole}` : `${whole}`
}

function toOptionalDateTime(timestamp: Timestamp | undefined): string | null {
  return timestamp === undefined ? null : toDateTime(timestamp)
}

export function callFlowResource(flow: StoredCallFlow) {
  return {
    id: flow.id,
    ...callFlowToJson(flow),
    default: flow.default,
    createdAt: toDateTime(flow.createdAt),
    updatedAt: toDateTime(flow.updatedAt),
    _links: { self: `/call-flows/${flow.id}` },
  }
}

export function numberResource(number: AssignedNumber): NumberResource {
  return {
    id: number.id,
    number: number.number,
    callFlowId: number.callFlowId,
    createdAt: toDateTime(number.createdAt),
    updatedAt: toDateTime(number.updatedAt),
    _links: { self: `/numbers/${number.id}` },
  }
}

/** A call as REST shows it: never with its `webhook`, on which the SDKs for Python and Ruby fail. */
export function callResource(call: CallSummary, userAgent = ''): CallResource {
  return {
    id: call.id,
    status: statusFor(userAgent, call.status),
    ...(call.numberId !== undefined && { numberId: call.numberId }),
    ...addresses(call),
    createdAt: toDateTime(call.createdAt),
    updatedAt: toDateTime(call.updatedAt),
    endedAt: toOptionalDateTime(call.endedAt),
    _links: { self: `/calls/${call.id}`, legs: `/calls/${call.id}/legs` },
  }
}

/** The C# SDK throws on the whole list when one call has a status that its enumeration lacks. */
function statusFor(userAgent: string, status: CallStatus): CallStatus {
  const unknownThere = status === 'failed' || status === 'busy' || status === 'no_answer'
  return unknownThere && userAgent.includes('DotNet/') ? 'ended' : status
}

function addresses({ source, destination }: Pick<CallSummary, 'source' | 'destination'>) {
  return {
    ...(source !== undefined && { source: source.replace(/^\+/, '') }),
    ...(destination !== undefined && { destination: destination.replace(/^\+/, '') }),
  }
}

/** The response codes of the API (docs/api/calls.md). The Java SDK throws on any other, so others are left out. */
const SIP_RESPONSE_CODES: ReadonlySet<number> = new Set([
  ...[200, 403, 404, 408, 410, 480, 484, 486, 488, 500, 501, 502, 503],
])

export function legResource(leg: Leg): LegResource {
  const { sipResponseCode, answeredAt, endedAt } = leg
  const durationMs = answeredAt === undefined || endedAt === undefined ? 0 : endedAt - answeredAt
  return {
    id: leg.id,
    callId: leg.callId,
    ...addresses(leg),
    status: leg.status,
    direction: leg.direction,
    cost: 0,
    currency: 'EUR',
    duration: Math.max(0, Math.round(durationMs / 1000)),
    ...(sipResponseCode !== undefined && SIP_RESPONSE_CODES.has(sipResponseCode) && { sipResponseCode }),
    createdAt: toDateTime(leg.createdAt),
    updatedAt: toDateTime(leg.updatedAt),
    answeredAt: toOptionalDateTime(answeredAt),
    endedAt: toOptionalDateTime(endedAt),
    _links: { self: `/calls/${leg.callId}/legs/${leg.id}` },
  }
}

/** `state` is the older name of `status`: the Java SDK reads only that. */
export function recordingResource(recording: Recording): RecordingResource {
  return {
    id: recording.id,
    format: 'wav',
    type: recording.type,
    legId: recording.legId,
    status: recording.status,
    state: recording.status,
    duration: Math.round(recording.durationSeconds),
    createdAt: toDateTime(recording.createdAt),
    updatedAt: toDateTime(recording.updatedAt),
    deletedAt: null,
    _links: { self: `/recordings/${recording.id}`, file: `/recordings/${recording.id}.wav` },
  }
}

export function transcriptionResource(transcription: Transcription): TranscriptionResource {
  return {
    id: transcription.id,
    recordingId: transcription.recordingId,
    legId: transcription.legId,
    status: transcription.status,
    error: transcription.error ?? null,
    createdAt: toDateTime(transcription.createdAt),
    updatedAt: toDateTime(transcription.updatedAt),
    _links: { self: `/transcriptions/${transcription.id}`, file: `/transcriptions/${transcription.id}.txt` },
  }
}

/** `events` and `status` are there for the Dart SDK, which reads webhooks with another API's model. */
export function webhookResource(webhook: Webhook): WebhookResource {
  return {
    id: webhook.id,
    url: webhook.url,
    token: webhook.token ?? '',
    events: [],
    status: 'enabled',
    createdAt: toDateTime(webhook.createdAt),
    updatedAt: toDateTime(webhook.updatedAt),
    _links: { self: `/webhooks/${webhook.id}` },
  }
}

/** One line of a call's journal; its time has milliseconds, since it explains what happened within a second. */
export function journalResource({ sequence, at, event }: JournalEntry) {
  return { sequence, at: new Date(at).toISOString(), ...event }
}
