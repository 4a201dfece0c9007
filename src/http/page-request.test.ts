import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RequestError } from '../domain/errors.ts'
import { readPageRequest } from './page-request.ts'

const CASES: readonly (readonly [
  who: string,
  query: Record<string, unknown>,
  page: number,
  perPage: number,
])[] = [
  ['nobody asks for a page', {}, 1, 10],
  ['Go', { page: '3' }, 3, 10],
  ['Node lists call flows', { page: '2', perPage: '5' }, 2, 5],
  ['Node lists webhooks', { perPage: '5', currentPage: '2' }, 2, 5],
  ['Node lists recordings', { limit: '20', offset: '40' }, 3, 20],
  ['Node passes undefined', { page: '', perPage: '' }, 1, 10],
  ['C#', { limit: '20', page: '0' }, 1, 20],
  ['Dart lists call flows', { page: '2', perpage: '7' }, 2, 7],
  ['an offset inside a page', { limit: '10', offset: '15' }, 2, 10],
  ['page wins over offset', { page: '4', offset: '0' }, 4, 10],
  ['perPage wins over limit', { perPage: '4', limit: '8' }, 1, 4],
  ['too many', { perPage: '5000' }, 1, 100],
  ['negative numbers', { page: '-4', perPage: '-1' }, 1, 10],
  ['a key twice', { page: ['2', '3'] }, 2, 10],
  ['a page beyond all lists', { page: '999999999999999' }, 1_000_000_000, 10],
  ['parameters of something else', { foo: 'bar', pages: 'x' }, 1, 10],
]

for (const [who, query, page, perPage] of CASES) {
  test(`page ${page} of ${perPage}: ${who}`, () => {
    assert.deepEqual(readPageRequest(query), { page, perPage })
  })
}

for (const value of ['abc', '1e3', '1.5', '0x10', '٣', '1;2', '9'.repeat(16), 'NaN']) {
  test(`page=${value} is refused as a bad query parameter`, () => {
    assert.throws(
      () => readPageRequest({ page: value }),
      (error) =>
        error instanceof RequestError &&
        error.faults[0].kind === 'badQuery' &&
        error.faults[0].parameter === 'page',
    )
  })
}
