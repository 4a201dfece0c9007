import { type Static, type TSchema, Type } from 'typebox'

/**
 * The shapes of the API: types for the code, OpenAPI for readers, and what the tests hold every answer against.
 * They are imported at run time only to write docs/api/openapi.json (docs/decisions/0003-http-validation.md).
 */
const Id = Type.String({ format: 'uuid' })
const DateTime = Type.String({
  format: 'date-time',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$',
  description: 'UTC, whole seconds',
})
const OptionalDateTime = Type.Union([DateTime, Type.Null()])
const closed = { additionalProperties: false }

const SelfLink = Type.Object({ self: Type.String() }, closed)
const FileLinks = Type.Object({ self: Type.String(), file: Type.String() }, closed)

const Condition = Type.Object(
  {
    variable: Type.String(),
    operator: Type.Enum(['eq', 'neq', 'lt', 'lte', 'gt', 'gte']),
    value: Type.String(),
  },
  closed,
)

const Step = Type.Object(
  {
    id: Type.String({ description: 'Unique within the flow; made by the server if absent' }),
    action: Type.Enum(['say', 'play', 'pause', 'record', 'transfer', 'fetchCallFlow', 'sendKeys', 'hangup']),
    options: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'See docs/api/call-flow-language.md' }),
    ),
    conditions: Type.Optional(Type.Array(Condition)),
    onKeypressGoto: Type.Optional(Type.String({ description: 'Id of the step to jump to' })),
    onKeypressVar: Type.Optional(Type.String({ description: 'Variable that receives the keys' })),
    endKey: Type.Optional(Type.String()),
    maxNumKeys: Type.Optional(Type.Integer()),
    timeout: Type.Optional(Type.Integer({ description: 'Seconds to wait for the next key' })),
  },
  { ...closed, title: 'Step' },
)

const flowFields = {
  title: Type.Optional(Type.String()),
  record: Type.Boolean({ description: 'Records the whole call' }),
  maxDuration: Type.Optional(Type.Integer({ description: 'Seconds' })),
}

export const CallFlowSchema = Type.Object(
  {
    id: Id,
    ...flowFields,
    default: Type.Boolean({ description: 'Catches calls to numbers without a flow' }),
    steps: Type.Array(Step),
    createdAt: DateTime,
    updatedAt: DateTime,
    _links: SelfLink,
  },
  { ...closed, title: 'CallFlow' },
)

export const NumberSchema = Type.Object(
  {
    id: Id,
    number: Type.String({ description: 'Digits, without a plus' }),
    callFlowId: Id,
    createdAt: DateTime,
    updatedAt: DateTime,
    _links: SelfLink,
  },
  { ...closed, title: 'Number' },
)

export const CallSchema = Type.Object(
  {
    id: Id,
    status: Type.Enum(['queued', 'starting', 'ongoing', 'ended', 'failed', 'busy', 'no_answer']),
    numberId: Type.Optional(Id),
    source: Type.Optional(Type.String()),
    destination: Type.Optional(Type.String()),
    createdAt: DateTime,
    updatedAt: DateTime,
    endedAt: OptionalDateTime,
    _links: Type.Object({ self: Type.String(), legs: Type.String() }, closed),
  },
  { ...closed, title: 'Call' },
)

export const LegSchema = Type.Object(
  {
    id: Id,
    callId: Id,
    source: Type.Optional(Type.String()),
    destination: Type.Optional(Type.String()),
    status: Type.Enum(['starting', 'ringing', 'ongoing', 'busy', 'no_answer', 'failed', 'hangup']),
    direction: Type.Enum(['incoming', 'outgoing']),
    cost: Type.Number({ description: 'Always 0: this server bills nobody' }),
    currency: Type.String(),
    duration: Type.Integer({ minimum: 0, description: 'Seconds from answer to end; 0 until then' }),
    sipResponseCode: Type.Optional(Type.Integer({ minimum: 200, maximum: 503 })),
    createdAt: DateTime,
    updatedAt: DateTime,
    answeredAt: OptionalDateTime,
    endedAt: OptionalDateTime,
    _links: SelfLink,
  },
  { ...closed, title: 'Leg' },
)

const RecordingStatus = Type.Enum(['initialised', 'recording', 'done', 'failed'])
export const RecordingSchema = Type.Object(
  {
    id: Id,
    format: Type.Literal('wav'),
    type: Type.Enum(['ivr', 'transfer', 'call']),
    legId: Id,
    status: RecordingStatus,
    state: RecordingStatus,
    duration: Type.Integer({ minimum: 0, description: 'Seconds' }),
    createdAt: DateTime,
    updatedAt: DateTime,
    deletedAt: Type.Null(),
    _links: FileLinks,
  },
  { ...closed, title: 'Recording' },
)

