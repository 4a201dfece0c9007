import type { Timestamp } from './time.ts'

/** A phone number that a call flow answers. A number belongs to one account and one flow. */
export interface AssignedNumber {
  readonly id: string
  readonly accountId: string
  /** E.164 without the plus, or a short code: digits only. */
  readonly number: string
  readonly callFlowId: string
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}
