import type { FastifyInstance } from 'fastify'
import { RequestError } from '../../domain/errors.ts'
import type { AssignedNumber } from '../../domain/number.ts'
import { FaultList } from '../../flow/fault-list.ts'
import { Fields, isZero } from '../../flow/fields.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { list, single } from '../envelope.ts'
import { invalid, throwFaults } from '../faults.ts'
import { readCallFlow } from '../flow-body.ts'
import { unwrapJson } from '../json.ts'
import { readPageRequest } from '../page-request.ts'
import { readObject } from '../request-body.ts'
import { orNotFound } from '../request-ids.ts'
import { callFlowResource, numberResource } from '../resources.ts'
import { phoneNumber } from '../rules.ts'
import { findCallFlow, storedCallFlow } from './call-flows.ts'

const MAX_NUMBERS = 100

interface OfFlow {
  Params: { callFlowId: string }
}

/** Numbers and the flows that answer them (docs/api/call-flows.md). */
export function numberRoutes(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { callFlows, numbers } = dependencies.repositories

  app.get<OfFlow>(
    '/call-flows/:callFlowId/numbers',
    { config: { operation: 'listNumbers' } },
    async (request) => {
      const { id } = await findCallFlow(request, dependencies)
      const page = readPageRequest(request.query)
      const found = await numbers.listByCallFlow(request.accessKey.accountId, id, page)
      return list(`/call-flows/${id}/numbers`, found, numberResource)
    },
  )

  for (const { method, operation, replace, status } of [
    { method: 'POST', operation: 'assignNumbers', replace: false, status: 201 },
    { method: 'PUT', operation: 'replaceNumbers', replace: true, status: 200 },
  ] as const) {
    app.route<OfFlow>({
      method,
      url: '/call-flows/:callFlowId/numbers',
      config: { operation },
      handler: async (request, reply) => {
        const { id } = await findCallFlow(request, dependencies)
        const wanted = readNumbers(readObject(request), { mayBeEmpty: replace })
        const { accountId } = request.accessKey
        const assigned = await assign({ accountId, callFlowId: id, wanted, replace }, dependencies)
        const page = { items: assigned, totalCount: assigned.length, page: 1, perPage: MAX_NUMBERS }
        return reply.code(status).send(list(`/call-flows/${id}/numbers`, page, numberResource))
      },
    })
  }

  app.get<{ Params: { numberId: string } }>(
    '/numbers/:numberId',
    { config: { operation: 'readNumber' } },
    async ({ accessKey, params }) => {
      const idOrNumber = params.numberId.replace(/^\+/, '').toLowerCase()
      const found = await numbers.find(accessKey.accountId, idOrNumber)
      return single(numberResource(orNotFound(found, 'number', params.numberId)))
    },
  )

  /** An old way to make a flow and bind it to a number in one request. */
  app.post<{ Params: { numberId: string } }>(
    '/numbers/:numberId/call-flow',
    { config: { operation: 'createCallFlowOfNumber' } },
    async (request, reply) => {
      const { accountId } = request.accessKey
      const number = phoneNumber.parse(request.params.numberId)
      if (number === undefined) throw invalid('number', phoneNumber.must)
      const flow = storedCallFlow(accountId, readCallFlow(request, dependencies), dependencies)
      const holder = await numbers.findByNumber(number)
      if (holder && holder.accountId !== accountId) throw notYours([number])
      await callFlows.save(flow)
      await assign({ accountId, callFlowId: flow.id, wanted: [number], replace: false }, dependencies)
      return reply.code(201).send(single(callFlowResource(flow)))
    },
  )
}

interface Assignment {
  readonly accountId: string
  readonly callFlowId: string
  readonly wanted: readonly string[]
  readonly replace: boolean
}

/** Gives the numbers to the flow, and answers with what is stored. Throws RequestError 'forbidden'. */
async function assign(
  { accountId, callFlowId, wanted, replace }: Assignment,
  { repositories: { numbers }, clock, ids }: ApiDependencies,
): Promise<readonly AssignedNumber[]> {
  const now = clock.now()
  // Always with new ids: the repository tells one assignment from another by them, and keeps those of known numbers.
  const assigned = wanted.map((number) => ({ id: ids.uuid(), number, createdAt: now, updatedAt: now }))
  const taken = await numbers.assign({ accountId, callFlowId }, assigned, { replace })
  if (taken.length > 0) throw notYours(taken)
  const stored = await Promise.all(wanted.map((number) => numbers.find(accountId, number)))
  return stored.filter((number) => number !== undefined) // one may have moved on meanwhile
}

/** The distinct numbers of `{"numbers": [...]}`; only an empty list, never an absent one, stands for none. Throws RequestError. */
function readNumbers(body: object, { mayBeEmpty }: { readonly mayBeEmpty: boolean }): readonly string[] {
  const faults = new FaultList()
  const raw = unwrapJson(new Fields(body, '', faults).raw('numbers'))
  if (mayBeEmpty && Array.isArray(raw) && raw.length === 0) return []
  const items = Array.isArray(raw) ? raw : [raw]
  if (isZero(raw)) faults.missing('numbers')
  else if (items.length > MAX_NUMBERS) faults.invalid('numbers', `not hold more than ${MAX_NUMBERS} numbers`)
  throwFaults(faults)

  const numbers = new Set<string>()
  for (const [index, item] of items.entries()) {
    const number = phoneNumber.parse(item)
    if (number === undefined) faults.invalid(`numbers[${index}]`, phoneNumber.must)
    else numbers.add(number)
  }
  throwFaults(faults)
  return [...numbers]
}

function notYours(numbers: readonly string[]): RequestError {
  const message = `These numbers are not available: ${numbers.join(', ')}.`
  return new RequestError({ kind: 'forbidden', message, parameter: 'numbers' })
}
