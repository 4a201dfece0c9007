import type { AccessKey, Account } from './account.ts'
import type { Call, Leg } from './call.ts'
import type { StoredCallFlow } from './call-flow.ts'
import type { JournalEntry } from './journal.ts'
import type { AssignedNumber } from './number.ts'
import type { Page, PageRequest } from './page.ts'
import type { Recording, Transcription } from './recording.ts'
import type { Timestamp } from './time.ts'
import type { OutgoingEvent, Webhook } from './webhook.ts'

/**
 * Ports of the database. Every method resolves once the change is on disk; every find and list is of one account,
 * so that another account's resources don't exist for it. Lists are newest first. Methods reject only with
 * `StorageError`: the database is lost or full.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}

/** One step of a call's life: rows, journal and events in one transaction. Changes are applied in the order of `commit`. */
export interface CallChange {
  readonly call?: Call
  readonly legs?: readonly Leg[]
  /** In the order of their changes. One that has ended and was deleted meanwhile stays deleted. */
  readonly recordings?: readonly Recording[]
  readonly journal?: readonly JournalEntry[]
  readonly events?: readonly OutgoingEvent[]
}

/** A call as lists show it: without the documents that only its own run needs. */
export type CallSummary = Omit<Call, 'callFlow' | 'webhook'>

export interface CallRepository {
  commit(change: CallChange): Promise<void>
  find(accountId: string, callId: string): Promise<Call | undefined>
  list(accountId: string, request: PageRequest): Promise<Page<CallSummary>>
  findLeg(accountId: string, callId: string, legId: string): Promise<Leg | undefined>
  /** For the flat routes, which name no call. */
  findLegById(accountId: string, legId: string): Promise<Leg | undefined>
  /** In the order of their making: a call's first leg comes first. */
  listLegs(accountId: string, callId: string, request: PageRequest): Promise<Page<Leg>>
  journal(accountId: string, callId: string): Promise<readonly JournalEntry[]>
  /** Of all accounts: for the recovery at start. */
  listLive(): Promise<
    readonly { readonly call: Call; readonly legs: readonly Leg[]; readonly lastSequence: number }[]
  >
}

export interface CallFlowRepository {
  /** Inserts or replaces; a flow that becomes the default takes that flag from its predecessor. */
  save(flow: StoredCallFlow): Promise<void>
  /** Also gives back its numbers. False if there was none. */
  delete(accountId: string, callFlowId: string): Promise<boolean>
  find(accountId: string, callFlowId: string): Promise<StoredCallFlow | undefined>
  findDefault(accountId: string): Promise<StoredCallFlow | undefined>
  list(accountId: string, request: PageRequest): Promise<Page<StoredCallFlow>>
}

/** A number as an assignment brings it; its `id` is fresh. */
export type NewNumber = Omit<AssignedNumber, 'accountId' | 'callFlowId'>

export interface NumberRepository {
  /** Of all accounts: an incoming call only has the number. */
  findByNumber(number: string): Promise<AssignedNumber | undefined>
  /** By its id or by the number itself. */
  find(accountId: string, idOrNumber: string): Promise<AssignedNumber | undefined>
  listByCallFlow(accountId: string, callFlowId: string, request: PageRequest): Promise<Page<AssignedNumber>>
  /**
   * Gives `numbers` to the flow; those of another flow of the account move. With `replace`, the flow keeps no others: none at
   * all if `numbers` is empty. A number that the account has already keeps its id and its time of birth.
   * Resolves with the numbers that belong to other accounts: if there is one, nothing was changed.
   */
  assign(
    flow: { readonly accountId: string; readonly callFlowId: string },
    numbers: readonly NewNumber[],
    options: { readonly replace: boolean },
  ): Promise<readonly string[]>
}

export interface AccessKeyRepository {
  /** Accounts are few: made by the operator, each with a name of its own. A name that is taken rejects. */
  createAccount(account: Account): Promise<void>
  /** Oldest first: the first one was made with the data folder. */
  listAccounts(): Promise<readonly Account[]>
  create(key: AccessKey): Promise<void>
  /** Of all accounts, revoked ones included. */
  list(): Promise<readonly AccessKey[]>
  /** False if there is none. */
  revoke(keyId: string, at: Timestamp): Promise<boolean>
}

export interface RecordingRepository {
  save(recording: Recording): Promise<void>
  find(accountId: string, recordingId: string): Promise<Recording | undefined>
  listByLeg(accountId: string, callId: string, legId: string, request: PageRequest): Promise<Page<Recording>>
  /** Also deletes its transcriptions. False if there was none. */
  delete(accountId: string, recordingId: string): Promise<boolean>
}

export interface TranscriptionRepository {
  save(transcription: Transcription): Promise<void>
  find(accountId: string, transcriptionId: string): Promise<Transcription | undefined>
  listByRecording(accountId: string, recordingId: string, request: PageRequest): Promise<Page<Transcription>>
}

export interface WebhookRepository {
  /** False if the account already has `limit` webhooks. */
  create(webhook: Webhook, limit: number): Promise<boolean>
  update(webhook: Webhook): Promise<void>
  find(accountId: string, webhookId: string): Promise<Webhook | undefined>
  list(accountId: string, request: PageRequest): Promise<Page<Webhook>>
  delete(accountId: string, webhookId: string): Promise<boolean>
}

/** The database, open. */
export interface Repositories {
  readonly calls: CallRepository
  readonly callFlows: CallFlowRepository
  readonly numbers: NumberRepository
  readonly accessKeys: AccessKeyRepository
  readonly recordings: RecordingRepository
  readonly transcriptions: TranscriptionRepository
  readonly webhooks: WebhookRepository
}
