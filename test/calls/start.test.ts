import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freeTcpPort, freeUdpPort } from '../support/free-ports.ts'
import { failOnLeaks } from '../support/no-leaks.ts'
import { startServer } from '../support/server.ts'

failOnLeaks()

const main = fileURLToPath(new URL('../../bin/linnet.mjs', import.meta.url))
let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'linnet-start-'))
})
after(() => rmSync(folder, { recursive: true }))

/** Runs a command to its end; it must end by itself. */
async function linnet(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', LINNET_DATA_DIR: join(folder, 'data'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [output, errors] = ['', '']
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString()
  })
  const [code] = await once(child, 'close')
  return { code: code as number, output, errors }
}

/** Settings of a server that can start. */
async function freePorts(): Promise<Record<string, string>> {
  return {
    LINNET_HTTP_LISTEN: `127.0.0.1:${await freeTcpPort()}`,
    LINNET_SIP_LISTEN: `udp:127.0.0.1:${await freeUdpPort()}`,
    LINNET_LOG_LEVEL: 'error',
  }
}

/** The one line that a failed start leaves, without anything else. */
async function failedStart(
  environment: Record<string, string>,
  args: readonly string[] = ['serve'],
): Promise<string> {
  const { code, errors } = await linnet(args, { ...(await freePorts()), ...environment })
  assert.equal(code, 1)
  const lines = errors.trim().split('\n')
  assert.equal(lines.length, 1, errors)
  return lines[0] ?? ''
}

test('an HTTP port that is taken is told with the setting that changes it', async () => {
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const line = await failedStart({ LINNET_HTTP_LISTEN: `127.0.0.1:${port}` })
  taken.close()
  assert.match(
    line,
    new RegExp(`^linnet: can't listen on 127.0.0.1:${port}: another program uses it.*LINNET_HTTP_LISTEN$`),
  )
})

test('a SIP port that is taken is told with the setting that changes it', async () => {
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const line = await failedStart({ LINNET_SIP_LISTEN: `tcp:127.0.0.1:${port}` })
  taken.close()
  assert.match(
    line,
    new RegExp(`can't listen on tcp:127.0.0.1:${port}: another program uses it.*LINNET_SIP_LISTEN$`),
  )
})

test('a data folder that can not be written is told, with what to do', async () => {
  writeFileSync(join(folder, 'file'), '')
  const line = await failedStart({ LINNET_DATA_DIR: join(folder, 'file', 'data') })
  assert.match(
    line,
    /^linnet: can't write to the data folder .*; make it writable, or name another one with LINNET_DATA_DIR$/,
  )
})

test('an unknown setting is told, in the file, the environment and on the command line', async () => {
  writeFileSync(join(folder, 'bad.yaml'), 'htpp-listen: 127.0.0.1:1\n')
  assert.match(
    await failedStart({ LINNET_CONFIG: join(folder, 'bad.yaml') }),
    /^linnet: unknown key htpp-listen in .*; known: /,
  )
  assert.match(
    await failedStart({ LINNET_PORT: '1' }),
    /^linnet: unknown environment variable LINNET_PORT; known: /,
  )
  assert.match(await failedStart({}, ['serve', '--port', '1']), /^linnet: Unknown option '--port'/)
})

test('a data folder that another server uses is told, and the other one is not disturbed', async () => {
  await using server = await startServer()
  const line = await failedStart({ LINNET_DATA_DIR: server.dataDir })
  assert.match(line, /^linnet: the data folder .* is in use by another Linnet; .*LINNET_DATA_DIR$/)
  assert.equal((await fetch(`${server.http}/readyz`)).status, 200)
})

test('a database that is none is told', async () => {
  const data = join(folder, 'nodb')
  await linnet(['help'])
  writeFileSync(join(folder, 'x'), '')
  const { mkdirSync } = await import('node:fs')
  mkdirSync(data)
  writeFileSync(join(data, 'linnet.db'), 'this is no database, whatever its name says'.repeat(100))
  assert.match(await failedStart({ LINNET_DATA_DIR: data }), /^linnet: .*linnet\.db/)
})

test('help names the commands, and an unknown one is an error', async () => {
  const help = await linnet(['help'])
  const unknown = await linnet(['dance'])
  assert.equal(help.code, 0)
  assert.match(help.output, /linnet serve[\s\S]*linnet key create[\s\S]*linnet call show/)
  assert.equal(unknown.code, 1)
  assert.match(unknown.errors, /unknown command dance/)
})

test('config prints what is in force, without secrets', async () => {
  const { code, output } = await linnet(['config'], { LINNET_BOOTSTRAP_KEY: 'live_0123456789abcdef' })
  assert.equal(code, 0)
  assert.match(output, /^sip-listen: "udp:127\.0\.0\.1:5060,tcp:127\.0\.0\.1:5060" # default$/m)
  assert.doesNotMatch(output, /0123456789abcdef/)
})

test('the first start shows a live and a test key once; keys made beside the running server work at once, revoked ones stop', async () => {
  await using server = await startServer()
  const banner = server.log.join('\n')
  assert.match(banner, /test_[0-9a-f]{32}/)
  assert.match(banner, /curl -H .Authorization: AccessKey/)
  const environment = { LINNET_DATA_DIR: server.dataDir }
  const statusWith = async (key: string) =>
    (await fetch(`${server.http}/calls`, { headers: { authorization: `AccessKey ${key}` } })).status

  const made = await linnet(['key', 'create', '--test', '--name', 'ci'], environment)
  const key = made.output.trim()
  assert.match(key, /^test_[0-9a-f]{32}$/)
  assert.equal(await statusWith(key), 200)
  assert.equal(await statusWith('live_wrong'), 401)

  const listed = await linnet(['key', 'list'], environment)
  const id =
    listed.output
      .split('\n')
      .find((line) => line.endsWith('ci'))
      ?.split(' ')[0] ?? ''
  assert.doesNotMatch(listed.output, new RegExp(key))
  assert.equal((await linnet(['key', 'revoke', id], environment)).code, 0)
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  assert.equal(await statusWith(key), 401)

  assert.equal(await server.stop(), 0)
  await server.restart()
  assert.doesNotMatch(server.log.join('\n').slice(banner.length), /test_[0-9a-f]{32}/)
  assert.equal((await fetch(`${server.http}/livez`)).status, 200)
  assert.equal((await fetch(`${server.http}/readyz`)).status, 200)
})
