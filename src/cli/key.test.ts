import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryRepositories } from '../../test/support/memory-repositories.ts'
import { hashAccessKey } from '../http/make-access-key.ts'
import { StartError } from '../start-error.ts'
import { createKey, listKeys } from './key.ts'

async function withDefaultAccount() {
  const { accessKeys } = createMemoryRepositories()
  await accessKeys.createAccount({ id: 'first', name: 'default', createdAt: 1 })
  const accountOf = async (key: string) =>
    (await accessKeys.list()).find(({ hash }) => hash === hashAccessKey(key))?.accountId
  return { accessKeys, accountOf }
}

test('a key without an account belongs to the one that was made with the data folder, also when there are others', async () => {
  const { accessKeys, accountOf } = await withDefaultAccount()
  await createKey(accessKeys, { mode: 'live', account: 'Other' })

  const key = await createKey(accessKeys, { mode: 'live' })

  assert.match(key, /^live_/)
  assert.equal(await accountOf(key), 'first')
})

test('the first key for an account makes the account, the second one joins it', async () => {
  const { accessKeys, accountOf } = await withDefaultAccount()

  const live = await createKey(accessKeys, { mode: 'live', account: 'Bakery' })
  const testing = await createKey(accessKeys, { mode: 'test', account: 'Bakery', name: 'ci' })

  const accounts = await accessKeys.listAccounts()
  assert.deepEqual(
    accounts.map(({ name }) => name),
    ['default', 'Bakery'],
  )
  assert.match(testing, /^test_/)
  assert.equal(await accountOf(live), accounts[1]?.id)
  assert.equal(await accountOf(testing), accounts[1]?.id)
})

test('the list shows of each key its account and its name, and never the key', async () => {
  const { accessKeys } = await withDefaultAccount()
  const plain = await createKey(accessKeys, { mode: 'live' })
  const named = await createKey(accessKeys, { mode: 'test', account: 'Bakery', name: 'ci' })
  const [revoked] = (await accessKeys.list()).filter(({ name }) => name === undefined)
  await accessKeys.revoke(revoked?.id ?? '', Date.UTC(2026, 0, 2))

  const lines = await listKeys(accessKeys)

  assert.equal(lines.length, 2)
  assert.equal(lines.filter((line) => / {2}valid {2}Bakery {2}ci$/.test(line)).length, 1)
  assert.equal(lines.filter((line) => line.includes('revoked 2026-01-02T00:00:00.000Z')).length, 1)
  assert.ok(lines.some((line) => line.endsWith('  default')))
  assert.ok(!lines.join().includes(plain) && !lines.join().includes(named))
})

test('an account needs a name, and a data folder that was never started has none', async () => {
  const { accessKeys } = await withDefaultAccount()

  await assert.rejects(createKey(accessKeys, { mode: 'live', account: ' ' }), StartError)
  await assert.rejects(
    createKey(createMemoryRepositories().accessKeys, { mode: 'live' }),
    /start the server once/,
  )
})
