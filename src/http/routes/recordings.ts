import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Recording } from '../../domain/recording.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { list, single } from '../envelope.ts'
import { notFound } from '../errors.ts'
import { readPageRequest } from '../page-request.ts'
import { orNotFound, readId } from '../request-ids.ts'
import { recordingResource } from '../resources.ts'

/** The path of a recording below its leg, and the short one: both name the same resource. */
export const RECORDING_PATHS = [
  { path: '/calls/:callId/legs/:legId/recordings/:recordingId', nested: true },
  { path: '/recordings/:recordingId', nested: false },
] as const

/** The ids in a path: of the nested one all, of the flat one only the recording's. */
export interface RecordingParams {
  readonly callId?: string
  readonly legId?: string
  readonly recordingId: string
}

interface ById {
  Params: RecordingParams
}

/** Recordings: rows from the database, sound from the recording files (docs/api/calls.md). */
export function recordingRoutes(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { recordingFiles, repositories } = dependencies

  app.get<{ Params: { callId: string; legId: string } }>(
    '/calls/:callId/legs/:legId/recordings',
    { config: { operation: 'listRecordings' } },
    async ({ accessKey: { accountId }, params, query }) => {
      const callId = readId('call', params.callId)
      const legId = readId('leg', params.legId)
      orNotFound(await repositories.calls.findLeg(accountId, callId, legId), 'leg', legId)
      const page = await repositories.recordings.listByLeg(accountId, callId, legId, readPageRequest(query))
      return list(`/calls/${callId}/legs/${legId}/recordings`, page, recordingResource)
    },
  )

  for (const { path, nested } of RECORDING_PATHS) {
    const suffix = nested ? 'OfLeg' : ''

    app.get<ById>(path, { config: { operation: `readRecording${suffix}` } }, ({ accessKey, params }) =>
      answerRecording({ ...params, accountId: accessKey.accountId }, dependencies),
    )

    app.get<ById>(
      `${path}.wav`,
      { config: { operation: `downloadRecording${suffix}` } },
      async (request, reply) => {
        const { accountId } = request.accessKey
        const { id, status } = await findRecording({ ...request.params, accountId }, dependencies)
        const file = status === 'done' ? await recordingFiles.open(id) : undefined
        if (!file) throw notFound('file of the recording', id)
        return sendAttachment(reply, { type: 'audio/wav', name: `${id}.wav`, bytes: file.bytes }, file.stream)
      },
    )

    app.delete<ById>(path, { config: { operation: `deleteRecording${suffix}` } }, async (request, reply) => {
      const { accountId } = request.accessKey
      const { id } = await findRecording({ ...request.params, accountId }, dependencies)
      await recordingFiles.delete(id)
      await repositories.recordings.delete(accountId, id)
      return reply.code(204).send()
    })
  }
}

type RecordingOfAccount = RecordingParams & { readonly accountId: string }

/** The answer that shows one recording. Throws RequestError 'notFound'. */
export async function answerRecording(wanted: RecordingOfAccount, dependencies: ApiDependencies) {
  const recording = recordingResource(await findRecording(wanted, dependencies))
  return single(recording, { transcriptions: `/recordings/${recording.id}/transcriptions?page=1` })
}

/** The recording that a path names; a nested path must name its call and leg. Throws RequestError 'notFound'. */
export async function findRecording(
  { accountId, callId, legId, recordingId }: RecordingOfAccount,
  { repositories }: ApiDependencies,
): Promise<Recording> {
  const id = readId('recording', recordingId)
  const recording = orNotFound(await repositories.recordings.find(accountId, id), 'recording', id)
  const elsewhere =
    (callId !== undefined && callId.toLowerCase() !== recording.callId) ||
    (legId !== undefined && legId.toLowerCase() !== recording.legId)
  if (elsewhere) throw notFound('recording', id)
  return recording
}

/** Sends a download. Without Content-Disposition the Node SDK tries to read it as JSON. */
export function sendAttachment(
  reply: FastifyReply,
  { type, name, bytes }: { readonly type: string; readonly name: string; readonly bytes: number },
  content: ReadableStream<Uint8Array> | Buffer,
): FastifyReply {
  return reply
    .headers({
      'content-type': type,
      'content-disposition': `attachment; filename="${name}"`,
      'content-length': bytes,
    })
    .send(content)
}
