import type { Kysely } from 'kysely'
import type { WebhookRepository } from '../domain/repositories.ts'
import type { Webhook } from '../domain/webhook.ts'
import { withoutNulls } from './columns.ts'
import type { Database } from './database.ts'
import { offsetOf, toPage } from './page.ts'
import { pick, prepare } from './prepare.ts'
import type { Tables, WebhookRow } from './schema.ts'

const COLUMNS = [
  'id',
  'account_id',
  'url',
  'token',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof WebhookRow)[]

interface WebhookKey {
  readonly accountId: string
  readonly webhookId: string
}

/** The account-wide receivers of events. */
export function openWebhookRepository(database: Database): WebhookRepository {
  const queries = prepareQueries(database.builder)

  return {
    async create(webhook, limit) {
      if (limit < 1) return false
      const { accountId } = webhook
      const full = await database.writeUnless(
        [queries.nthWebhook({ accountId, skip: limit - 1 })],
        [queries.create(toRow(webhook))],
      )
      return full.length === 0
    },

    async update(webhook) {
      await database.write([queries.update(toRow(webhook))])
    },

    async find(accountId, webhookId) {
      const [row] = await database.read(queries.find({ accountId, webhookId }))
      return row && toWebhook(row)
    },

    async list(accountId, request) {
      const [rows, [counter]] = await Promise.all([
        database.read(queries.list({ accountId, limit: request.perPage, offset: offsetOf(request) })),
        database.read(queries.count({ accountId })),
      ])
      return toPage(request, rows, counter?.count, toWebhook)
    },

    async delete(accountId, webhookId) {
      const [result] = await database.write([queries.delete({ accountId, webhookId })])
      return result?.changes === 1
    },
  }
}

function prepareQueries(builder: Kysely<Tables>) {
  return {
    /** A row if the account has more than `skip` webhooks. */
    nthWebhook: prepare((p: { accountId: string; skip: number }) =>
      builder
        .selectFrom('webhooks')
        .select('id')
        .where('account_id', '=', p.accountId)
        .orderBy('created_at')
        .orderBy('id')
        .limit(1)
        .offset(p.skip),
    ),
    create: prepare((p: WebhookRow) => builder.insertInto('webhooks').values(pick(p, COLUMNS))),
    update: prepare((p: WebhookRow) =>
      builder
        .updateTable('webhooks')
        .set(pick(p, ['url', 'token', 'updated_at']))
        .where('account_id', '=', p.account_id)
        .where('id', '=', p.id),
    ),
    find: prepare((p: WebhookKey) =>
      builder
        .selectFrom('webhooks')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .where('id', '=', p.webhookId),
    ),
    list: prepare((p: { accountId: string; limit: number; offset: number }) =>
      builder
        .selectFrom('webhooks')
        .select(COLUMNS)
        .where('account_id', '=', p.accountId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(p.limit)
        .offset(p.offset),
    ),
    count: prepare((p: { accountId: string }) =>
      builder
        .selectFrom('webhooks')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('account_id', '=', p.accountId),
    ),
    delete: prepare((p: WebhookKey) =>
      builder.deleteFrom('webhooks').where('account_id', '=', p.accountId).where('id', '=', p.webhookId),
    ),
  }
}

function toRow(webhook: Webhook): WebhookRow {
  return {
    id: webhook.id,
    account_id: webhook.accountId,
    url: webhook.url,
    token: webhook.token ?? null,
    created_at: webhook.createdAt,
    updated_at: webhook.updatedAt,
  }
}

function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    accountId: row.account_id,
    url: row.url,
    ...withoutNulls({ token: row.token }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
