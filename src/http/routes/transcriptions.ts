import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RequestError } from '../../domain/errors.ts'
import type { Transcription } from '../../domain/recording.ts'
import { FaultList } from '../../flow/fault-list.ts'
import { asObject, Fields, isZero } from '../../flow/fields.ts'
import { TRANSCRIPTION_LANGUAGES } from '../../flow/languages.ts'
import { languageOf } from '../../flow/rules.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { list, single } from '../envelope.ts'
import { notFound } from '../errors.ts'
import { throwFaults } from '../faults.ts'
import { readPageRequest } from '../page-request.ts'
import { readBody } from '../request-body.ts'
import { orNotFound, readId } from '../request-ids.ts'
import { transcriptionResource } from '../resources.ts'
import { findRecording, RECORDING_PATHS, type RecordingParams, sendAttachment } from './recordings.ts'

const DEFAULT_LANGUAGE = 'en-US'

interface OfRecording {
  Params: RecordingParams
}
interface ById {
  Params: Partial<RecordingParams> & { readonly transcriptionId: string }
}

/** Transcriptions, under the nested and the short path of their recording, and by their own id (docs/api/calls.md). */
export function transcriptionRoutes(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { repositories } = dependencies

  for (const { path, nested } of RECORDING_PATHS) {
    const suffix = nested ? 'OfLeg' : ''
    const collection = `${path}/transcriptions`

    app.get<OfRecording>(
      collection,
      { config: { operation: `listTranscriptions${suffix}` } },
      async ({ accessKey: { accountId }, params, query }) => {
        const { id } = await findRecording({ ...params, accountId }, dependencies)
        const page = await repositories.transcriptions.listByRecording(accountId, id, readPageRequest(query))
        return list(`/recordings/${id}/transcriptions`, page, transcriptionResource)
      },
    )

    app.post<OfRecording>(
      collection,
      { config: { operation: `createTranscription${suffix}` } },
      async (request, reply) => {
        const transcription = await createTranscription(request, dependencies)
        return reply.code(201).send(single(transcriptionResource(transcription)))
      },
    )

    const resource = nested ? `${collection}/:transcriptionId` : '/transcriptions/:transcriptionId'

    app.get<ById>(resource, { config: { operation: `readTranscription${suffix}` } }, async (request) =>
      single(transcriptionResource(await findTranscription(request, dependencies))),
    )

    app.get<ById>(
      `${resource}.txt`,
      { config: { operation: `downloadTranscription${suffix}` } },
      async (request, reply) => {
        const { id, status, text } = await findTranscription(request, dependencies)
        if (status !== 'done') throw notFound('text of the transcription', id)
        const content = Buffer.from(text ?? '', 'utf8')
        return sendAttachment(
          reply,
          { type: 'text/plain; charset=utf-8', name: `${id}.txt`, bytes: content.length },
          content,
        )
      },
    )
  }
}

/** The row of a new transcription, on disk. Throws RequestError. */
async function createTranscription(
  request: FastifyRequest<OfRecording>,
  dependencies: ApiDependencies,
): Promise<Transcription> {
  const { repositories, clock, ids, transcribes } = dependencies
  const { accountId } = request.accessKey
  const recording = await findRecording({ ...request.params, accountId }, dependencies)
  const language = readLanguage(request) ?? recording.transcribeLanguage ?? DEFAULT_LANGUAGE
  if (recording.status !== 'done') {
    throw unprocessable(`The recording is \`${recording.status}\`, not \`done\`.`)
  }
  if (!transcribes(language.toLowerCase())) {
    throw unprocessable(`No engine here transcribes the language \`${language}\`.`)
  }
  const now = clock.now()
  const transcription: Transcription = {
    id: ids.uuid(),
    accountId,
    recordingId: recording.id,
    callId: recording.callId,
    legId: recording.legId,
    language,
    status: 'created',
    createdAt: now,
    updatedAt: now,
  }
  await repositories.transcriptions.save(transcription)
  dependencies.onTranscriptionCreated?.(transcription.id)
  return transcription
}

const languageRule = languageOf(TRANSCRIPTION_LANGUAGES)

/**
 * The language in all the forms that SDKs send it: an object, a bare JSON string, a string of JSON, `{}`, or no body.
 * Undefined if none is named. Throws RequestError.
 */
function readLanguage(request: FastifyRequest): string | undefined {
  const body = readBody(request)
  if (body.type === 'none') return undefined
  const value = body.type === 'json' ? body.value : body.text
  const object = typeof value === 'string' ? { language: value } : value === null ? {} : asObject(value)
  if (!object) throw new RequestError({ kind: 'invalid', message: 'The body must be a JSON object.' })
  const faults = new FaultList()
  const fields = new Fields(object, '', faults)
  const language = isZero(fields.raw('language')) ? undefined : fields.required('language', languageRule)
  throwFaults(faults)
  return language
}

async function findTranscription(
  { accessKey: { accountId }, params }: FastifyRequest<ById>,
  dependencies: ApiDependencies,
): Promise<Transcription> {
  const { recordingId, transcriptionId } = params
  const id = readId('transcription', transcriptionId)
  if (recordingId !== undefined) await findRecording({ ...params, recordingId, accountId }, dependencies)
  const found = await dependencies.repositories.transcriptions.find(accountId, id)
  const transcription = orNotFound(found, 'transcription', id)
  if (recordingId !== undefined && recordingId.toLowerCase() !== transcription.recordingId) {
    throw notFound('transcription', id)
  }
  return transcription
}

function unprocessable(message: string): RequestError {
  return new RequestError({ kind: 'unprocessable', message })
}
