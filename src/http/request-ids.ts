import { notFound } from './errors.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The id of a path, in lower case. What is no UUID names nothing: throws RequestError 'notFound'. */
export function readId(resource: string, id: string): string {
  if (!UUID.test(id)) throw notFound(resource, id)
  return id.toLowerCase()
}

/** The resource, or RequestError 'notFound'. */
export function orNotFound<R>(found: R | undefined, resource: string, id: string): R {
  if (found === undefined) throw notFound(resource, id)
  return found
}
