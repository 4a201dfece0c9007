import type { Page, PageRequest } from '../domain/page.ts'

/** How many items come before a page: SQL's offset. */
export function offsetOf({ page, perPage }: PageRequest): number {
  return (page - 1) * perPage
}

/** A page from its rows. A page past the end is empty, with the total it would have had. */
export function toPage<Row, Item>(
  request: PageRequest,
  rows: readonly Row[],
  totalCount: number | undefined,
  toItem: (row: Row) => Item,
): Page<Item> {
  return {
    items: rows.map(toItem),
    page: request.page,
    perPage: request.perPage,
    totalCount: totalCount ?? 0,
  }
}
