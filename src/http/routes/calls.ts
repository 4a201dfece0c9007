import type { FastifyInstance } from 'fastify'
import { type Call, type CallWebhook, LIVE_CALL_STATUSES } from '../../domain/call.ts'
import { RequestError } from '../../domain/errors.ts'
import { FaultList } from '../../flow/fault-list.ts'
import { asObject, Fields, isZero } from '../../flow/fields.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { list, single } from '../envelope.ts'
import { invalid, missing, throwFaults } from '../faults.ts'
import { flowOfCall, parseInnerCallFlow } from '../flow-body.ts'
import { unwrapJson } from '../json.ts'
import { readPageRequest } from '../page-request.ts'
import { readObject } from '../request-body.ts'
import { orNotFound, readId } from '../request-ids.ts'
import { callResource, journalResource, legResource } from '../resources.ts'
import { destination, source, webhookToken, webhookUrl } from '../rules.ts'
import { answerRecording } from './recordings.ts'

interface ById {
  Params: { callId: string }
}

/** Pages of the journal are bigger than others: a call's story is read as a whole. */
const JOURNAL_PAGES = { usual: 100, most: 1000 }

/** Calls (docs/api/calls.md). */
export function callRoutes(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { callControl, repositories } = dependencies

  app.get('/calls', { config: { operation: 'listCalls' } }, async ({ accessKey, query, headers }) => {
    const calls = await repositories.calls.list(accessKey.accountId, readPageRequest(query))
    return list('/calls', calls, (call) => callResource(call, headers['user-agent']))
  })

  app.post('/calls', { config: { operation: 'createCall' } }, async (request, reply) => {
    const { accountId, mode } = request.accessKey
    const wanted = readCall(readObject(request), dependencies)
    const call = await callControl.originate({ ...wanted, accountId, test: mode === 'test' })
    return reply.code(201).send(single(callResource(call, request.headers['user-agent'])))
  })

  app.get<ById>('/calls/:callId', { config: { operation: 'readCall' } }, async (request) => {
    const recording = recordingInQuery(request.query)
    if (recording) {
      return answerRecording(
        { ...recording, accountId: request.accessKey.accountId, callId: request.params.callId },
        dependencies,
      )
    }
    return single(callResource(await findCall(request, dependencies), request.headers['user-agent']))
  })

  app.put<ById>('/calls/:callId', { config: { operation: 'updateCall' } }, async (request) => {
    const call = await findCall(request, dependencies)
    const { accountId } = request.accessKey
    const changed = await changeCall(call, readObject(request), dependencies)
    const now = changed ?? (await repositories.calls.find(accountId, call.id)) ?? call
    return single(callResource(now, request.headers['user-agent']))
  })

  app.delete<ById>('/calls/:callId', { config: { operation: 'deleteCall' } }, async (request, reply) => {
    const { id } = await findCall(request, dependencies)
    await callControl.hangUp(id)
    return reply.code(204).send()
  })

  app.post<{ Params: { callId: string; destination: string } }>(
    '/calls/:callId/:destination',
    { config: { operation: 'addLeg' } },
    async (request, reply) => {
      const { id, status } = await findCall(request, dependencies)
      const wanted = destination.parse(request.params.destination)
      if (wanted === undefined) throw invalid('destination', destination.must)
      if (status !== 'ongoing') throw ended('call', status)
      return reply.code(201).send(single(legResource(await callControl.addLeg(id, wanted))))
    },
  )

  app.get<ById>('/calls/:callId/journal', { config: { operation: 'readJournal' } }, async (request) => {
    const { id, accountId } = await findCall(request, dependencies)
    const { page, perPage } = readPageRequest(request.query, JOURNAL_PAGES)
    const entries = await repositories.calls.journal(accountId, id)
    const items = entries.slice((page - 1) * perPage, page * perPage)
    return list(`/calls/${id}/journal`, { items, totalCount: entries.length, page, perPage }, journalResource)
  })
}

