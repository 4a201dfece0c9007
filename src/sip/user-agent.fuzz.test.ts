import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UserAgentBench } from '../../test/support/user-agent-bench.ts'
import type { SipSource } from './transport.ts'

const stranger: SipSource = {
  transport: 'udp',
  address: '127.0.0.9',
  port: 5060,
  localAddress: '127.0.0.1',
  localPort: 5060,
}

const method = fc.constantFrom('INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'UPDATE', 'INFO', 'REGISTER', 'X')
const oddity = fc.constantFrom(
  '',
  '<sip:a@127.0.0.9>',
  '<sip:a@127.0.0.9>;tag=',
  '<sip:a@[::1',
  'tel:+1',
  '*',
  '"\\',
  '<sips:x;transport=udp>',
  '<sip:a@127.0.0.9;lr>, <sip:b@127.0.0.9>',
)
const headerValue = fc.oneof(
  oddity,
  fc.string({ maxLength: 30 }),
  fc.integer({ min: -1, max: 2 ** 33 }).map((number) => `${number}`),
)

const message = fc.record({
  startLine: fc.oneof(
    method.map((name) => `${name} sip:100@127.0.0.1 SIP/2.0`),
    fc.integer({ min: 0, max: 999 }).map((status) => `SIP/2.0 ${status} Odd`),
  ),
  cseq: fc.tuple(fc.nat({ max: 5 }), method).map(([number, name]) => `${number} ${name}`),
  branch: fc.constantFrom('z9hG4bK1', 'z9hG4bK2', '1', ''),
  toTag: fc.constantFrom('', ';tag=1', ';tag=2', ';tag=3', ';tag=4'),
  changed: fc.dictionary(
    fc.constantFrom(
      'Via',
      'From',
      'To',
      'Contact',
      'Record-Route',
      'Require',
      'CSeq',
      'Max-Forwards',
      'Content-Type',
      'Reason',
    ),
    headerValue,
    { maxKeys: 3 },
  ),
  body: fc.constantFrom('', 'v=0'),
})

test('no sequence of odd messages throws, wakes a handler twice or leaves anything behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 20 }), async (messages) => {
      const bench = new UserAgentBench()
      const dialog = await bench.establish()
      for (const { startLine, cseq, branch, toTag, changed, body } of messages) {
        const headers: Record<string, string> = {
          Via: `SIP/2.0/UDP 127.0.0.9;branch=${branch}`,
          From: '<sip:peer@127.0.0.2>;tag=peer',
          To: `<sip:100@127.0.0.1>${toTag}`,
          'Call-ID': 'call',
          CSeq: startLine.startsWith('SIP') ? cseq : `${cseq.split(' ')[0]} ${startLine.split(' ')[0]}`,
          Contact: '<sip:peer@127.0.0.2>',
          'Max-Forwards': '70',
          'Content-Type': 'application/sdp',
          ...changed,
        }
        const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
        const text = [startLine, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n')
        bench.userAgent.receive(Buffer.from(text), stranger)
        await bench.clock.advance(0)
      }
      for (const invite of bench.invites) invite.reject(480, 'Temporarily Unavailable')
      void dialog.bye()
      await bench.drain()
      assert.ok(bench.events.filter((event) => event.includes('ended')).length <= 1)
    }),
    { numRuns: 200 },
  )
})

test('no mutation of the bytes of a call throws', async () => {
  const bench = new UserAgentBench()
  const seen: Buffer[] = []
  bench.network.fate = ({ message: text }) => {
    seen.push(Buffer.from(text))
    return {}
  }
  await bench.establish()
  bench.peer.request('UPDATE', { headers: bench.inDialog('UPDATE', 2), body: 'v=0' })
  bench.peer.request('BYE', { headers: bench.inDialog('BYE', 3) })
  await bench.clock.advance(0)
  const seeds = [...seen]

  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 }),
      async (seed, edits) => {
        const datagram = Buffer.from(seeds[seed % seeds.length] ?? Buffer.alloc(0))
        for (const [at, value] of edits) datagram[at % datagram.length] = value
        bench.userAgent.receive(datagram, stranger)
        for (const invite of bench.invites.splice(0)) invite.reject(480, 'Temporarily Unavailable')
        await bench.clock.advance(0)
      },
    ),
    { numRuns: 500 },
  )
  await bench.drain()
})
