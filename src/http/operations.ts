import { type TSchema, Type } from 'typebox'
import {
  CallChangeInput,
  CallFlowInput,
  CallFlowPatchInput,
  CallFlowSchema,
  CallInput,
  CallSchema,
  JournalEntrySchema,
  LegSchema,
  listOf,
  NumberSchema,
  NumberSetInput,
  NumbersInput,
  RecordingSchema,
  singleOf,
  TranscriptionInput,
  TranscriptionSchema,
  WebhookInput,
  WebhookPatchInput,
  WebhookSchema,
} from './schemas.ts'

/** One operation of the API as the OpenAPI document describes it. */
export interface Operation {
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly body?: TSchema
  /** Whether the body may also be XML: a call flow. */
  readonly xml?: true
  /** Whether it answers with a page of a list. */
  readonly pages?: true
  /** The status of success. */
  readonly status: 200 | 201 | 204
  /** The body of success; a media type stands for a download. None with 204. */
  readonly answer?: TSchema | 'audio/wav' | 'text/plain'
  /** What /readyz answers otherwise. */
  readonly unready?: TSchema
  readonly deprecated?: true
}

const Webhooks = listOf(WebhookSchema, { items: Type.Array(WebhookSchema), count: Type.Integer() })
const Health = (status: readonly string[]) =>
  Type.Object({ status: Type.Enum([...status]) }, { additionalProperties: false })

const flows = {
  listCallFlows: page('Call flows', 'List call flows, newest first', listOf(CallFlowSchema)),
  createCallFlow: {
    ...create('Call flows', 'Create a call flow', singleOf(CallFlowSchema), CallFlowInput),
    xml: true,
  },
  readCallFlow: read('Call flows', 'Read a call flow', singleOf(CallFlowSchema)),
  updateCallFlow: {
    ...read('Call flows', 'Change a call flow', singleOf(CallFlowSchema)),
    description: 'Fields that are absent keep their values.',
    body: CallFlowPatchInput,
    xml: true,
  },
  deleteCallFlow: remove('Call flows', 'Delete a call flow and give back its numbers'),
  listNumbers: page('Numbers', 'List the numbers of a call flow', listOf(NumberSchema)),
  assignNumbers: {
    ...create('Numbers', 'Give numbers to a call flow', listOf(NumberSchema), NumbersInput),
    description: 'A number that another flow of the account has moves.',
  },
  replaceNumbers: {
    ...read('Numbers', 'Replace the numbers of a call flow', listOf(NumberSchema)),
    body: NumberSetInput,
  },
  readNumber: read('Numbers', 'Read a number by its id or its digits', singleOf(NumberSchema)),
  createCallFlowOfNumber: {
    ...create('Numbers', 'Create a call flow for a number', singleOf(CallFlowSchema), CallFlowInput),
    xml: true,
    deprecated: true,
  },
} as const satisfies Record<string, Operation>

const calls = {
  listCalls: page('Calls', 'List calls, newest first', listOf(CallSchema)),
  createCall: create('Calls', 'Start a call', singleOf(CallSchema), CallInput),
  readCall: {
    ...read('Calls', 'Read a call', singleOf(Type.Union([CallSchema, RecordingSchema]))),
    description: 'With both query parameters `legs` and `recordings` it answers with that recording instead.',
  },
  updateCall: {
    ...read('Calls', 'Replace what a running call does, or end it', singleOf(CallSchema)),
    body: CallChangeInput,
  },
  deleteCall: remove('Calls', 'Hang up all legs of a call; the call stays readable'),
  addLeg: create('Calls', 'Add a leg to a running call', singleOf(LegSchema)),
  readJournal: page('Calls', 'Read what happened in a call, in order', listOf(JournalEntrySchema)),
  listLegs: page('Legs', 'List the legs of a call, the first one first', listOf(LegSchema)),
  readLeg: read('Legs', 'Read a leg', singleOf(LegSchema)),
  deleteLeg: remove('Legs', 'Hang up a leg'),
  holdLeg: read('Legs', 'Put a leg on hold', singleOf(LegSchema)),
  unholdLeg: read('Legs', 'Take a leg off hold', singleOf(LegSchema)),
} as const satisfies Record<string, Operation>

