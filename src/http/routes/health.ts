import type { FastifyInstance } from 'fastify'
import type { ApiDependencies } from '../dependencies.ts'

/** Whether the process lives, and whether it should get traffic; for supervisors, without a key. */
export function healthRoutes(app: FastifyInstance, { readiness }: ApiDependencies): void {
  app.get('/livez', { config: { operation: 'readLiveness', open: true } }, async () => ({ status: 'alive' }))

  app.get('/readyz', { config: { operation: 'readReadiness', open: true } }, async (_request, reply) => {
    const status = readiness()
    return reply.code(status === 'ready' ? 200 : 503).send({ status })
  })
}
