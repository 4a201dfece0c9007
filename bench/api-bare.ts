// What bench/api.ts compares with: Fastify alone, which answers with objects of the same size and keeps nothing.
// `node bench/api-bare.ts`; its parent sends { single, list }, gets the port, and ends it.
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'

process.once('message', async ({ single, list }: { single: object; list: object }) => {
  const app = Fastify()
  app.get('/calls/:callId', async () => single)
  app.get('/calls', async () => list)
  app.post('/call-flows', async (request, reply) => reply.code(201).send(request.body))
  await app.listen({ host: '127.0.0.1', port: 0 })
  process.send?.((app.server.address() as AddressInfo).port)
})
process.once('disconnect', () => process.exit())
