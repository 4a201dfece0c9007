import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, printConfig, readConfig } from './config.ts'

const noFile = { environment: {} }

/** Reads a configuration file with this text. */
function readText(text: string, environment: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-config-'))
  try {
    const path = join(folder, 'linnet.yaml')
    writeFileSync(path, text)
    return readConfig({ environment: { ...environment, LINNET_CONFIG: path } })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('without a file, environment or flags everything stays on this machine', () => {
  const config = readConfig(noFile)

  assert.deepEqual(config.httpListen, { address: '127.0.0.1', port: 8080 })
  assert.deepEqual(config.sipListen, [
    { transport: 'udp', address: '127.0.0.1', port: 5060 },
    { transport: 'tcp', address: '127.0.0.1', port: 5060 },
  ])
  assert.deepEqual(config.rtpPorts, { first: 20_000, last: 29_999 })
  assert.equal(config.publicAddress, undefined)
  assert.deepEqual(config.trunks, [])
})

test('the environment wins over the file, and a flag over both', () => {
  const fromFile = readText('log-level: warn\nmax-calls: 7\n')
  const fromEnvironment = readText('log-level: warn\n', { LINNET_LOG_LEVEL: 'error' })
  const fromFlag = readConfig({ environment: { LINNET_LOG_LEVEL: 'error' }, flags: { 'log-level': 'debug' } })

  assert.deepEqual([fromFile.logLevel, fromFile.maxCalls], ['warn', 7])
  assert.equal(fromEnvironment.logLevel, 'error')
  assert.equal(fromFlag.logLevel, 'debug')
})

test('lists and maps of the file read like the text of the environment', () => {
  const config = readText(
    'sip-listen:\n  - udp:127.0.0.1:5070\n  - tcp:[::1]:5071\ntrunks:\n  carrier: sip:u%40x:p:w@sip.example.net:5090;transport=tcp\n',
  )

  assert.deepEqual(config.sipListen, [
    { transport: 'udp', address: '127.0.0.1', port: 5070 },
    { transport: 'tcp', address: '::1', port: 5071 },
  ])
  assert.deepEqual(config.trunks, [
    {
      name: 'carrier',
      host: 'sip.example.net',
      port: 5090,
      transport: 'tcp',
      username: 'u@x',
      password: 'p:w',
    },
  ])
})

test('a switch takes yes and no, and what YAML makes of them', () => {
  const switched = ['yes', 'no', 'true', 'false', '"No"'].map((text) => readText(`record-beep: ${text}\n`))
  assert.deepEqual(
    switched.map(({ recordBeep }) => recordBeep),
    [true, false, true, false, false],
  )
  assert.equal(readConfig(noFile).recordBeep, true)
  assert.throws(() => readText('record-beep: 2\n'), /record-beep in .* is "2"; expected yes or no/)
})

test('LINNET_TRUNK is one trunk', () => {
  const { trunks } = readConfig({
    environment: { LINNET_TRUNK: 'sip:alice:secret@127.0.0.1:5080;transport=udp' },
  })
  assert.deepEqual(trunks, [
    { name: 'trunk', host: '127.0.0.1', port: 5080, transport: 'udp', username: 'alice', password: 'secret' },
  ])
})

for (const [what, environment, message] of [
  [
    'an unknown variable',
    { LINNET_HTPP_LISTEN: 'x' },
    /unknown environment variable LINNET_HTPP_LISTEN; known: /,
  ],
  [
    'a host name to listen on',
    { LINNET_HTTP_LISTEN: 'localhost:80' },
    /^LINNET_HTTP_LISTEN is "localhost:80"; expected /,
  ],
  ['a port out of range', { LINNET_HTTP_LISTEN: '127.0.0.1:65536' }, /LINNET_HTTP_LISTEN/],
  ['an unknown transport', { LINNET_SIP_LISTEN: 'sctp:127.0.0.1:5060' }, /expected TRANSPORT:ADDRESS:PORT/],
  ['a reversed port range', { LINNET_RTP_PORTS: '3000-2000' }, /LINNET_RTP_PORTS/],
  [
    'a short key, without showing it',
    { LINNET_BOOTSTRAP_KEY: 'live_x' },
    /^LINNET_BOOTSTRAP_KEY is \(hidden\); expected/,
  ],
  ['a trunk without a host', { LINNET_TRUNK: 'sip:' }, /LINNET_TRUNK/],
  ['no media worker', { LINNET_MEDIA_WORKERS: '0' }, /a whole number from 1 to 256/],
] as const) {
  test(`${what} is refused in one line`, () => {
    assert.throws(
      () => readConfig({ environment }),
      (error: Error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /\n|live_x/)
        return true
      },
    )
  })
}

for (const [what, text, message] of [
  [
    'an unknown key',
    'http-lisen: 127.0.0.1:80',
    /unknown key http-lisen in .*; known: data-dir, http-listen/,
  ],
  ['broken YAML', 'a: [', /is not YAML/],
  ['a list as document', '- 1', /must hold "key: value" lines/],
  ['a map where a value belongs', 'data-dir: {a: b}', /must be a plain value/],
] as const) {
  test(`a file with ${what} is refused in one line`, () => {
    assert.throws(
      () => readText(text),
      (error: Error) => error instanceof ConfigError && message.test(error.message),
    )
  })
}

test('a file that LINNET_CONFIG names must exist', () => {
  assert.throws(() => readConfig({ environment: { LINNET_CONFIG: '/nonexistent/linnet.yaml' } }), ConfigError)
})

test('the printed configuration reads back as itself, says where each value comes from, and shows no secret', () => {
  const environment = {
    LINNET_SIP_LISTEN: 'udp:127.0.0.1:5099',
    LINNET_TRUNK: 'sip:alice:secret@127.0.0.1',
    LINNET_BOOTSTRAP_KEY: 'live_0123456789abcdef',
  }
  const printed = printConfig({ environment })
  const readable = printed.replaceAll('"***"', '""')

  assert.doesNotMatch(printed, /secret|0123456789abcdef/)
  assert.match(printed, /^sip-listen: "udp:127.0.0.1:5099" # LINNET_SIP_LISTEN$/m)
  const { trunks: _, bootstrapKey: __, ...plain } = readConfig({ environment })
  const { trunks: ___, bootstrapKey: ____, ...again } = readText(readable)
  assert.deepEqual(again, plain)
})
