import type { FastifyInstance } from 'fastify'
import { type Leg, LIVE_LEG_STATUSES } from '../../domain/call.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { list, single } from '../envelope.ts'
import { readPageRequest } from '../page-request.ts'
import { orNotFound, readId } from '../request-ids.ts'
import { legResource } from '../resources.ts'
import { ended, findCall } from './calls.ts'

interface OfCall {
  Params: { callId: string }
}
interface ById {
  Params: { legId: string }
}

/** Legs: those of a call, and what can be done to one (docs/api/calls.md). */
export function legRoutes(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { callControl, repositories } = dependencies

  app.get<OfCall>('/calls/:callId/legs', { config: { operation: 'listLegs' } }, async (request) => {
    const { id, accountId } = await findCall(request, dependencies)
    const legs = await repositories.calls.listLegs(accountId, id, readPageRequest(request.query))
    return list(`/calls/${id}/legs`, legs, legResource)
  })

  app.get<{ Params: { callId: string; legId: string } }>(
    '/calls/:callId/legs/:legId',
    { config: { operation: 'readLeg' } },
    async ({ accessKey, params }) => {
      const callId = readId('call', params.callId)
      const legId = readId('leg', params.legId)
      const leg = await repositories.calls.findLeg(accessKey.accountId, callId, legId)
      return single(legResource(orNotFound(leg, 'leg', legId)))
    },
  )

  app.delete<ById>('/legs/:legId', { config: { operation: 'deleteLeg' } }, async (request, reply) => {
    const leg = await findLeg(request, dependencies)
    if (!LIVE_LEG_STATUSES.includes(leg.status)) throw ended('leg', leg.status)
    await callControl.hangUpLeg(leg.callId, leg.id)
    return reply.code(204).send()
  })

  for (const { action, operation } of [
    { action: 'hold', operation: 'holdLeg' },
    { action: 'unhold', operation: 'unholdLeg' },
  ] as const) {
    app.post<ById>(`/legs/:legId/${action}`, { config: { operation } }, async (request) => {
      const leg = await findLeg(request, dependencies)
      if (leg.status !== 'ongoing') throw ended('leg', leg.status)
      return single(legResource(await callControl[action](leg.callId, leg.id)))
    })
  }
}

async function findLeg(
  {
    accessKey,
    params,
  }: { readonly accessKey: { readonly accountId: string }; readonly params: ById['Params'] },
  { repositories }: ApiDependencies,
): Promise<Leg> {
  const legId = readId('leg', params.legId)
  return orNotFound(await repositories.calls.findLegById(accessKey.accountId, legId), 'leg', legId)
}
