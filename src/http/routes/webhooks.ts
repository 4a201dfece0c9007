import type { FastifyInstance } from 'fastify'
import { RequestError } from '../../domain/errors.ts'
import type { Webhook } from '../../domain/webhook.ts'
import { FaultList } from '../../flow/fault-list.ts'
import { Fields } from '../../flow/fields.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { list, single } from '../envelope.ts'
import { notFound } from '../errors.ts'
import { missing, throwFaults } from '../faults.ts'
import { readPageRequest } from '../page-request.ts'
import { readObject } from '../request-body.ts'
import { orNotFound, readId } from '../request-ids.ts'
import { webhookResource } from '../resources.ts'
import { webhookToken, webhookUrl } from '../rules.ts'

interface ById {
  Params: { webhookId: string }
}

/** Account-wide webhooks (docs/api/calls.md). */
export function webhookRoutes(app: FastifyInstance, dependencies: ApiDependencies, most: number): void {
  const { clock, ids, repositories } = dependencies
  const { webhooks } = repositories

  /** `items` and `count` repeat the page for the Dart SDK. */
  app.get('/webhooks', { config: { operation: 'listWebhooks' } }, async ({ accessKey, query }) => {
    const page = await webhooks.list(accessKey.accountId, readPageRequest(query))
    const answer = list('/webhooks', page, webhookResource)
    return { ...answer, items: answer.data, count: answer.data.length }
  })

  app.post('/webhooks', { config: { operation: 'createWebhook' } }, async (request, reply) => {
    const { url, token } = readWebhook(readObject(request))
    if (url === undefined) throw missing('url')
    const now = clock.now()
    const webhook: Webhook = {
      id: ids.uuid(),
      accountId: request.accessKey.accountId,
      url,
      ...(token !== undefined && { token }),
      createdAt: now,
      updatedAt: now,
    }
    if (!(await webhooks.create(webhook, most))) {
      throw new RequestError({
        kind: 'unprocessable',
        message: `An account can't have more than ${most} webhooks.`,
      })
    }
    return reply.code(201).send(single(webhookResource(webhook)))
  })

  app.get<ById>('/webhooks/:webhookId', { config: { operation: 'readWebhook' } }, async (request) =>
    single(webhookResource(await findWebhook(request, dependencies))),
  )

  for (const { method, operation } of [
    { method: 'PUT', operation: 'updateWebhook' },
    { method: 'PATCH', operation: 'patchWebhook' },
  ] as const) {
    app.route<ById>({
      method,
      url: '/webhooks/:webhookId',
      config: { operation },
      handler: async (request) => {
        const stored = await findWebhook(request, dependencies)
        const { url = stored.url, token = stored.token } = readWebhook(readObject(request))
        const webhook: Webhook = {
          ...stored,
          url,
          ...(token !== undefined && { token }),
          updatedAt: clock.now(),
        }
        await webhooks.update(webhook)
        return single(webhookResource(webhook))
      },
    })
  }

  app.delete<ById>(
    '/webhooks/:webhookId',
    { config: { operation: 'deleteWebhook' } },
    async ({ accessKey, params }, reply) => {
      const webhookId = readId('webhook', params.webhookId)
      if (!(await webhooks.delete(accessKey.accountId, webhookId))) throw notFound('webhook', webhookId)
      return reply.code(204).send()
    },
  )
}

/** What the body sets; zero values and absent fields set nothing. Throws RequestError. */
function readWebhook(body: object): { readonly url: string | undefined; readonly token: string | undefined } {
  const faults = new FaultList()
  const fields = new Fields(body, '', faults)
  const url = fields.optional('url', webhookUrl)
  const token = fields.optional('token', webhookToken)
  throwFaults(faults)
  return { url, token }
}

async function findWebhook(
  {
    accessKey,
    params,
  }: { readonly accessKey: { readonly accountId: string }; readonly params: ById['Params'] },
  { repositories }: ApiDependencies,
): Promise<Webhook> {
  const webhookId = readId('webhook', params.webhookId)
  return orNotFound(await repositories.webhooks.find(accessKey.accountId, webhookId), 'webhook', webhookId)
}
