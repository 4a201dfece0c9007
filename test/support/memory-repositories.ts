import type { AccessKey, Account } from '../../src/domain/account.ts'
import { type Call, type Leg, LIVE_CALL_STATUSES } from '../../src/domain/call.ts'
import type { StoredCallFlow } from '../../src/domain/call-flow.ts'
import type { JournalEntry } from '../../src/domain/journal.ts'
import type { AssignedNumber } from '../../src/domain/number.ts'
import type { Page, PageRequest } from '../../src/domain/page.ts'
import type { Recording, Transcription } from '../../src/domain/recording.ts'
import type {
  AccessKeyRepository,
  CallFlowRepository,
  CallRepository,
  NumberRepository,
  RecordingRepository,
  Repositories,
  TranscriptionRepository,
  WebhookRepository,
} from '../../src/domain/repositories.ts'
import type { OutgoingEvent, Webhook } from '../../src/domain/webhook.ts'

/** Repositories in memory, for tests that are not about the database; `events` is what would leave as webhooks. */
export interface MemoryRepositories extends Repositories {
  readonly events: readonly OutgoingEvent[]
}

/** Empty repositories that behave as the database's do. */
export function createMemoryRepositories(): MemoryRepositories {
  const events: OutgoingEvent[] = []
  const numbers = new Map<string, AssignedNumber>()
  const recordings = new Map<string, Recording>()
  const transcriptions = new Map<string, Transcription>()
  return {
    events,
    calls: callRepository(events, recordings),
    callFlows: callFlowRepository(numbers),
    numbers: numberRepository(numbers),
    accessKeys: accessKeyRepository(),
    recordings: recordingRepository(recordings, transcriptions),
    transcriptions: transcriptionRepository(transcriptions),
    webhooks: webhookRepository(),
  }
}

interface Owned {
  readonly id: string
  readonly accountId: string
}

function pageOf<Item>(items: readonly Item[], { page, perPage }: PageRequest): Page<Item> {
  const start = (page - 1) * perPage
  return { items: items.slice(start, start + perPage), totalCount: items.length, page, perPage }
}

function owned<Row extends Owned>(rows: ReadonlyMap<string, Row>, accountId: string, id: string) {
  const row = rows.get(id)
  return row?.accountId === accountId ? row : undefined
}

/** Newest first: maps keep the order of insertion. */
function ofAccount<Row extends Owned>(rows: ReadonlyMap<string, Row>, accountId: string): readonly Row[] {
  return [...rows.values()].filter((row) => row.accountId === accountId).reverse()
}

/** One that has ended is there only if nobody has deleted it. */
function changeRecording(recordings: Map<string, Recording>, row: Recording): void {
  if (row.status === 'recording' || recordings.has(row.id)) recordings.set(row.id, row)
}

function callRepository(events: OutgoingEvent[], recordings: Map<string, Recording>): CallRepository {
  const calls = new Map<string, Call>()
  const legs = new Map<string, Leg>()
  const journals = new Map<string, JournalEntry[]>()
  const legsOf = (callId: string) => [...legs.values()].filter((leg) => leg.callId === callId)
  const legOf = (accountId: string, legId: string) => {
    const leg = legs.get(legId)
    return leg && owned(calls, accountId, leg.callId) ? leg : undefined
  }
  return {
    async commit(change) {
      if (change.call) calls.set(change.call.id, change.call)
      for (const leg of change.legs ?? []) legs.set(leg.id, leg)
      for (const row of change.recordings ?? []) changeRecording(recordings, row)
      for (const entry of change.journal ?? []) {
        journals.set(entry.callId, [...(journals.get(entry.callId) ?? []), entry])
      }
      events.push(...(change.events ?? []))
    },
    find: async (accountId, callId) => owned(calls, accountId, callId),
    list: async (accountId, request) => pageOf(ofAccount(calls, accountId), request),
    async findLeg(accountId, callId, legId) {
      const leg = legOf(accountId, legId)
      return leg?.callId === callId ? leg : undefined
    },
    findLegById: async (accountId, legId) => legOf(accountId, legId),
    listLegs: async (accountId, callId, request) =>
      pageOf(owned(calls, accountId, callId) ? legsOf(callId) : [], request),
    journal: async (accountId, callId) => (owned(calls, accountId, callId) && journals.get(callId)) || [],
    listLive: async () =>
      [...calls.values()]
        .filter((call) => LIVE_CALL_STATUSES.includes(call.status))
        .map((call) => ({
          call,
          legs: legsOf(call.id),
          lastSequence: journals.get(call.id)?.at(-1)?.sequence ?? 0,
        })),
  }
}

