import type { FastifyInstance } from 'fastify'
import type { StoredCallFlow } from '../../domain/call-flow.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { list, single } from '../envelope.ts'
import { notFound } from '../errors.ts'
import { readCallFlow, readCallFlowPatch } from '../flow-body.ts'
import { readPageRequest } from '../page-request.ts'
import { orNotFound, readId } from '../request-ids.ts'
import { callFlowResource } from '../resources.ts'

interface ById {
  Params: { callFlowId: string }
}

/** Call flows as resources (docs/api/call-flows.md). */
export function callFlowRoutes(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { callFlows } = dependencies.repositories

  app.get('/call-flows', { config: { operation: 'listCallFlows' } }, async ({ accessKey, query }) =>
    list('/call-flows', await callFlows.list(accessKey.accountId, readPageRequest(query)), callFlowResource),
  )

  app.post('/call-flows', { config: { operation: 'createCallFlow' } }, async (request, reply) => {
    const flow = storedCallFlow(
      request.accessKey.accountId,
      readCallFlow(request, dependencies),
      dependencies,
    )
    await callFlows.save(flow)
    return reply.code(201).send(single(callFlowResource(flow)))
  })

  app.get<ById>('/call-flows/:callFlowId', { config: { operation: 'readCallFlow' } }, async (request) =>
    single(callFlowResource(await findCallFlow(request, dependencies))),
  )

  app.put<ById>('/call-flows/:callFlowId', { config: { operation: 'updateCallFlow' } }, async (request) => {
    const stored = await findCallFlow(request, dependencies)
    const patch = readCallFlowPatch(request, dependencies)
    const flow: StoredCallFlow = { ...stored, ...patch, updatedAt: dependencies.clock.now() }
    await callFlows.save(flow)
    return single(callFlowResource(flow))
  })

  app.delete<ById>(
    '/call-flows/:callFlowId',
    { config: { operation: 'deleteCallFlow' } },
    async ({ accessKey, params }, reply) => {
      const callFlowId = readId('call flow', params.callFlowId)
      if (!(await callFlows.delete(accessKey.accountId, callFlowId))) throw notFound('call flow', callFlowId)
      return reply.code(204).send()
    },
  )
}

/** The flow that the path names, of the account that asks. Throws RequestError 'notFound'. */
export async function findCallFlow(
  {
    accessKey,
    params,
  }: { readonly accessKey: { readonly accountId: string }; readonly params: ById['Params'] },
  { repositories }: ApiDependencies,
): Promise<StoredCallFlow> {
  const callFlowId = readId('call flow', params.callFlowId)
  return orNotFound(
    await repositories.callFlows.find(accessKey.accountId, callFlowId),
    'call flow',
    callFlowId,
  )
}

/** A new flow of the account. */
export function storedCallFlow(
  accountId: string,
  flow: ReturnType<typeof readCallFlow>,
  { clock, ids }: ApiDependencies,
): StoredCallFlow {
  const now = clock.now()
  return { ...flow, id: ids.uuid(), accountId, createdAt: now, updatedAt: now }
}
