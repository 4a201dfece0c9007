import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serializeWav } from '../../src/audio/wav.ts'
import { freeTcpPort, freeUdpPort } from '../support/free-ports.ts'
import { type HttpFiles, serveFiles } from '../support/http-files.ts'
import { compareHeard } from '../support/listen.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import { Phone } from '../support/phone.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { babble } from '../support/sounds.ts'

failOnLeaks()

const SOUND = babble(2)
let server: TestServer
let files: HttpFiles
let trunk: Phone
let steps: readonly unknown[]

before(async () => {
  trunk = await Phone.open({ user: 'trunk' })
  server = await startServer({
    env: {
      LINNET_TRUNK: `sip:alice:secret@127.0.0.1:${trunk.local.port};transport=udp`,
      LINNET_RING_SECONDS: '5',
      LINNET_SIP_LISTEN: 'udp:127.0.0.1:0,tcp:127.0.0.1:0',
    },
  })
  files = await serveFiles()
  steps = [
    { action: 'play', options: { media: files.serve('/s.wav', serializeWav(SOUND, 8_000), 'audio/wav') } },
  ]
})

after(async () => {
  await files[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await trunk[Symbol.asyncDispose]()
})

/** Starts a call and resolves with its id. */
async function originate(destination: string): Promise<string> {
  const call = await server.create('/calls', { source: '31201234567', destination, callFlow: { steps } })
  assert.equal(call['status'], 'queued')
  return String(call['id'])
}

/** How the call ended: its status, its leg's status and code, and the cause in the journal. */
async function outcome(id: string, timeoutMs = 10_000) {
  const { data } = await server.until(`/calls/${id}`, ({ data: now }) => now['endedAt'] !== null, timeoutMs)
  const leg = (await server.api('GET', `/calls/${id}/legs`)).data
  const last = (await server.journal(id)).at(-1) as unknown as { endReason: { cause: string } }
  return [data['status'], leg['status'], leg['sipResponseCode'], last.endReason.cause]
}

test('a sip: URI is called directly, and the flow is heard from the answer on', async () => {
  await using bob = await Phone.open({ user: 'bob' })
  bob.onInvite((call) => {
    call.ring()
    call.answer()
  })
  const id = await originate(bob.uri)
  const call = await bob.nextCall()
  assert.equal(await call.waitForEnd(), 'them')

  const { correlation, longestGapMs, heardMs } = compareHeard(call.media.heard().samples, SOUND)
  assert.ok(
    correlation > 0.99 && longestGapMs === 0 && heardMs > 1_950,
    `${correlation} ${longestGapMs} ${heardMs}`,
  )
  assert.deepEqual(await outcome(id), ['ended', 'hangup', 200, 'flowEnded'])
})

for (const [what, status, expected] of [
  ['busy', 486, ['busy', 'busy', 486, 'busy']],
  ['busy everywhere', 600, ['busy', 'busy', 486, 'busy']],
  ['declined', 603, ['failed', 'failed', 403, 'rejected']],
  ['unknown', 404, ['failed', 'failed', 404, 'rejected']],
  ['away', 480, ['no_answer', 'no_answer', 480, 'noAnswer']],
  ['broken', 500, ['failed', 'failed', 500, 'rejected']],
] as const) {
  test(`a phone that is ${what} (${status})`, async () => {
    await using bob = await Phone.open({ user: 'bob' })
    bob.onInvite((call) => call.reject(status))
    assert.deepEqual(await outcome(await originate(bob.uri)), expected)
  })
}

test('nobody answers: the INVITE is canceled after the ring time', async () => {
  await using bob = await Phone.open({ user: 'bob' })
  bob.onInvite((call) => call.ring())
  const id = await originate(bob.uri)
  const call = await bob.nextCall()
  await call.waitFor('CANCEL', { timeoutMs: 8_000 })
  assert.deepEqual(await outcome(id), ['no_answer', 'no_answer', 480, 'noAnswer'])
})

test('DELETE while it rings cancels it', async () => {
  await using bob = await Phone.open({ user: 'bob' })
  bob.onInvite((call) => call.ring())
  const id = await originate(bob.uri)
  const call = await bob.nextCall()
  await server.until(`/calls/${id}/legs`, ({ data }) => data['status'] === 'ringing')
  const deleted = await server.api('DELETE', `/calls/${id}`)
  assert.equal(deleted.status, 204)
  await call.waitFor('CANCEL')
  assert.deepEqual(await outcome(id), ['ended', 'hangup', 480, 'deleted'])
})

test('DELETE of an answered call hangs up', async () => {
  await using bob = await Phone.open({ user: 'bob' })
  bob.onInvite((call) => call.answer())
  const id = await originate(bob.uri)
  const call = await bob.nextCall()
  await server.until(`/calls/${id}`, ({ data }) => data['status'] === 'ongoing')
  await server.api('DELETE', `/calls/${id}`)
  assert.equal(await call.waitForEnd(), 'them')
  assert.deepEqual(await outcome(id), ['ended', 'hangup', 200, 'deleted'])
})

test('a phone that answers while its cancellation is on the way is acknowledged and hung up', async () => {
  await using bob = await Phone.open({ user: 'bob' })
  bob.onInvite((call) => {
    call.ring()
    call.onRequest = (request) => {
      if (!request.startLine.startsWith('CANCEL')) return false
      call.answer()
      call.respond(request, 200)
      return true
    }
  })
  const id = await originate(bob.uri)
  const call = await bob.nextCall()
  await server.until(`/calls/${id}/legs`, ({ data }) => data['status'] === 'ringing')
  await server.api('DELETE', `/calls/${id}`)
  await call.waitFor('ACK')
  await call.waitFor('BYE')
  assert.deepEqual(await outcome(id), ['ended', 'hangup', 480, 'deleted'])
})

test('an address where nothing listens is unreachable', async () => {
  const id = await originate(`sip:nobody@127.0.0.1:${await freeUdpPort()}`)
  const [status, leg, code, cause] = await outcome(id, 40_000)
  assert.deepEqual([status, leg, code, cause], ['failed', 'failed', 408, 'unreachable'])
})

test('an address that refuses the connection is unreachable at once', async () => {
  const id = await originate(`sip:nobody@127.0.0.1:${await freeTcpPort()};transport=tcp`)
  assert.deepEqual(await outcome(id), ['failed', 'failed', 503, 'unreachable'])
})

test('a number goes through the trunk and answers its digest challenge', async () => {
  const faults: (string | undefined)[] = []
  trunk.onInvite(async (call) => {
    faults.push(await call.challenge({ user: 'alice', password: 'secret', algorithm: 'SHA-256' }))
    call.answer()
  })
  const id = await originate('+31612345678')
  const call = await trunk.nextCall()
  await call.waitForEnd()
  assert.deepEqual(faults, [undefined])
  assert.match(call.invite.startLine, /^INVITE sip:31612345678@127\.0\.0\.1/)
  assert.deepEqual(await outcome(id), ['ended', 'hangup', 200, 'flowEnded'])
})

test('a trunk that does not believe us ends the call as refused', async () => {
  trunk.onInvite((call) => call.reject(403))
  const id = await originate('31612345678')
  assert.deepEqual(await outcome(id), ['failed', 'failed', 403, 'rejected'])
})
