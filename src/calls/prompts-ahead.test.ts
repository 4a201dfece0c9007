import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Prompt, PromptError, type SpeechRequest } from '../domain/speech.ts'
import type { PromptHint } from '../flow/prompts-ahead.ts'
import { PromptsAhead } from './prompts-ahead.ts'

const promptOf = (bytes: number): Prompt => ({
  durationMs: bytes / 8,
  pcmu: new SharedArrayBuffer(bytes),
  pcma: new SharedArrayBuffer(bytes),
})

interface Request {
  readonly what: string
  readonly signal: AbortSignal
  readonly resolve: (prompt: Prompt) => void
  readonly reject: (error: unknown) => void
}

/** Prompts that are ready when the test says so. */
function open() {
  const requests: Request[] = []
  const ask = (what: string, signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<Prompt>()
    signal.addEventListener('abort', () => reject(signal.reason))
    requests.push({ what, signal, resolve, reject })
    return promise
  }
  const ahead = new PromptsAhead({
    say: ({ text, language, voice }: SpeechRequest, signal) => ask(`${text} ${language} ${voice}`, signal),
    load: ask,
  })
  const call = new AbortController()
  return {
    ahead,
    call,
    requests,
    asked: () => requests.map(({ what }) => what),
    alive: () => requests.filter(({ signal }) => !signal.aborted).map(({ what }) => what),
    want: (...files: string[]) => ahead.want(hints(files), call.signal),
    get: (file: string, signal = call.signal) => ahead.get({ play: file }, signal),
  }
}

const hints = (files: readonly string[]): PromptHint[] => files.map((play) => ({ play }))

test('what is wanted is loaded once and given when it is asked for', async () => {
  const { ahead, call, requests, asked } = open()
  const say = { payload: 'Hello', language: 'en-GB', voice: 'male' } as const
  ahead.want([{ say }, { play: 'a.wav' }, { say: { ...say, language: 'en-gb' } }], call.signal)
  assert.deepEqual(asked(), ['Hello en-gb male', 'a.wav'])
  const [hello, file] = [promptOf(160), promptOf(320)]
  requests[0]?.resolve(hello)
  assert.equal(await ahead.get({ say }, call.signal), hello)
  const waiting = ahead.get({ play: 'a.wav' }, call.signal)
  requests[1]?.resolve(file)
  assert.equal(await waiting, file)
  assert.equal(requests.length, 2)
})

test('a prompt serves one playing, and what was never wanted is loaded when it is asked for', async () => {
  const { want, get, requests, asked } = open()
  want('a')
  requests[0]?.resolve(promptOf(160))
  await get('a')
  const again = promptOf(160)
  const [second, other] = [get('a'), get('b')]
  requests[1]?.resolve(again)
  requests[2]?.resolve(again)
  assert.equal(await second, again)
  assert.equal(await other, again)
  assert.deepEqual(asked(), ['a', 'a', 'b'])
})

test('four at most are loading or ready; each that is taken, or fails, makes room for one', async () => {
  const { want, get, requests, asked } = open()
  want('1', '2', '3', '4', '5', '6', '7')
  assert.deepEqual(asked(), ['1', '2', '3', '4'])
  requests[0]?.resolve(promptOf(160))
  await get('1')
  assert.deepEqual(asked(), ['1', '2', '3', '4', '5'])
  requests[1]?.reject(new PromptError('not there'))
  await turn()
  assert.deepEqual(asked(), ['1', '2', '3', '4', '5', '6'])
})

test('what is not wanted any more is given up, and what still is goes on', async () => {
  const { want, get, requests, alive, asked } = open()
  want('a', 'b')
  want('b', 'c')
  assert.deepEqual(alive(), ['b', 'c'])
  await turn() // the one that was given up has rejected: nobody is told
  const b = promptOf(160)
  requests[1]?.resolve(b)
  assert.equal(await get('b'), b)
  assert.deepEqual(asked(), ['a', 'b', 'c'])
})

test('a prompt that failed beforehand is asked for again, and then its error is told', async () => {
  const { want, get, requests } = open()
  want('a')
  requests[0]?.reject(new PromptError('first'))
  await turn()
  const attempt = get('a')
  requests[1]?.reject(new PromptError('second'))
  await assert.rejects(attempt, { name: 'PromptError', message: 'second' })
})

test('a prompt that fails while its step waits for it tells its error', async () => {
  const { want, get, requests } = open()
  want('a')
  const attempt = get('a')
  requests[0]?.reject(new PromptError('not there'))
  await assert.rejects(attempt, { message: 'not there' })
  assert.equal(requests.length, 1)
})

test('a step that ends its wait, by a key, ends the loading', async () => {
  const { want, get, alive } = open()
  want('a', 'b')
  const step = new AbortController()
  const attempt = get('a', step.signal)
  const key = new Error('a key was pressed')
  step.abort(key)
  await assert.rejects(attempt, key)
  assert.deepEqual(alive(), ['b'])
  await assert.rejects(get('b', step.signal), key)
})

test('the end of the call ends all loading, and another flow can want the same', async () => {
  const { ahead, want, call, alive, asked, requests } = open()
  want('1', '2', '3', '4', '5')
  call.abort(new Error('the flow was replaced'))
  assert.deepEqual(alive(), [])
  const next = new AbortController()
  ahead.want(hints(['1']), next.signal)
  assert.deepEqual(alive(), ['1'])
  const prompt = promptOf(160)
  requests.at(-1)?.resolve(prompt)
  assert.equal(await ahead.get({ play: '1' }, next.signal), prompt)
  await turn()
  assert.deepEqual(asked(), ['1', '2', '3', '4', '1'])
})
