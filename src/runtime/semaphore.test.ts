import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Semaphore } from './semaphore.ts'

const never = new AbortController().signal

test('no more than the limit hold a place, and the others follow in order', async () => {
  const semaphore = new Semaphore(1)
  const entered: number[] = []
  const enter = async (id: number) => {
    using _place = await semaphore.acquire(never)
    entered.push(id)
    await setImmediate()
    assert.equal(entered.at(-1), id)
  }

  await Promise.all([enter(1), enter(2), enter(3)])

  assert.deepEqual(entered, [1, 2, 3])
})

test('who gives up waiting rejects at once and costs nobody a place', async () => {
  const semaphore = new Semaphore(1)
  const giveUp = new AbortController()
  const holder = await semaphore.acquire(never)
  const abandoned = semaphore.acquire(giveUp.signal)
  const patient = semaphore.acquire(never)

  giveUp.abort(new Error('enough'))

  await assert.rejects(abandoned, /enough/)
  holder[Symbol.dispose]()
  const place = await patient
  place[Symbol.dispose]()
  ;(await semaphore.acquire(never))[Symbol.dispose]()
})

test('a place given back twice counts once', async () => {
  const semaphore = new Semaphore(1)
  const place = await semaphore.acquire(never)
  place[Symbol.dispose]()
  place[Symbol.dispose]()

  using _held = await semaphore.acquire(never)

  const late = new AbortController()
  const refused = semaphore.acquire(late.signal)
  late.abort(new Error('full'))
  await assert.rejects(refused, /full/)
})
