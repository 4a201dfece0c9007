#!/usr/bin/env -S node --max-semi-space-size=4
// A small young generation halves the memory per call and costs no time (bench/ivr.ts).
// Plain JavaScript on purpose: it runs on any Node, to say which one Linnet needs, and turns on the compile cache before
// the first TypeScript module. The cache halves start-up time and saves the memory of the type stripper, in worker
// threads too: they find it in the environment.
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 12)) {
  console.error(
    `linnet: needs Node 24.12 or newer, this is ${process.version}; npm start and npm run linnet bring their own`,
  )
  process.exit(1)
}
module.enableCompileCache()
process.env.NODE_COMPILE_CACHE ??= module.getCompileCacheDir()
const { runCommand } = await import('../src/cli/run-command.ts')
process.exitCode = await runCommand(process.argv.slice(2))