/** The call that the path names, of the account that asks. Throws RequestError 'notFound'. */
export async function findCall(
  {
    accessKey,
    params,
  }: { readonly accessKey: { readonly accountId: string }; readonly params: ById['Params'] },
  { repositories }: ApiDependencies,
): Promise<Call> {
  const callId = readId('call', params.callId)
  return orNotFound(await repositories.calls.find(accessKey.accountId, callId), 'call', callId)
}

/** What is asked of a call or leg that is in the wrong state for it. */
export function ended(resource: 'call' | 'leg', status: string): RequestError {
  return new RequestError({
    kind: 'unprocessable',
    message: `The ${resource} is \`${status}\`, not \`ongoing\`.`,
  })
}

/** Reads what POST /calls asks for; every fault of the body is named at once. Throws RequestError. */
function readCall(body: object, dependencies: ApiDependencies) {
  const faults = new FaultList()
  const fields = new Fields(body, '', faults)
  const from = fields.required('source', source)
  const to = fields.required('destination', destination)
  const webhook = readCallWebhook(fields, faults)
  const flow = readCallFlowOf(fields, faults, dependencies)
  throwFaults(faults)
  if (from === undefined || to === undefined || !flow) throw new Error('a field without value has no fault')
  return { source: from, destination: to, callFlow: flowOfCall(flow), ...(webhook && { webhook }) }
}

function readCallFlowOf(fields: Fields, faults: FaultList, dependencies: ApiDependencies) {
  const raw = unwrapJson(fields.raw('callFlow'))
  if (isZero(raw)) {
    faults.missing('callFlow')
    return undefined
  }
  const result = parseInnerCallFlow(raw, 'callFlow', dependencies)
  if ('flow' in result) return result.flow
  for (const { kind, message, parameter } of result.faults) faults.add(kind, message, parameter ?? 'callFlow')
  return undefined
}

/** The Java SDK sends `{}` and others zero values when no webhook is wanted. */
function readCallWebhook(fields: Fields, faults: FaultList): CallWebhook | undefined {
  const raw = unwrapJson(fields.raw('webhook'))
  if (isZero(raw)) return undefined
  const object = asObject(raw)
  if (!object) {
    faults.invalid('webhook', 'be an object with `url`')
    return undefined
  }
  const webhook = new Fields(object, 'webhook', faults)
  const token = webhook.optional('token', webhookToken)
  if (token === undefined && isZero(webhook.raw('url'))) return undefined
  const url = webhook.required('url', webhookUrl)
  return url === undefined ? undefined : { url, ...(token !== undefined && { token }) }
}

/** PUT /calls/{id}: `{callFlow}` or a bare flow replaces what runs, `{status: "ended"}` hangs up. */
async function changeCall(
  call: Call,
  body: object,
  dependencies: ApiDependencies,
): Promise<Call | undefined> {
  const { callControl } = dependencies
  const fields = new Fields(body, '', new FaultList())
  const status = fields.raw('status')
  const inner = unwrapJson(fields.raw('callFlow'))
  const bare = isZero(inner) && !isZero(fields.raw('steps'))
  if (!bare && isZero(inner)) {
    if (isZero(status)) throw missing('callFlow')
    if (String(status).toLowerCase() !== 'ended') throw invalid('status', 'be `ended`')
    return await endCall(call, callControl)
  }
  const result = parseInnerCallFlow(bare ? body : inner, bare ? '' : 'callFlow', dependencies)
  if ('faults' in result) throw new RequestError(...result.faults)
  if (call.status !== 'ongoing') throw ended('call', call.status)
  return await callControl.replaceFlow(call.id, flowOfCall(result.flow))
}

async function endCall(call: Call, callControl: ApiDependencies['callControl']): Promise<undefined> {
  if (!LIVE_CALL_STATUSES.includes(call.status)) throw ended('call', call.status)
  await callControl.hangUp(call.id)
  return undefined
}

/** The Java SDK asks for a recording with `GET /calls/{id}?legs={legId}&recordings={recordingId}`. */
function recordingInQuery(query: unknown): { legId: string; recordingId: string } | undefined {
  const fields = new Fields(query ?? {}, '', new FaultList())
  const legId = fields.raw('legs')
  const recordingId = fields.raw('recordings')
  return typeof legId === 'string' && typeof recordingId === 'string' ? { legId, recordingId } : undefined
}
