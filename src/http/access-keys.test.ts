import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { createMemoryRepositories } from '../../test/support/memory-repositories.ts'
import { StorageError } from '../domain/repositories.ts'
import { openAccessKeys } from './access-keys.ts'

async function open() {
  const clock = new FakeClock()
  const { accessKeys: repository } = createMemoryRepositories()
  const add = (key: string) => {
    const hash = createHash('sha256').update(key).digest('hex')
    return repository.create({
      id: `id of ${key}`,
      accountId: 'a',
      mode: 'live',
      hash,
      hint: '',
      createdAt: 0,
    })
  }
  await add('live_first')
  let reads = 0
  const counted = {
    ...repository,
    list: () => {
      reads += 1
      return repository.list()
    },
  }
  return { clock, repository, add, keys: openAccessKeys(counted, clock), reads: () => reads }
}

test('a key is found by its hash alone, a wrong one is not', async () => {
  const { keys } = await open()

  assert.equal((await keys.find('live_first'))?.id, 'id of live_first')
  for (const wrong of ['live_firs', 'live_first ', '', 'x'.repeat(100_000)]) {
    assert.equal(await keys.find(wrong), undefined)
  }
})

test('a key made by another process works at once', async () => {
  const { keys, add, clock } = await open()
  await keys.find('live_first')
  await clock.advance(300)

  await add('live_second')

  assert.equal((await keys.find('live_second'))?.id, 'id of live_second')
})

test('a key revoked by another process stops working within two seconds', async () => {
  const { keys, repository, clock } = await open()
  await keys.find('live_first')

  await repository.revoke('id of live_first', 1)
  await clock.advance(2_000)

  assert.equal(await keys.find('live_first'), undefined)
})

test('a key revoked here stops working at once', async () => {
  const { keys } = await open()
  await keys.find('live_first')

  assert.equal(await keys.revoke('id of live_first'), true)

  assert.equal(await keys.find('live_first'), undefined)
  assert.equal(await keys.revoke('no such key'), false)
})

test('wrong keys reach the database four times a second at most, however many there are', async () => {
  const { keys, clock, reads } = await open()
  for (let count = 0; count < 1_000; count += 1) {
    await keys.find(`live_wrong${count}`)
    if (count % 100 === 99) await clock.advance(100)
  }

  assert.ok(reads() <= 5, `${reads()} reads in a second`)
})

test('requests that arrive together share one read', async () => {
  const { keys, reads } = await open()

  await Promise.all(Array.from({ length: 50 }, () => keys.find('live_first')))

  assert.equal(reads(), 1)
})

test('a lost database is an error, not a wrong key, and is asked again', async () => {
  const { repository, clock } = await open()
  let broken = true
  const list = async () => {
    if (broken) throw new StorageError('gone')
    return await repository.list()
  }
  const keys = openAccessKeys({ ...repository, list }, clock)

  await assert.rejects(keys.find('live_first'), StorageError)
  broken = false

  assert.equal((await keys.find('live_first'))?.id, 'id of live_first')
})
