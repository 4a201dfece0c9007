import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createNameResolver, type DnsFunctions } from './name-resolver.ts'

const never = new AbortController().signal

const unknown = () => Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' }))

function dns(functions: Partial<DnsFunctions>): DnsFunctions {
  return { resolve4: unknown, resolve6: unknown, lookup: unknown, ...functions }
}

test('a name in DNS is resolved there, IPv4 first, without the thread pool', async () => {
  const resolve = createNameResolver(
    dns({
      resolve4: async () => ['192.0.2.1'],
      resolve6: async () => ['2001:db8::1'],
      lookup: () => assert.fail('looked up'),
    }),
  )

  assert.deepEqual(await resolve('example.org', never), ['192.0.2.1', '2001:db8::1'])
})

test('a name with addresses of one family only has those', async () => {
  assert.deepEqual(
    await createNameResolver(dns({ resolve6: async () => ['2001:db8::1'] }))('a.example', never),
    ['2001:db8::1'],
  )
})

test('names that DNS does not know, and names without a dot, are looked up in the system', async () => {
  const looked: string[] = []
  const lookup = async (host: string) => {
    looked.push(host)
    return [{ address: '192.0.2.7' }]
  }
  const resolve = createNameResolver(dns({ lookup }))

  assert.deepEqual(await resolve('hooks.internal', never), ['192.0.2.7'])
  assert.deepEqual(await resolve('hooks', never), ['192.0.2.7'])
  assert.deepEqual(looked, ['hooks.internal', 'hooks'])
})

test('localhost is loopback without asking anyone', async () => {
  const resolve = createNameResolver(dns({}))

  for (const name of ['localhost', 'LOCALHOST', 'localhost.', 'app.localhost']) {
    assert.deepEqual(await resolve(name, never), ['127.0.0.1', '::1'])
  }
})

test('a name that nobody knows rejects with the DNS error', async () => {
  await assert.rejects(createNameResolver(dns({}))('nowhere.example', never), { code: 'ENOTFOUND' })
})

test('no more than two pool threads are ever occupied, and who waits can give up', async () => {
  let running = 0
  const finish: (() => void)[] = []
  const lookup = async () => {
    running += 1
    await new Promise<void>((resolve) => finish.push(resolve))
    running -= 1
    return [{ address: '192.0.2.7' }]
  }
  const resolve = createNameResolver(dns({ lookup }))
  const impatient = new AbortController()
  const abandoned = [
    resolve('one', impatient.signal),
    resolve('two', impatient.signal),
    resolve('three', impatient.signal),
  ]
  const patient = resolve('four', never)
  await setImmediate()
  assert.equal(running, 2)

  impatient.abort(new Error('too slow'))

  for (const result of await Promise.allSettled(abandoned)) assert.equal(result.status, 'rejected')
  assert.equal(running, 2)
  finish.shift()?.()
  await setImmediate()
  finish.forEach((end) => void end())
  assert.deepEqual(await patient, ['192.0.2.7'])
})
