// Runs the tests: `npm test`, or `npm test -- FILE ...` for some of them.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

const wanted = process.argv.slice(2)
const all = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'])
const files = wanted.length > 0 ? wanted : all
const { status } = spawnSync(process.execPath, ['--test', '--test-timeout=120000', ...files], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
