/** Which part of a list is wanted. */
export interface PageRequest {
  /** Counts from 1. */
  readonly page: number
  readonly perPage: number
}

/** One part of a list, and how long the whole list is. */
export interface Page<Item> extends PageRequest {
  readonly items: readonly Item[]
  readonly totalCount: number
}
