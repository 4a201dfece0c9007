/**
 * CPU time of one answered and ended call between two user agents in one process, over an in-memory network:
 * INVITE, 401, ACK, INVITE with digest, 100, 180, 200, ACK, BYE, 200; nine messages are parsed and built at either end.
 * Run: node bench/sip-calls.ts [calls]
 */
import { systemClock } from '../src/runtime/clock.ts'
import { systemIds } from '../src/runtime/ids.ts'
import { silentLogger } from '../src/runtime/logger.ts'
import type { NameAddress, SipUri } from '../src/sip/message.ts'
import type { SipTransports } from '../src/sip/transport.ts'
import type { DialogHandler, IncomingInvite, UserAgent } from '../src/sip/user-agent.ts'
import { createUserAgent } from '../src/sip/user-agent-core.ts'

const ROUNDS = 5
const TARGET_MS = 0.8

const sdp = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 20000 RTP/AVP 8 0 101',
  'a=rtpmap:101 telephone-event/8000',
  '',
].join('\r\n')

const handler: DialogHandler = { onEnd: () => {}, onOffer: () => ({ sdp }) }
const hosts = new Map<string, UserAgent>()

function transportsOf(address: string): SipTransports {
  return {
    send: (message, target) =>
      queueMicrotask(() =>
        hosts.get(target.address)?.receive(message, {
          transport: 'udp',
          address,
          port: 5060,
          localAddress: target.address,
          localPort: 5060,
        }),
      ),
    resolve: (host, port = 5060, transport) => Promise.resolve([{ transport, address: host, port }]),
    localAddressFor: () => ({ transport: 'udp', address, port: 5060 }),
  }
}

function openUserAgent(address: string, onInvite: (invite: IncomingInvite) => void): UserAgent {
  const userAgent = createUserAgent({
    transports: transportsOf(address),
    onInvite: (invite) => {
      onInvite(invite)
      return { onCancel: () => {}, onFailure: () => {} }
    },
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
  })
  hosts.set(address, userAgent)
  return userAgent
}

function answer(invite: IncomingInvite): void {
  if (invite.headers.get('Authorization') === undefined) {
    const challenge = `Digest realm="bench", nonce="${invite.callId}", qop="auth", algorithm=SHA-256`
    invite.reject(401, 'Unauthorized', [['WWW-Authenticate', challenge]])
    return
  }
  invite.ring(180, 'Ringing')
  queueMicrotask(() => invite.accept(sdp, handler))
}

const target: SipUri = { scheme: 'sip', user: 'bob', host: '127.0.0.2', parameters: new Map() }
const address: NameAddress = { uri: target, parameters: new Map() }

async function runCall(caller: UserAgent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  caller.invite(
    { target, from: address, to: address, sdp, credentials: { username: 'bench', password: 'secret' } },
    {
      onProvisional: () => {},
      onAnswer: (dialog) => {
        queueMicrotask(() => void dialog.bye().then(resolve))
        return handler
      },
      onFailure: ({ status }) => reject(new Error(`call failed with ${status}`)),
    },
  )
  await promise
}

async function cpuMsPerCall(caller: UserAgent, calls: number): Promise<number> {
  const before = process.cpuUsage()
  for (let call = 0; call < calls; call++) {
    await runCall(caller)
    if (call % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / calls
}

const calls = Number(process.argv[2] ?? 2_000)
await using caller = openUserAgent('127.0.0.1', () => {})
await using callee = openUserAgent('127.0.0.2', answer)
await cpuMsPerCall(caller, 500)
const rounds: number[] = []
for (let round = 0; round < ROUNDS; round++) rounds.push(await cpuMsPerCall(caller, calls))
const perEnd = (rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0) / 2
const kept = callee.size.transactions
console.log(
  `${perEnd.toFixed(3)} ms of CPU per call and end with digest (goal for all of Linnet: ${TARGET_MS} ms), median of ${ROUNDS}; ` +
    `${kept} transactions still wait out their timers, heap ${Math.round(process.memoryUsage().heapUsed / 2 ** 20)} MiB`,
)
