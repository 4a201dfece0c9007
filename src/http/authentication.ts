import type { FastifyRequest } from 'fastify'
import type { AccessKey } from '../domain/account.ts'
import { RequestError } from '../domain/errors.ts'
import type { AccessKeys } from './access-keys.ts'
import { shown } from './errors.ts'

/** The only version that the API has had. */
const VERSION = '20170314'

/** Whose request it is, by `Authorization: AccessKey {key}`. Throws RequestError 'unauthenticated'. */
export async function authenticate(request: FastifyRequest, accessKeys: AccessKeys): Promise<AccessKey> {
  const { authorization } = request.headers
  if (!authorization) throw unauthenticated('Authentication is missing from the HTTP request.')
  const [, key] = /^accesskey +(\S+) *$/i.exec(authorization) ?? []
  if (key === undefined) {
    throw unauthenticated('Authentication must have the form `Authorization: AccessKey {key}`.')
  }
  const accessKey = await accessKeys.find(key)
  if (!accessKey) throw unauthenticated('The access key is not valid.')
  return accessKey
}

/** Refuses versions that never were: RequestError 'badVersion'. */
export function checkVersion(request: FastifyRequest): void {
  const version = request.headers['x-messagebird-version']
  if (version === undefined || version === '' || version === VERSION) return
  throw new RequestError({
    kind: 'badVersion',
    message: `The X-MessageBird-Version \`${shown(String(version))}\` does not exist; the version is ${VERSION}.`,
  })
}

function unauthenticated(message: string): RequestError {
  return new RequestError({ kind: 'unauthenticated', message })
}
