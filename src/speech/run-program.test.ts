import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { failOnLeaks } from '../../test/support/no-leaks.ts'
import { systemFolders } from '../../test/support/speech.ts'
import { PromptError } from '../domain/speech.ts'
import { systemClock } from '../runtime/clock.ts'
import { findProgram } from './find-programs.ts'
import { type ProgramRun, runProgram } from './run-program.ts'

failOnLeaks()

const never = new AbortController().signal

/** Runs a piece of JavaScript as the program. */
function script(source: string, fields: Partial<ProgramRun> = {}): ProgramRun {
  const defaults = {
    path: process.execPath,
    input: '',
    maxBytes: 1000,
    timeoutMs: 30_000,
    clock: new FakeClock(),
  }
  return { ...defaults, args: ['-e', source], ...fields }
}

const copyInput = 'process.stdin.pipe(process.stdout)'
const waitForever = 'setInterval(() => {}, 1000)'

function failsWith(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof PromptError, String(error))
    assert.match(error.message, message)
    return true
  }
}

test('text goes in through stdin and bytes come out of stdout', async () => {
  assert.equal((await runProgram(script(copyInput, { input: '“héllo”' }), never)).toString(), '“héllo”')
})

test('a program that fails is quoted', async () => {
  await assert.rejects(
    runProgram(script('console.error("no such voice"); process.exitCode = 3'), never),
    failsWith(/failed: exit 3 no such voice/),
  )
  await assert.rejects(
    runProgram(script('', { path: '/no/such/program' }), never),
    failsWith(/can't be run: .*ENOENT/),
  )
})

test('a program that writes too much is killed', async () => {
  await assert.rejects(
    runProgram(script(`${waitForever}; process.stdout.write("x".repeat(1001))`), never),
    failsWith(/wrote more than 1000 bytes/),
  )
})

test('a program that takes too long is killed', async () => {
  const clock = new FakeClock()
  const result = assert.rejects(
    runProgram(script(waitForever, { clock }), never),
    failsWith(/took more than 30000 ms/),
  )

  await clock.advance(30_000)

  await result
  assert.equal(clock.pendingTimers, 0)
})

test('an abort kills the program and rejects with its reason', async () => {
  const hangUp = new AbortController()
  const result = runProgram(script(waitForever), hangUp.signal)
  await setImmediate()

  hangUp.abort(new Error('the caller hung up'))

  await assert.rejects(result, /the caller hung up/)
})

test('a program that does not read its input is no trouble', async () => {
  assert.equal((await runProgram(script('', { input: 'x'.repeat(1_000_000) }), never)).length, 0)
})

test('a program that is nowhere, or is none, is not found', async () => {
  assert.equal(await findProgram('no-such-program', systemFolders, systemClock), undefined)
  assert.equal(await findProgram('package.json', ['.'], systemClock), undefined)
  assert.equal(await findProgram('flite', [], systemClock), undefined)
})
