import type { FastifyInstance } from 'fastify'
import { HttpError } from './errors.ts'
import { METHODS } from './rewrite.ts'

/**
 * Notes every route from now on; the returned function then makes each path refuse its other methods with 405 and Allow,
 * where Fastify alone would answer 404.
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const methodsOf = new Map<string, Set<string>>()
  let noting = true
  app.addHook('onRoute', ({ url, method }) => {
    if (!noting) return
    const methods = methodsOf.get(url) ?? new Set()
    for (const each of [method].flat()) methods.add(each)
    methodsOf.set(url, methods)
  })

  return () => {
    noting = false
    for (const [url, methods] of methodsOf) {
      const allow = METHODS.filter((method) => methods.has(method)).join(', ')
      app.route({
        method: METHODS.filter((method) => !methods.has(method)),
        url,
        config: { hidden: true },
        handler: () => {
          throw new HttpError(
            405,
            { code: 12, message: `The method is not allowed here. Allowed are: ${allow}.` },
            { allow },
          )
        },
      })
    }
  }
}