function callFlowRepository(numbers: Map<string, AssignedNumber>): CallFlowRepository {
  const flows = new Map<string, StoredCallFlow>()
  return {
    async save(flow) {
      for (const other of flow.default ? ofAccount(flows, flow.accountId) : []) {
        if (other.default) flows.set(other.id, { ...other, default: false })
      }
      flows.set(flow.id, flow)
    },
    async delete(accountId, callFlowId) {
      if (!owned(flows, accountId, callFlowId)) return false
      for (const { id, callFlowId: flowId } of [...numbers.values()]) {
        if (flowId === callFlowId) numbers.delete(id)
      }
      return flows.delete(callFlowId)
    },
    find: async (accountId, callFlowId) => owned(flows, accountId, callFlowId),
    findDefault: async (accountId) => ofAccount(flows, accountId).find((flow) => flow.default),
    list: async (accountId, request) => pageOf(ofAccount(flows, accountId), request),
  }
}

function numberRepository(numbers: Map<string, AssignedNumber>): NumberRepository {
  const byNumber = (wanted: string) => [...numbers.values()].find(({ number }) => number === wanted)
  return {
    findByNumber: async (number) => byNumber(number),
    async find(accountId, idOrNumber) {
      const found = byNumber(idOrNumber)
      return found?.accountId === accountId ? found : owned(numbers, accountId, idOrNumber)
    },
    listByCallFlow: async (accountId, callFlowId, request) =>
      pageOf(
        ofAccount(numbers, accountId).filter((number) => number.callFlowId === callFlowId),
        request,
      ),
    async assign(flow, wanted, { replace }) {
      const taken = wanted.filter(({ number }) => {
        const holder = byNumber(number)
        return holder && holder.accountId !== flow.accountId
      })
      if (taken.length > 0) return taken.map(({ number }) => number)
      const kept = new Set(wanted.map(({ number }) => number))
      for (const { id, callFlowId, number } of [...numbers.values()]) {
        if (replace && callFlowId === flow.callFlowId && !kept.has(number)) numbers.delete(id)
      }
      for (const number of wanted) {
        const known = byNumber(number.number)
        const { id, createdAt } = known ?? number
        numbers.set(id, { ...number, ...flow, id, createdAt })
      }
      return []
    },
  }
}

function accessKeyRepository(): AccessKeyRepository {
  const accounts: Account[] = []
  const keys = new Map<string, AccessKey>()
  return {
    createAccount: async (account) => void accounts.push(account),
    listAccounts: async () => [...accounts],
    create: async (key) => void keys.set(key.id, key),
    list: async () => [...keys.values()],
    async revoke(keyId, at) {
      const key = keys.get(keyId)
      if (!key) return false
      keys.set(keyId, { ...key, revokedAt: at })
      return true
    },
  }
}

function recordingRepository(
  recordings: Map<string, Recording>,
  transcriptions: Map<string, Transcription>,
): RecordingRepository {
  return {
    save: async (recording) => void recordings.set(recording.id, recording),
    find: async (accountId, recordingId) => owned(recordings, accountId, recordingId),
    listByLeg: async (accountId, callId, legId, request) =>
      pageOf(
        ofAccount(recordings, accountId).filter((row) => row.callId === callId && row.legId === legId),
        request,
      ),
    async delete(accountId, recordingId) {
      if (!owned(recordings, accountId, recordingId)) return false
      for (const row of [...transcriptions.values()]) {
        if (row.recordingId === recordingId) transcriptions.delete(row.id)
      }
      return recordings.delete(recordingId)
    },
  }
}

function transcriptionRepository(transcriptions: Map<string, Transcription>): TranscriptionRepository {
  return {
    save: async (transcription) => void transcriptions.set(transcription.id, transcription),
    find: async (accountId, transcriptionId) => owned(transcriptions, accountId, transcriptionId),
    listByRecording: async (accountId, recordingId, request) =>
      pageOf(
        ofAccount(transcriptions, accountId).filter((row) => row.recordingId === recordingId),
        request,
      ),
  }
}

function webhookRepository(): WebhookRepository {
  const webhooks = new Map<string, Webhook>()
  return {
    async create(webhook, limit) {
      if (ofAccount(webhooks, webhook.accountId).length >= limit) return false
      webhooks.set(webhook.id, webhook)
      return true
    },
    update: async (webhook) => void webhooks.set(webhook.id, webhook),
    find: async (accountId, webhookId) => owned(webhooks, accountId, webhookId),
    list: async (accountId, request) => pageOf(ofAccount(webhooks, accountId), request),
    delete: async (accountId, webhookId) =>
      owned(webhooks, accountId, webhookId) ? webhooks.delete(webhookId) : false,
  }
}