export const TranscriptionSchema = Type.Object(
  {
    id: Id,
    recordingId: Id,
    legId: Id,
    status: Type.Enum(['created', 'transcribing', 'done', 'failed']),
    error: Type.Union([Type.String(), Type.Null()]),
    createdAt: DateTime,
    updatedAt: DateTime,
    _links: FileLinks,
  },
  { ...closed, title: 'Transcription' },
)

export const WebhookSchema = Type.Object(
  {
    id: Id,
    url: Type.String(),
    token: Type.String({ description: 'Empty if none was given' }),
    events: Type.Array(Type.String(), { maxItems: 0, description: 'Always empty; the Dart SDK needs it' }),
    status: Type.Literal('enabled'),
    createdAt: DateTime,
    updatedAt: DateTime,
    _links: SelfLink,
  },
  { ...closed, title: 'Webhook' },
)

export const JournalEntrySchema = Type.Object(
  {
    sequence: Type.Integer({ minimum: 1 }),
    at: Type.String({ format: 'date-time', description: 'UTC, milliseconds' }),
    type: Type.String(),
  },
  { additionalProperties: true, title: 'JournalEntry' },
)

export type NumberResource = Static<typeof NumberSchema>
export type CallResource = Static<typeof CallSchema>
export type LegResource = Static<typeof LegSchema>
export type RecordingResource = Static<typeof RecordingSchema>
export type TranscriptionResource = Static<typeof TranscriptionSchema>
export type WebhookResource = Static<typeof WebhookSchema>

const Pagination = Type.Object(
  {
    totalCount: Type.Integer(),
    pageCount: Type.Integer(),
    currentPage: Type.Integer(),
    perPage: Type.Integer(),
  },
  { ...closed, title: 'Pagination' },
)
const Links = Type.Record(Type.String(), Type.String())

/** The envelope of one resource. */
export function singleOf(resource: TSchema) {
  return Type.Object(
    {
      data: Type.Array(resource, { minItems: 1, maxItems: 1 }),
      _links: Links,
      pagination: Pagination,
    },
    closed,
  )
}

/** The envelope of a page of resources, with the further members that some lists have. */
export function listOf(resource: TSchema, further: Record<string, TSchema> = {}) {
  return Type.Object(
    { data: Type.Array(resource), _links: Links, pagination: Pagination, ...further },
    closed,
  )
}

export const ErrorSchema = Type.Object(
  {
    data: Type.Null(),
    errors: Type.Array(
      Type.Object(
        {
          message: Type.String(),
          description: Type.String({ description: 'The same text: SDKs read one or the other' }),
          code: Type.Integer({ description: 'See docs/api/errors.md' }),
          parameter: Type.Optional(Type.String({ description: 'The field at fault' })),
        },
        closed,
      ),
      { minItems: 1 },
    ),
    pagination: Pagination,
  },
  { ...closed, title: 'Error' },
)

const StepInput = Type.Object(
  { ...Step.properties, id: Type.Optional(Type.String({ description: 'Made by the server if absent' })) },
  { title: 'StepInput' },
)
const flowInput = {
  title: Type.Optional(Type.String()),
  record: Type.Optional(Type.Boolean()),
  default: Type.Optional(Type.Boolean()),
  maxDuration: Type.Optional(Type.Integer()),
}
const webhookInput = { url: Type.String(), token: Type.Optional(Type.String()) }

export const CallFlowInput = Type.Object(
  { ...flowInput, steps: Type.Array(StepInput, { minItems: 1 }) },
  { title: 'CallFlowInput' },
)
export const CallFlowPatchInput = Type.Object(
  { ...flowInput, steps: Type.Optional(Type.Array(StepInput, { minItems: 1 })) },
  { title: 'CallFlowPatchInput' },
)
export const NumbersInput = Type.Object(
  { numbers: Type.Array(Type.String(), { minItems: 1 }) },
  { title: 'NumbersInput' },
)
export const NumberSetInput = Type.Object(
  { numbers: Type.Array(Type.String(), { description: 'An empty list takes all numbers from the flow' }) },
  { title: 'NumberSetInput' },
)
export const CallInput = Type.Object(
  {
    source: Type.String({ description: 'A phone number, or a SIP URI' }),
    destination: Type.String({ description: 'A phone number, a SIP URI, or `client:name`' }),
    callFlow: CallFlowInput,
    webhook: Type.Optional(Type.Object(webhookInput)),
  },
  { title: 'CallInput' },
)
export const CallChangeInput = Type.Object(
  { callFlow: Type.Optional(CallFlowInput), status: Type.Optional(Type.Literal('ended')) },
  { title: 'CallChangeInput' },
)
export const TranscriptionInput = Type.Object(
  { language: Type.Optional(Type.String()) },
  { title: 'TranscriptionInput' },
)
export const WebhookInput = Type.Object(webhookInput, { title: 'WebhookInput' })
export const WebhookPatchInput = Type.Object(
  { url: Type.Optional(Type.String()), token: Type.Optional(Type.String()) },
  { title: 'WebhookPatchInput' },
)
