/**
 * Parses per second of CPU time of a 1 KB INVITE with SDP, the headers included that the user agent reads of each.
 * Run: node bench/sip-parse.ts [seconds]
 */
import { identityOf } from '../src/sip/identity.ts'
import { parseSipMessage } from '../src/sip/parse.ts'

const TARGET_PER_SECOND = 100_000
const ROUNDS = 5

const sdp = [
  'v=0',
  'o=- 3724394400 3724394401 IN IP4 198.51.100.20',
  's=-',
  'c=IN IP4 198.51.100.20',
  't=0 0',
  'm=audio 30424 RTP/AVP 8 0 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendrecv',
  '',
].join('\r\n')

const invite = Buffer.from(
  [
    'INVITE sip:+31201234567@192.0.2.10:5060;transport=udp SIP/2.0',
    'Via: SIP/2.0/UDP 198.51.100.20:5060;rport;branch=z9hG4bKPj8a1c0d5e4f4b4a6c9c2f1d3e5a7b9c0d',
    'Max-Forwards: 70',
    'From: "Ada Lovelace" <sip:+31612345678@198.51.100.20>;tag=5f3c9a7e1b2d4c6f',
    'To: <sip:+31201234567@192.0.2.10>',
    'Contact: <sip:+31612345678@198.51.100.20:5060>',
    'Call-ID: 2d8f1e4c-7b6a-4c3d-9e5f-1a2b3c4d5e6f@198.51.100.20',
    'CSeq: 20717 INVITE',
    'Allow: PRACK, INVITE, ACK, BYE, CANCEL, UPDATE, INFO, SUBSCRIBE, NOTIFY, REFER, MESSAGE, OPTIONS',
    'Supported: replaces, 100rel, timer, norefersub',
    'Session-Expires: 1800',
    'Min-SE: 90',
    'User-Agent: Example Gateway 4.2.1',
    'Content-Type: application/sdp',
    `Content-Length: ${Buffer.byteLength(sdp)}`,
    '',
    sdp,
  ].join('\r\n'),
)

/** Everything that an INVITE's way to its transaction and dialog needs: top Via, From, To, Call-ID and CSeq. */
function readAsUserAgent(datagram: Buffer): number {
  const message = parseSipMessage(datagram)
  if (message.kind === 'failure') throw new Error(message.reason)
  const identity = identityOf(message.headers)
  if (typeof identity === 'string') throw new Error(identity)
  const { via, from, to, callId, cseq } = identity
  return via.parameters.size + from.parameters.size + to.parameters.size + callId.length + cseq.number
}

/** Runs per second of CPU time, so that a busy machine counts less. The garbage collector's threads are counted in. */
function perCpuSecond(run: (datagram: Buffer) => unknown, seconds: number): number {
  const before = process.cpuUsage()
  let count = 0
  for (;;) {
    for (let index = 0; index < 500; index++) run(invite)
    count += 500
    const { user, system } = process.cpuUsage(before)
    if (user + system >= seconds * 1e6) return (count * 1e6) / (user + system)
  }
}

const seconds = Math.min(Number(process.argv[2] ?? 0.6), 10)
const middle = (values: number[]) => Math.round(values.sort((a, b) => a - b)[values.length >> 1] ?? 0)
const measure = (run: (datagram: Buffer) => unknown) => {
  perCpuSecond(run, seconds / 2)
  return middle(Array.from({ length: ROUNDS }, () => perCpuSecond(run, seconds)))
}

console.log(
  `INVITE of ${invite.length} bytes, median of ${ROUNDS} × ${seconds} s of CPU time, Node ${process.version}`,
)
console.log(`parsed                          ${measure(parseSipMessage)}/s`)
const withHeaders = measure(readAsUserAgent)
console.log(`parsed, and five headers read   ${withHeaders}/s (target ${TARGET_PER_SECOND}/s)`)
process.exitCode = withHeaders >= TARGET_PER_SECOND ? 0 : 1
