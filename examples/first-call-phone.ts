// Calls a SIP URI, presses 1 after two seconds, stays until the other side hangs up, and writes what it heard.
// Usage: node first-call-phone.ts URI HEARD.WAV
import { setTimeout as sleep } from 'node:timers/promises'
import { writeWav } from '../test/support/listen/wav.ts'
import { openPhone } from '../test/support/phone.ts'

const [uri = '', path = 'heard.wav'] = process.argv.slice(2)
await using phone = await openPhone({ user: 'first-call' })
const call = await phone.call(uri)
await call.waitFor('2xx INVITE', { timeoutMs: 15_000 })
await sleep(2_000)
await call.media.press('1')
await call.waitForEnd(60_000)
writeWav(path, { samples: call.media.heard().samples, sampleRateHz: 8_000 })
