import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { simulate } from 'linnet/testing'
import { RequestError } from '../../src/domain/errors.ts'
import { createErrorHandler } from '../../src/http/errors.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'linnet-flow-'))
after(() => rmSync(folder, { recursive: true }))

/** Runs `linnet flow …` as a process of its own, in the repository's folder. */
function linnetFlow(...args: readonly string[]) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const options = { cwd: root, timeout: 60_000 }
    const child = execFile(process.execPath, ['bin/linnet.mjs', 'flow', ...args], options, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('flow check finds nothing in the example, and exits with 0', async () => {
  const path = 'examples/menu.flow.json'
  assert.deepEqual(await linnetFlow('check', path), {
    code: 0,
    out: `${path}: 5 steps, nothing found\n`,
    err: '',
  })
})

test('flow check tells mistakes in lines, and exits with 1', async () => {
  const path = 'examples/mistakes.flow.json'
  const { code, out } = await linnetFlow('check', path)
  assert.equal(code, 1)
  const rules = [...out.matchAll(/: (error|warning): steps\[\d\] \((\w+)\): .* \[(\w+)\]$/gm)].map((match) =>
    match.slice(1).join(' '),
  )
  assert.deepEqual(rules, [
    'warning menu noTimeForKeys',
    'error sales neverHolds',
    'warning support valueNeverGathered',
    'warning leaveMessage endlessRecording',
    'warning bye unreachable',
  ])
  assert.match(out, /: 1 error, 4 warnings\n$/)
})

test('flow check --json prints faults with the code that the API has for them', async () => {
  const path = file(
    'faults.xml',
    '<CallFlow><Pause/><Dance/><Say language="en-GB" voice="robot">Hi</Say></CallFlow>',
  )
  const { code, out } = await linnetFlow('check', path, '--json')
  assert.equal(code, 1)
  const findings = JSON.parse(out)
  assert.deepEqual(
    findings.map((finding: Record<string, unknown>) => [finding['code'], finding['field']]),
    [
      [11, 'steps[0].options.length'],
      [12, 'steps[1].action'],
      [12, 'steps[2].options.voice'],
    ],
  )
  for (const { rule, code } of findings) assert.equal(code, apiCode(rule))
})

/** The code of a kind of fault as the API answers it. */
function apiCode(kind: RequestError['faults'][0]['kind']): number {
  let body = '{}'
  const reply = {
    code: () => reply,
    headers: () => reply,
    send: (text: string) => {
      body = text
    },
  }
  type Handler = ReturnType<typeof createErrorHandler>
  const [logger, request] = [{}, {}] as [Parameters<typeof createErrorHandler>[0], Parameters<Handler>[1]] // not looked at
  createErrorHandler(logger, 400)(
    new RequestError({ kind, message: 'x' }),
    request,
    reply as unknown as Parameters<Handler>[2],
  ) // all it uses
  return JSON.parse(body).errors[0].code
}

test('flow run prints the call as a timeline, with flows from files, and exits with 0', async () => {
  const { code, out, err } = await linnetFlow(
    ...['run', 'examples/menu.flow.json', '--press', '2@1s', '--press', '42#@2s', '--source', '31644556677'],
    ...['--fetch', 'https://flows.example.com/=examples/customer.flow.json'],
  )
  assert.deepEqual([code, err], [0, ''])
  const lines = out.split('\n')
  assert.equal(lines[1], '    0.000  leg 1  incoming from 31644556677 to unknown')
  assert.ok(lines.includes('    2.000  leg 1  gathered "42" as customer'))
  assert.ok(lines.includes('    2.000  leg 1  call flow of 1 steps begins (from fetch)'))
  assert.equal(lines.at(-2), 'flowEnded after 3.98 s; 4 of 6 steps ran, not hours, bye')
})

test('flow run exits with 1 when the caller hangs up, and --json prints what simulate gives', async () => {
  const steps = [{ action: 'pause', options: { length: 60 } }]
  const path = file('pause.json', JSON.stringify(steps))
  const { code, out } = await linnetFlow('run', path, '--hangup', '10s', '--json')
  assert.equal(code, 1)
  assert.deepEqual(JSON.parse(out), await simulate(steps, { hangUpAt: '10s' }))
})

test('flow run never fetches from the network', async () => {
  const { code, out } = await linnetFlow('run', 'examples/menu.flow.json', '--press', '2@1s,42#@2s')
  assert.equal(code, 1)
  assert.match(out, /no flow is given for https:\/\/flows\.example\.com\/customer, and nothing is fetched/)
})

test('flow run tells the faults of a flow, and exits with 1', async () => {
  const { code, out, err } = await linnetFlow('run', file('bad.json', '{"steps":[{"action":"pause"}]}'))
  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /error: steps\[0\]\.options\.length: .* \[missing, code 11\]/)
})

test('wrong usage is told in one line, with exit code 2', async () => {
  const menu = 'examples/menu.flow.json'
  for (const [args, message] of [
    [[], /^linnet: say what to do: flow check FILE, or flow run FILE\n$/],
    [['check'], /^linnet: say which file: flow check FILE\n$/],
    [['check', join(folder, 'absent.json')], /^linnet: can't read .*absent\.json \(ENOENT\)\n$/],
    [['run', menu, '--loud'], /^linnet: Unknown option '--loud'.*\n$/],
    [['run', menu, '--press', '2'], /^linnet: `2` is no press of keys: .*\n$/],
    [['run', menu, '--fetch', 'https://a.example/'], /^linnet: .* is not URL=FILE: .*\n$/],
  ] as const) {
    const { code, out, err } = await linnetFlow(...args)
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, message)
  }
})