const recordings = {
  listRecordings: page('Recordings', 'List the recordings of a leg', listOf(RecordingSchema)),
  readRecording: read('Recordings', 'Read a recording', singleOf(RecordingSchema)),
  readRecordingOfLeg: read('Recordings', 'Read a recording of a leg', singleOf(RecordingSchema)),
  downloadRecording: read('Recordings', 'Download a finished recording', 'audio/wav'),
  downloadRecordingOfLeg: read('Recordings', 'Download a finished recording of a leg', 'audio/wav'),
  deleteRecording: remove('Recordings', 'Delete a recording and its transcriptions'),
  deleteRecordingOfLeg: remove('Recordings', 'Delete a recording of a leg and its transcriptions'),
  listTranscriptions: page('Transcriptions', 'List transcriptions', listOf(TranscriptionSchema)),
  listTranscriptionsOfLeg: page('Transcriptions', 'List transcriptions', listOf(TranscriptionSchema)),
  createTranscription: create(
    'Transcriptions',
    'Transcribe a recording',
    singleOf(TranscriptionSchema),
    TranscriptionInput,
  ),
  createTranscriptionOfLeg: create(
    'Transcriptions',
    'Transcribe a recording of a leg',
    singleOf(TranscriptionSchema),
    TranscriptionInput,
  ),
  readTranscription: read('Transcriptions', 'Read a transcription', singleOf(TranscriptionSchema)),
  readTranscriptionOfLeg: read('Transcriptions', 'Read a transcription', singleOf(TranscriptionSchema)),
  downloadTranscription: read('Transcriptions', 'Download the text of a transcription', 'text/plain'),
  downloadTranscriptionOfLeg: read('Transcriptions', 'Download the text of a transcription', 'text/plain'),
} as const satisfies Record<string, Operation>

const webhooks = {
  listWebhooks: page('Webhooks', 'List webhooks', Webhooks),
  createWebhook: create('Webhooks', 'Create a webhook; at most five', singleOf(WebhookSchema), WebhookInput),
  readWebhook: read('Webhooks', 'Read a webhook', singleOf(WebhookSchema)),
  updateWebhook: {
    ...read('Webhooks', 'Change a webhook', singleOf(WebhookSchema)),
    description: 'Fields that are absent or empty keep their values.',
    body: WebhookPatchInput,
  },
  patchWebhook: {
    ...read('Webhooks', 'Change a webhook, as the Dart SDK does', singleOf(WebhookSchema)),
    body: WebhookPatchInput,
  },
  deleteWebhook: remove('Webhooks', 'Delete a webhook'),
} as const satisfies Record<string, Operation>

const server = {
  readLiveness: read('Server', 'Tell whether the process lives', Health(['alive'])),
  readReadiness: {
    ...read('Server', 'Tell whether the server takes calls', Health(['ready'])),
    unready: Health(['starting', 'draining']),
  },
} as const satisfies Record<string, Operation>

/** Every operation by its id, which a route names in its config. */
export const operations = { ...flows, ...calls, ...recordings, ...webhooks, ...server }

export type OperationId = keyof typeof operations

function page(tag: string, summary: string, answer: TSchema) {
  return { tag, summary, status: 200, answer, pages: true } as const
}

function read(tag: string, summary: string, answer: NonNullable<Operation['answer']>) {
  return { tag, summary, status: 200, answer } as const
}

function create(tag: string, summary: string, answer: TSchema, body?: TSchema) {
  return { tag, summary, status: 201, answer, ...(body && { body }) } as const
}

function remove(tag: string, summary: string) {
  return { tag, summary, status: 204 } as const
}
