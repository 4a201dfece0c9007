import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StorageError } from '../../src/domain/repositories.ts'
import type { Database } from '../../src/storage/database.ts'
import { openRepositories } from '../../src/storage/open-repositories.ts'
import { describeCallRepository } from './describe-call-repository.ts'
import { aFlow, aKey, aNumber, aRecording, aTranscription, aWebhook } from './storage-samples.ts'

const firstTen = { page: 1, perPage: 10 }

type Open = () => Promise<Database>

/** What every database must do, whichever it is; `open` makes an empty one. */
export function describeRepositories(name: string, open: Open): void {
  describeCallRepository(name, open)
  describeCallFlows(name, open)
  describeNumbers(name, open)
  describeAccessKeys(name, open)
  describeRecordings(name, open)
  describeWebhooks(name, open)
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a suite is a list of tests
function describeCallFlows(name: string, open: Open): void {
  // biome-ignore lint/complexity/noExcessiveLinesPerFunction: a suite is a list of tests
  describe(`call flows in ${name}`, () => {
    test('a flow comes back as it was saved', async () => {
      await using database = await open()
      const { callFlows } = openRepositories(database)
      const flow = aFlow('flow', {
        title: 'Menu',
        record: true,
        maxDuration: 90,
        steps: [
          {
            id: 's',
            action: 'say',
            options: { payload: 'Hello', language: 'en-gb', voice: 'male' },
            conditions: [{ variable: 'x', operator: 'eq', value: '1' }],
          },
        ],
      })

      await callFlows.save(flow)

      assert.deepEqual(await callFlows.find('ours', 'flow'), flow)
    })

    test('saving again replaces the flow, and it still counts once', async () => {
      await using database = await open()
      const { callFlows } = openRepositories(database)
      await callFlows.save(aFlow('flow', { title: 'Before', maxDuration: 9 }))
      await callFlows.save(aFlow('flow', { record: true, updatedAt: 2000 }))

      assert.deepEqual(await callFlows.list('ours', firstTen), {
        ...firstTen,
        items: [aFlow('flow', { record: true, updatedAt: 2000 })],
        totalCount: 1,
      })
    })

    test('a flow that becomes the default takes that flag from its predecessor, and from that alone', async () => {
      await using database = await open()
      const { callFlows } = openRepositories(database)
      await callFlows.save(aFlow('theirs', { accountId: 'theirs', default: true }))
      await callFlows.save(aFlow('first', { default: true }))
      await callFlows.save(aFlow('second', { default: true }))

      assert.equal((await callFlows.findDefault('ours'))?.id, 'second')
      assert.equal((await callFlows.find('ours', 'first'))?.default, false)
      assert.equal((await callFlows.findDefault('theirs'))?.id, 'theirs')

      await callFlows.save(aFlow('second'))
      assert.equal(await callFlows.findDefault('ours'), undefined)
    })

    test('deleting a flow tells whether there was one, lowers the total and gives back its numbers', async () => {
      await using database = await open()
      const { callFlows, numbers } = openRepositories(database)
      await callFlows.save(aFlow('flow'))
      await callFlows.save(aFlow('other', { createdAt: 2000 }))
      await numbers.assign(flowOf('flow'), [aNumber('311', 'flow'), aNumber('312', 'flow')], {
        replace: false,
      })

      assert.equal(await callFlows.delete('ours', 'flow'), true)
      assert.equal(await callFlows.delete('ours', 'flow'), false)

      assert.equal(await callFlows.find('ours', 'flow'), undefined)
      assert.equal(await numbers.findByNumber('311'), undefined)
      const { items, totalCount } = await callFlows.list('ours', firstTen)
      assert.deepEqual([items.map(({ id }) => id), totalCount], [['other'], 1])
    })

    test('the flows of an account do not exist for another', async () => {
      await using database = await open()
      const { callFlows } = openRepositories(database)
      await callFlows.save(aFlow('flow', { default: true }))

      assert.equal(await callFlows.find('theirs', 'flow'), undefined)
      assert.equal(await callFlows.findDefault('theirs'), undefined)
      assert.equal(await callFlows.delete('theirs', 'flow'), false)
      await callFlows.save(aFlow('flow', { accountId: 'theirs', title: 'Mine now' }))
      assert.deepEqual(await callFlows.list('theirs', firstTen), { ...firstTen, items: [], totalCount: 0 })
      assert.deepEqual((await callFlows.list('ours', firstTen)).items, [aFlow('flow', { default: true })])
    })

    test('flows are listed newest first, page by page', async () => {
      await using database = await open()
      const { callFlows } = openRepositories(database)
      for (const createdAt of [1, 2, 3]) await callFlows.save(aFlow(`f${createdAt}`, { createdAt }))

      const { items, totalCount } = await callFlows.list('ours', { page: 2, perPage: 2 })

      assert.deepEqual([items.map(({ id }) => id), totalCount], [['f1'], 3])
    })

    test('every page of a long list of flows is right, also where many were deleted', async () => {
      await using database = await open()
      const { callFlows } = openRepositories(database)
      const ids = Array.from({ length: 9000 }, (_, index) => `f${index}`)
      await Promise.all(
        ids.flatMap((id) => [
          callFlows.save(aFlow(id)),
          callFlows.save(aFlow(`t${id}`, { accountId: 'theirs' })),
        ]),
      )
      const deleted = new Set(ids.filter((_, index) => (index > 900 && index < 8300) || index % 7 === 0))
      deleted.add('f8999') // whose place the next one takes
      await Promise.all([...deleted].map((id) => callFlows.delete('ours', id)))
      for (const id of ['new', 'newest']) await callFlows.save(aFlow(id))
      await callFlows.save(aFlow('f1', { title: 'Changed', updatedAt: 2 }))
      const newestFirst = ['newest', 'new', ...ids.filter((id) => !deleted.has(id)).reverse()]

      const perPage = 50
      for (let page = 1; page <= Math.ceil(newestFirst.length / perPage) + 1; page += 1) {
        const { items, totalCount } = await callFlows.list('ours', { page, perPage })
        assert.deepEqual(
          items.map(({ id }) => id),
          newestFirst.slice((page - 1) * perPage, page * perPage),
        )
        assert.equal(totalCount, newestFirst.length)
      }
    })

    test('an account whose flows are all deleted has an empty list, and can begin again', async () => {
      await using database = await open()
      const { callFlows } = openRepositories(database)
      for (const id of ['a', 'b']) await callFlows.save(aFlow(id))
      for (const id of ['b', 'a']) await callFlows.delete('ours', id)
      assert.deepEqual(await callFlows.list('ours', firstTen), { ...firstTen, items: [], totalCount: 0 })

      await callFlows.save(aFlow('c'))

      const { items, totalCount } = await callFlows.list('ours', firstTen)
      assert.deepEqual([items.map(({ id }) => id), totalCount], [['c'], 1])
    })
  })
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a suite is a list of tests
function describeNumbers(name: string, open: Open): void {
  async function openWithFlows(database: Database) {
    const repositories = openRepositories(database)
    await repositories.callFlows.save(aFlow('sales'))
    await repositories.callFlows.save(aFlow('support'))
    await repositories.callFlows.save(aFlow('theirs', { accountId: 'theirs' }))
    return repositories.numbers
  }

  // biome-ignore lint/complexity/noExcessiveLinesPerFunction: a suite is a list of tests
  describe(`numbers in ${name}`, () => {
    test('an assigned number is found by itself, by its id and in the list of its flow', async () => {
      await using database = await open()
      const numbers = await openWithFlows(database)
      const number = aNumber('311', 'sales', { id: 'n' })

      assert.deepEqual(await numbers.assign(flowOf('sales'), [number], { replace: false }), [])

      assert.deepEqual(await numbers.findByNumber('311'), number)
      assert.deepEqual(await numbers.find('ours', '311'), number)
      assert.deepEqual(await numbers.find('ours', 'n'), number)
      assert.deepEqual(await numbers.listByCallFlow('ours', 'sales', firstTen), {
        ...firstTen,
        items: [number],
        totalCount: 1,
      })
    })

    test('a number of another flow of the account moves and keeps its id', async () => {
      await using database = await open()
      const numbers = await openWithFlows(database)
      await numbers.assign(flowOf('sales'), [aNumber('311', 'sales', { id: 'n' })], { replace: false })
      await numbers.assign(
        flowOf('support'),
        [aNumber('311', 'support', { id: 'new', createdAt: 2000, updatedAt: 2000 })],
        {
          replace: false,
        },
      )

      assert.deepEqual(
        await numbers.findByNumber('311'),
        aNumber('311', 'support', { id: 'n', updatedAt: 2000 }),
      )
      assert.equal((await numbers.listByCallFlow('ours', 'sales', firstTen)).totalCount, 0)
    })

    test('with replace the flow keeps no others, and other flows keep theirs', async () => {
      await using database = await open()
      const numbers = await openWithFlows(database)
      await numbers.assign(flowOf('sales'), [aNumber('311', 'sales'), aNumber('312', 'sales')], {
        replace: false,
      })
      await numbers.assign(flowOf('support'), [aNumber('319', 'support')], { replace: false })
      await numbers.assign(
        flowOf('sales'),
        [aNumber('312', 'sales', { id: 'again' }), aNumber('313', 'sales')],
        {
          replace: true,
        },
      )

      const { items, totalCount } = await numbers.listByCallFlow('ours', 'sales', firstTen)

      assert.deepEqual(items.map(({ number }) => number).sort(), ['312', '313'])
      assert.equal(totalCount, 2)
      assert.equal(await numbers.findByNumber('311'), undefined)
      assert.equal((await numbers.findByNumber('319'))?.callFlowId, 'support')
    })

    test('with replace and no numbers the flow loses all of its own, and without replace none', async () => {
      await using database = await open()
      const numbers = await openWithFlows(database)
      await numbers.assign(flowOf('sales'), [aNumber('311', 'sales'), aNumber('312', 'sales')], {
        replace: false,
      })
      await numbers.assign(flowOf('support'), [aNumber('319', 'support')], { replace: false })

      assert.deepEqual(await numbers.assign(flowOf('sales'), [], { replace: false }), [])
      assert.equal((await numbers.listByCallFlow('ours', 'sales', firstTen)).totalCount, 2)

      assert.deepEqual(await numbers.assign(flowOf('sales'), [], { replace: true }), [])
      assert.equal((await numbers.listByCallFlow('ours', 'sales', firstTen)).totalCount, 0)
      assert.equal(await numbers.findByNumber('311'), undefined)
      assert.equal((await numbers.findByNumber('319'))?.callFlowId, 'support')
    })

    test('if numbers belong to another account they are named, and nothing is changed', async () => {
      await using database = await open()
      const numbers = await openWithFlows(database)
      const theirs = Array.from({ length: 501 }, (_, index) =>
        aNumber(`49${1000 + index}`, 'theirs', { accountId: 'theirs' }),
      )
      await numbers.assign({ accountId: 'theirs', callFlowId: 'theirs' }, theirs, { replace: false })
      await numbers.assign(flowOf('sales'), [aNumber('311', 'sales')], { replace: false })

      const taken = await numbers.assign(
        flowOf('sales'),
        [aNumber('312', 'sales'), ...theirs.map(({ number }) => aNumber(number, 'sales'))],
        { replace: true },
      )

      assert.deepEqual(
        [...taken].sort(),
        theirs.map(({ number }) => number),
      )
      assert.equal(await numbers.findByNumber('312'), undefined)
      assert.equal((await numbers.findByNumber('311'))?.callFlowId, 'sales')
      assert.equal((await numbers.findByNumber('491000'))?.accountId, 'theirs')
    })

    test('the numbers of an account do not exist for another, except to an incoming call', async () => {
      await using database = await open()
      const numbers = await openWithFlows(database)
      await numbers.assign(flowOf('sales'), [aNumber('311', 'sales', { id: 'n' })], { replace: false })

      assert.equal(await numbers.find('theirs', '311'), undefined)
      assert.equal(await numbers.find('theirs', 'n'), undefined)
      assert.equal((await numbers.listByCallFlow('theirs', 'sales', firstTen)).totalCount, 0)
      assert.equal((await numbers.findByNumber('311'))?.accountId, 'ours')
    })

    test('a number can not be given to a flow that does not exist', async () => {
      await using database = await open()
      const numbers = await openWithFlows(database)

      await assert.rejects(
        numbers.assign(flowOf('none'), [aNumber('311', 'none')], { replace: false }),
        StorageError,
      )
    })
  })
}

/** The key of a flow of `ours`. */
function flowOf(callFlowId: string) {
  return { accountId: 'ours', callFlowId }
}

function describeAccessKeys(name: string, open: Open): void {
  describe(`access keys in ${name}`, () => {
    test('keys are listed newest first, revoked ones included, and accounts oldest first', async () => {
      await using database = await open()
      const { accessKeys } = openRepositories(database)
      await accessKeys.createAccount({ id: 'ours', name: 'Ours', createdAt: 1 })
      await accessKeys.createAccount({ id: 'theirs', name: 'Theirs', createdAt: 2 })
      const named = aKey('named', { name: 'CI', mode: 'test', createdAt: 2000 })
      await accessKeys.create(aKey('plain'))
      await accessKeys.create(named)

      assert.equal(await accessKeys.revoke('plain', 3000), true)
      assert.equal(await accessKeys.revoke('plain', 4000), true)
      assert.equal(await accessKeys.revoke('none', 3000), false)

      assert.deepEqual(await accessKeys.list(), [named, aKey('plain', { revokedAt: 3000 })])
      assert.deepEqual(await accessKeys.listAccounts(), [
        { id: 'ours', name: 'Ours', createdAt: 1 },
        { id: 'theirs', name: 'Theirs', createdAt: 2 },
      ])
    })

    test('a key of no account, a second key with the same hash and a second account with the same name are refused', async () => {
      await using database = await open()
      const { accessKeys } = openRepositories(database)
      await accessKeys.createAccount({ id: 'ours', name: 'Ours', createdAt: 1 })
      await accessKeys.create(aKey('first', { hash: 'same' }))

      await assert.rejects(accessKeys.create(aKey('second', { hash: 'same' })), StorageError)
      const namesake = { id: 'other', name: 'Ours', createdAt: 2 }
      await assert.rejects(accessKeys.createAccount(namesake), StorageError)
      await assert.rejects(accessKeys.create(aKey('lost', { accountId: 'none' })), StorageError)
    })
  })
}

function describeRecordings(name: string, open: Open): void {
  describe(`recordings in ${name}`, () => {
    test('a recording and its transcription come back as they were last saved', async () => {
      await using database = await open()
      const { recordings, transcriptions } = openRepositories(database)
      const recording = aRecording('r', {
        status: 'done',
        durationSeconds: 2.5,
        transcribeLanguage: 'nl-nl',
        updatedAt: 2000,
      })
      const transcription = aTranscription('t', 'r', { status: 'done', text: 'hello', updatedAt: 2000 })
      await recordings.save(aRecording('r'))
      await recordings.save(recording)
      await transcriptions.save(aTranscription('t', 'r'))
      await transcriptions.save(transcription)

      assert.deepEqual(await recordings.find('ours', 'r'), recording)
      assert.deepEqual(await transcriptions.find('ours', 't'), transcription)
      assert.deepEqual(await transcriptions.listByRecording('ours', 'r', firstTen), {
        ...firstTen,
        items: [transcription],
        totalCount: 1,
      })
    })

    test('recordings are listed by leg, newest first', async () => {
      await using database = await open()
      const { recordings } = openRepositories(database)
      for (const createdAt of [1, 3, 2]) await recordings.save(aRecording(`r${createdAt}`, { createdAt }))
      await recordings.save(aRecording('elsewhere', { legId: 'other leg' }))

      const { items, totalCount } = await recordings.listByLeg('ours', 'call', 'leg', { page: 1, perPage: 2 })

      assert.deepEqual([items.map(({ id }) => id), totalCount], [['r3', 'r2'], 3])
      assert.equal((await recordings.listByLeg('ours', 'other call', 'leg', firstTen)).totalCount, 0)
    })

    test('deleting a recording deletes its transcriptions, and a late one is dropped', async () => {
      await using database = await open()
      const { recordings, transcriptions } = openRepositories(database)
      await recordings.save(aRecording('r'))
      await transcriptions.save(aTranscription('t', 'r'))

      assert.equal(await recordings.delete('ours', 'r'), true)
      assert.equal(await recordings.delete('ours', 'r'), false)
      await transcriptions.save(aTranscription('t', 'r', { status: 'done', text: 'too late' }))

      assert.equal(await recordings.find('ours', 'r'), undefined)
      assert.equal(await transcriptions.find('ours', 't'), undefined)
    })

    test('recordings and transcriptions of an account do not exist for another', async () => {
      await using database = await open()
      const { recordings, transcriptions } = openRepositories(database)
      await recordings.save(aRecording('r'))
      await transcriptions.save(aTranscription('t', 'r'))

      assert.equal(await recordings.find('theirs', 'r'), undefined)
      assert.equal(await recordings.delete('theirs', 'r'), false)
      assert.equal((await recordings.listByLeg('theirs', 'call', 'leg', firstTen)).totalCount, 0)
      assert.equal(await transcriptions.find('theirs', 't'), undefined)
      assert.equal((await transcriptions.listByRecording('theirs', 'r', firstTen)).totalCount, 0)
      await transcriptions.save(aTranscription('u', 'r', { accountId: 'theirs' }))
      assert.equal(await transcriptions.find('theirs', 'u'), undefined)
      assert.deepEqual(await recordings.find('ours', 'r'), aRecording('r'))
    })
  })
}

function describeWebhooks(name: string, open: Open): void {
  describe(`webhooks in ${name}`, () => {
    test('a webhook is created, updated, listed and deleted', async () => {
      await using database = await open()
      const { webhooks } = openRepositories(database)
      const updated = aWebhook('w', { url: 'https://example.org/new', token: 'secret', updatedAt: 2000 })
      await webhooks.create(aWebhook('w'), 9)
      await webhooks.update(updated)

      assert.deepEqual(await webhooks.find('ours', 'w'), updated)
      assert.deepEqual(await webhooks.list('ours', firstTen), {
        ...firstTen,
        items: [updated],
        totalCount: 1,
      })
      assert.equal(await webhooks.delete('ours', 'w'), true)
      assert.equal(await webhooks.delete('ours', 'w'), false)
      assert.equal(await webhooks.find('ours', 'w'), undefined)
    })

    test('an account never gets more webhooks than the limit, even if they are asked for at once', async () => {
      await using database = await open()
      const { webhooks } = openRepositories(database)

      const created = await Promise.all(
        Array.from({ length: 12 }, (_, index) => webhooks.create(aWebhook(`w${index}`), 5)),
      )

      assert.equal(created.filter(Boolean).length, 5)
      assert.equal((await webhooks.list('ours', firstTen)).totalCount, 5)
      assert.equal(await webhooks.create(aWebhook('other', { accountId: 'theirs' }), 5), true)
      assert.equal(await webhooks.create(aWebhook('none', { accountId: 'nobody' }), 0), false)
    })

    test('the webhooks of an account do not exist for another', async () => {
      await using database = await open()
      const { webhooks } = openRepositories(database)
      await webhooks.create(aWebhook('w'), 9)

      assert.equal(await webhooks.find('theirs', 'w'), undefined)
      assert.equal(await webhooks.delete('theirs', 'w'), false)
      await webhooks.update(aWebhook('w', { accountId: 'theirs', url: 'https://example.net/' }))
      assert.deepEqual(await webhooks.find('ours', 'w'), aWebhook('w'))
      assert.equal((await webhooks.list('theirs', firstTen)).totalCount, 0)
    })
  })
}
