// Runs calls of the official Node SDK, one after the other: `node node-sdk-client.ts PORT KEY CALLS`, where CALLS is a JSON
// list of [method, ...arguments], such as ["calls.read", "…"]. Prints a JSON list of what the callbacks got.
// The SDK has its host built in; here TLS connections to it go to PORT on loopback. The SDK itself stays as published,
// and Node checks the certificate against the host's name as ever.
import { createRequire } from 'node:module'
import tls from 'node:tls'

const VOICE_HOST = 'voice.messagebird.com'
const [port = '', key = '', calls = '[]'] = process.argv.slice(2)

const connect = tls.connect
Object.assign(tls, {
  connect: (options: tls.ConnectionOptions, onConnect?: () => void) => {
    if (options.host !== VOICE_HOST || options.port !== 443) {
      throw new Error(`the SDK may not connect to ${options.host}:${options.port}`)
    }
    return connect({ ...options, host: '127.0.0.1', port: Number(port), servername: VOICE_HOST }, onConnect)
  },
})

type Callback = (error: (Error & { statusCode?: number; errors?: unknown }) | null, result: unknown) => void

const messagebird = createRequire(import.meta.url)('messagebird').initClient(key)
const outcomes: unknown[] = []
for (const [name, ...args] of JSON.parse(calls) as [string, ...unknown[]][]) {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const onDone: Callback = (error, result) =>
    resolve(
      error
        ? { error: error.message, statusCode: error.statusCode, errors: error.errors }
        : { result: typeof result === 'string' ? { text: result } : result },
    )
  const path = name.split('.')
  const method = path.pop() ?? ''
  const owner = path.reduce((object, part) => object[part], messagebird)
  owner[method](...args, onDone)
  outcomes.push(await promise)
}
process.stdout.write(JSON.stringify(outcomes))
