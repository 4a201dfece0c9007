import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { describeRepositories } from '../../test/support/describe-repositories.ts'
import { openSqlite } from './sqlite-database.ts'

const folder = mkdtempSync(join(tmpdir(), 'linnet-repositories-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
describeRepositories('SQLite in memory', () => openSqlite({ path: ':memory:' }))
describeRepositories('an SQLite file', () => openSqlite({ path: join(folder, `${++files}.db`) }))
