import type { AccessKey } from '../../src/domain/account.ts'
import type { Call, Leg } from '../../src/domain/call.ts'
import type { StoredCallFlow } from '../../src/domain/call-flow.ts'
import type { JournalEntry, JournalEvent } from '../../src/domain/journal.ts'
import type { AssignedNumber } from '../../src/domain/number.ts'
import type { Recording, Transcription } from '../../src/domain/recording.ts'
import type { OutgoingEvent, Webhook } from '../../src/domain/webhook.ts'

/** Resources of the account `ours`, made at 1,000 ms, to be changed by a test where it matters. */
export function aCall(id: string, changes: Partial<Call> = {}): Call {
  return {
    id,
    accountId: 'ours',
    status: 'queued',
    direction: 'outgoing',
    callFlow: { record: false, steps: [{ id: 'bye', action: 'hangup', options: {} }] },
    test: false,
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  }
}

export function aLeg(id: string, callId: string, changes: Partial<Leg> = {}): Leg {
  return {
    id,
    callId,
    status: 'starting',
    direction: 'outgoing',
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  }
}

export function anEntry(
  callId: string,
  sequence: number,
  event: JournalEvent = { type: 'callStatus', status: 'queued' },
): JournalEntry {
  return { callId, sequence, at: 1000 + sequence, event }
}

export function anEvent(id: string, callId: string): OutgoingEvent {
  return {
    id,
    accountId: 'ours',
    callId,
    type: 'call',
    event: 'callCreated',
    payload: '{"id":"x"}',
    at: 1000,
  }
}

export function aFlow(id: string, changes: Partial<StoredCallFlow> = {}): StoredCallFlow {
  return {
    id,
    accountId: 'ours',
    record: false,
    default: false,
    steps: [{ id: 'bye', action: 'hangup', options: {} }],
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  }
}

export function aNumber(
  number: string,
  callFlowId: string,
  changes: Partial<AssignedNumber> = {},
): AssignedNumber {
  return {
    id: `id-${number}-${callFlowId}`,
    accountId: 'ours',
    number,
    callFlowId,
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  }
}

export function aKey(id: string, changes: Partial<AccessKey> = {}): AccessKey {
  return {
    id,
    accountId: 'ours',
    mode: 'live',
    hash: `hash of ${id}`,
    hint: 'live_ab',
    createdAt: 1000,
    ...changes,
  }
}

export function aRecording(id: string, changes: Partial<Recording> = {}): Recording {
  return {
    id,
    accountId: 'ours',
    callId: 'call',
    legId: 'leg',
    type: 'ivr',
    status: 'recording',
    durationSeconds: 0,
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  }
}

export function aTranscription(
  id: string,
  recordingId: string,
  changes: Partial<Transcription> = {},
): Transcription {
  return {
    id,
    accountId: 'ours',
    recordingId,
    callId: 'call',
    legId: 'leg',
    language: 'en-gb',
    status: 'created',
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  }
}

export function aWebhook(id: string, changes: Partial<Webhook> = {}): Webhook {
  return {
    id,
    accountId: 'ours',
    url: 'https://example.org/',
    createdAt: 1000,
    updatedAt: 1000,
    ...changes,
  }
}
