import type { Page } from '../domain/page.ts'

export type Links = Readonly<Record<string, string>>

/** A resource as the API shows it. */
export interface Resource {
  readonly _links: Links
}

export interface Pagination {
  readonly totalCount: number
  readonly pageCount: number
  readonly currentPage: number
  readonly perPage: number
}

/** What single objects and errors carry in place of a page. */
export const NO_PAGINATION: Pagination = { totalCount: 0, pageCount: 0, currentPage: 0, perPage: 0 }

/**
 * The answer that carries one resource. Its links stand twice: the Go SDK reads those of the item,
 * Python, Ruby and Dart those beside `data`; `further` links stand only there.
 */
export function single<R extends Resource>(resource: R, further: Links = {}) {
  return { data: [resource], _links: { ...resource._links, ...further }, pagination: NO_PAGINATION }
}

/** The answer that carries one page of a list; a page past the end is empty, not an error. */
export function list<Item, R>(path: string, page: Page<Item>, toResource: (item: Item) => R) {
  const { items, totalCount, perPage, page: currentPage } = page
  return {
    data: items.map(toResource),
    _links: { self: `${path}?page=${currentPage}` },
    pagination: { totalCount, pageCount: Math.ceil(totalCount / perPage), currentPage, perPage },
  }
}
