// A process that commits calls as fast as it can and prints each one that was acknowledged, until it is killed.
// Arguments: the file, and the id of the round.
import { openRepositories } from '../../src/storage/open-repositories.ts'
import { openSqlite } from '../../src/storage/sqlite-database.ts'
import { aCall, aLeg, anEntry, anEvent } from './storage-samples.ts'

const [path = '', round = ''] = process.argv.slice(2)
const IN_FLIGHT = 16

const database = await openSqlite({ path })
const { calls } = openRepositories(database)
process.stdout.write('ready\n')

/** One call after the other, each in steps; `call step` is printed after the step is acknowledged. */
async function work(worker: number): Promise<never> {
  for (let number = 0; ; number++) {
    const id = `${round}-${worker}-${number}`
    for (let step = 1; step <= 3; step++) {
      await calls.commit({
        call: aCall(id, { updatedAt: step }),
        ...(step === 1 && { legs: [aLeg(`leg of ${id}`, id)] }),
        journal: [anEntry(id, step * 2 - 1), anEntry(id, step * 2)],
        events: [anEvent(`${id}-${step}`, id)],
      })
      process.stdout.write(`${id} ${step}\n`)
    }
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, (_, worker) => work(worker)))
