import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Call, LIVE_CALL_STATUSES } from '../../src/domain/call.ts'
import { StorageError } from '../../src/domain/repositories.ts'
import type { Database } from '../../src/storage/database.ts'
import { openRepositories } from '../../src/storage/open-repositories.ts'
import { aCall, aLeg, anEntry, anEvent, aRecording } from './storage-samples.ts'

const firstTen = { page: 1, perPage: 10 }

/** What every database must do with calls; `open` makes an empty one. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a suite is a list of tests
export function describeCallRepository(name: string, open: () => Promise<Database>): void {
  // biome-ignore lint/complexity/noExcessiveLinesPerFunction: a suite is a list of tests
  describe(`calls in ${name}`, () => {
    test('a call comes back as it was committed, with every optional field or none', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      const bare = aCall('bare')
      const full: Call = {
        ...aCall('full', { createdAt: 1_795_000_000_123, updatedAt: 1_795_000_000_456 }),
        status: 'ended',
        direction: 'incoming',
        source: '31612345678',
        destination: '31687654321',
        numberId: 'number',
        webhook: { url: 'https://example.org/hook?a=1', token: "o'hara" },
        callFlow: { title: 'Grüße ✓', record: true, steps: [], maxDuration: 60 },
        test: true,
        endedAt: 1_795_000_000_456,
        endReason: { by: 'remote', cause: 'hangup', detail: 'BYE' },
      }

      await calls.commit({ call: bare })
      await calls.commit({ call: full })

      assert.deepEqual(await calls.find('ours', 'bare'), bare)
      assert.deepEqual(await calls.find('ours', 'full'), full)
    })

    test('a change of a call replaces its fields and is listed and counted once', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      const ended = aCall('call', {
        status: 'ended',
        endedAt: 2000,
        updatedAt: 2000,
        source: '316',
        webhook: { url: 'https://example.com' },
      })

      await calls.commit({ call: aCall('call', { destination: '317' }) })
      for (let round = 0; round < 5; round++)
        await calls.commit({ call: aCall('call', { status: 'ongoing' }) })
      await calls.commit({ call: ended })

      assert.deepEqual(await calls.find('ours', 'call'), ended)
      const { callFlow, webhook, ...summary } = ended
      assert.ok(callFlow && webhook)
      assert.deepEqual(await calls.list('ours', firstTen), { ...firstTen, items: [summary], totalCount: 1 })
    })

    test('calls are listed in the order of their creation, newest first, whatever changes them, with the total on every page', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      for (const [id, createdAt] of [
        ['a', 1],
        ['b', 2],
        ['d', 3],
        ['c', 3],
        ['e', 9],
      ] as const)
        await calls.commit({ call: aCall(id, { createdAt }) })
      await calls.commit({ call: aCall('a', { status: 'ended', createdAt: 1, updatedAt: 10 }) })

      const ids = async (page: number) => {
        const { items, totalCount } = await calls.list('ours', { page, perPage: 2 })
        return [items.map(({ id }) => id).join(''), totalCount]
      }

      assert.deepEqual(await ids(1), ['ec', 5])
      assert.deepEqual(await ids(2), ['db', 5])
      assert.deepEqual(await ids(3), ['a', 5])
      assert.deepEqual(await ids(4), ['', 5])
    })

    test('a deep page holds the same calls as a walk over all pages would give', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      const made = Array.from({ length: 300 }, (_, index) => aCall(`c${index}`, { createdAt: index }))
      await Promise.all([
        ...made.map((call) => calls.commit({ call })),
        ...made.map((call) => calls.commit({ call: { ...call, accountId: 'theirs', id: `t${call.id}` } })),
      ])
      const newestFirst = made.toReversed()

      for (const page of [1, 2, 57, 99, 100, 101]) {
        const { items, totalCount } = await calls.list('ours', { page, perPage: 3 })
        assert.deepEqual(
          items.map(({ id }) => id),
          newestFirst.slice((page - 1) * 3, page * 3).map(({ id }) => id),
        )
        assert.equal(totalCount, 300)
      }
    })

    test('the calls, legs and journals of an account do not exist for another', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      await calls.commit({ call: aCall('call'), legs: [aLeg('leg', 'call')], journal: [anEntry('call', 1)] })

      assert.equal(await calls.find('theirs', 'call'), undefined)
      assert.equal((await calls.list('theirs', firstTen)).totalCount, 0)
      assert.deepEqual((await calls.list('theirs', firstTen)).items, [])
      assert.equal(await calls.findLeg('theirs', 'call', 'leg'), undefined)
      assert.equal(await calls.findLegById('theirs', 'leg'), undefined)
      assert.equal((await calls.listLegs('theirs', 'call', firstTen)).totalCount, 0)
      assert.deepEqual(await calls.journal('theirs', 'call'), [])
    })

    test('a call of another account with the same id is left as it is', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      await calls.commit({ call: aCall('call') })

      await calls.commit({ call: aCall('call', { accountId: 'theirs', status: 'failed' }) })

      assert.deepEqual(await calls.find('ours', 'call'), aCall('call'))
      assert.equal((await calls.list('theirs', firstTen)).totalCount, 0)
    })

    test('legs come back as they were committed, in the order of their making', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      const full = aLeg('a', 'call', {
        status: 'hangup',
        source: '316',
        destination: '317',
        sipResponseCode: 200,
        answeredAt: 1500,
        endedAt: 2000,
        endReason: { by: 'flow', cause: 'hangupStep' },
      })
      await calls.commit({ call: aCall('call'), legs: [aLeg('z', 'call'), aLeg('a', 'call')] })
      await calls.commit({ legs: [aLeg('m', 'call', { createdAt: 900 }), full] })

      const page = await calls.listLegs('ours', 'call', firstTen)

      assert.deepEqual(
        page.items.map(({ id }) => id),
        ['z', 'a', 'm'],
      )
      assert.equal(page.totalCount, 3)
      assert.deepEqual((await calls.listLegs('ours', 'call', { page: 2, perPage: 1 })).items, [full])
      assert.deepEqual(await calls.findLeg('ours', 'call', 'a'), full)
      assert.deepEqual(await calls.findLegById('ours', 'a'), full)
      assert.equal(await calls.findLeg('ours', 'other call', 'a'), undefined)
    })

    test('a journal is read in its order, whatever the order of the commits', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      const key = anEntry('call', 2, { type: 'key', legId: 'leg', key: '#' })
      await calls.commit({ call: aCall('call'), journal: [anEntry('call', 3)] })
      await calls.commit({ journal: [anEntry('call', 1), key] })

      assert.deepEqual(await calls.journal('ours', 'call'), [anEntry('call', 1), key, anEntry('call', 3)])
    })

    test('recordings are part of a change; one that ends after it was deleted stays deleted', async () => {
      await using database = await open()
      const { calls, recordings } = openRepositories(database)
      const going = { status: 'recording', durationSeconds: 0 } as const
      const done = { status: 'done', durationSeconds: 2.5, updatedAt: 3000 } as const
      const ids = ['both', 'kept', 'deleted']

      await calls.commit({
        call: aCall('call'),
        legs: [aLeg('leg', 'call')],
        recordings: [...ids.map((id) => aRecording(id, going)), aRecording('both', done)],
      })
      await recordings.delete('ours', 'deleted')
      await calls.commit({ recordings: ['kept', 'deleted'].map((id) => aRecording(id, done)) })
      await calls.commit({
        recordings: [aRecording('kept', { ...done, accountId: 'theirs', status: 'failed' })],
      })

      const found = await Promise.all(ids.map((id) => recordings.find('ours', id)))
      assert.deepEqual(found, [aRecording('both', done), aRecording('kept', done), undefined])
    })

    test('a change is committed whole or not at all', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      await calls.commit({ call: aCall('call'), journal: [anEntry('call', 1)] })

      const refused = calls.commit({
        call: aCall('call', { status: 'ended' }),
        legs: [aLeg('leg', 'call')],
        events: [anEvent('event', 'call')],
        journal: [anEntry('call', 1)], // this number is taken
      })

      await assert.rejects(refused, StorageError)
      assert.equal((await calls.find('ours', 'call'))?.status, 'queued')
      assert.equal(await calls.findLegById('ours', 'leg'), undefined)
      assert.deepEqual(await outbox(database), [])
      assert.equal((await calls.list('ours', firstTen)).totalCount, 1)
    })

    test('a leg or a journal entry of a call that does not exist is refused', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)

      await assert.rejects(calls.commit({ legs: [aLeg('leg', 'none')] }), StorageError)
      await assert.rejects(calls.commit({ journal: [anEntry('none', 1)] }), StorageError)
    })

    test('events wait in the outbox, due at once, in the order of their commits', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      await calls.commit({ call: aCall('call'), events: [anEvent('z', 'call'), anEvent('a', 'call')] })
      await calls.commit({ events: [anEvent('m', 'call')] })

      const rows = await outbox(database)

      assert.deepEqual(
        rows.map(({ id }) => id),
        ['z', 'a', 'm'],
      )
      assert.deepEqual(
        rows.map((row) => [row.state, row.attempts, row.next_attempt_at, row.payload]),
        Array.from({ length: 3 }, () => ['pending', 0, 1000, '{"id":"x"}']),
      )
    })

    test('the calls that live are found over all accounts, each with its legs and its last journal number', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      for (const status of ['ended', 'failed', 'busy', 'no_answer', ...LIVE_CALL_STATUSES] as const) {
        await calls.commit({
          call: aCall(status, { status, accountId: `account of ${status}` }),
          legs: [aLeg(`z-${status}`, status), aLeg(`a-${status}`, status, { status: 'hangup' })],
          journal: status === 'queued' ? [] : [anEntry(status, 1), anEntry(status, 2)],
        })
      }
      await calls.commit({
        call: aCall('starting', { status: 'ended', accountId: 'account of starting', endedAt: 2000 }),
      })

      const live = await calls.listLive()

      assert.deepEqual(
        live.map(({ call, legs, lastSequence }) => [call.id, legs.map(({ id }) => id), lastSequence]),
        [
          ['ongoing', ['z-ongoing', 'a-ongoing'], 2],
          ['queued', ['z-queued', 'a-queued'], 0],
        ],
      )
    })

    test('changes of one call asked for at once are applied in the order of the calls', async () => {
      await using database = await open()
      const { calls } = openRepositories(database)
      const updates = Array.from({ length: 200 }, (_, index) =>
        calls.commit({ call: aCall('call', { updatedAt: index }), journal: [anEntry('call', index + 1)] }),
      )

      await Promise.all(updates)

      assert.equal((await calls.find('ours', 'call'))?.updatedAt, 199)
      assert.equal((await calls.journal('ours', 'call')).length, 200)
    })
  })
}

function outbox(database: Database) {
  return database.read(database.builder.selectFrom('outbox').selectAll().orderBy('sequence').compile())
}
