import { RequestError } from '../domain/errors.ts'
import type { PageRequest } from '../domain/page.ts'
import { shown } from './errors.ts'

const MAX_PAGE = 1_000_000_000

/** Bounds of a list's pages. */
export interface PageSizes {
  readonly usual: number
  readonly most: number
}

const SIZES: PageSizes = { usual: 10, most: 100 }

/**
 * Reads which page is wanted from all the spellings that SDKs use: `page`, `currentPage` or `offset`, and `perPage` or
 * `limit`, in any case. Empty is unset, zero and less are unset, too many are cut. Throws RequestError 'badQuery'.
 */
export function readPageRequest(query: unknown, sizes: PageSizes = SIZES): PageRequest {
  const numbers = readNumbers(query)
  const size = positive(numbers.get('perpage')) ?? positive(numbers.get('limit')) ?? sizes.usual
  const perPage = Math.min(size, sizes.most)
  const page =
    numbers.get('page') ?? numbers.get('currentpage') ?? pageOfOffset(numbers.get('offset'), perPage)
  return { page: Math.min(Math.max(page, 1), MAX_PAGE), perPage }
}

const NAMES: ReadonlySet<string> = new Set(['page', 'currentpage', 'offset', 'perpage', 'limit'])

function readNumbers(query: unknown): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  for (const [key, value] of Object.entries(query ?? {})) {
    const name = key.toLowerCase()
    if (!NAMES.has(name)) continue
    const text = String(Array.isArray(value) ? value[0] : value).trim()
    if (text !== '') numbers.set(name, numberIn(text, key))
  }
  return numbers
}

function numberIn(text: string, parameter: string): number {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  throw new RequestError({
    kind: 'badQuery',
    message: `The query parameter \`${parameter}\` must be a number, not \`${shown(text)}\`.`,
    parameter,
  })
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

function pageOfOffset(offset: number | undefined, perPage: number): number {
  return offset === undefined ? 1 : Math.floor(offset / perPage) + 1
}
