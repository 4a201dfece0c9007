// The entry of a database thread: owns one connection, takes tasks from its port, answers after their commit.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type SqliteConnection from 'better-sqlite3'
import { StorageError } from '../domain/repositories.ts'
import { openSqliteFile } from './sqlite-file.ts'
import { TaskRunner } from './task-runner.ts'
import type { Answer, Task, ThreadCommand, ThreadOptions, ThreadReport } from './thread-protocol.ts'

/** Tasks that share a commit; bounds how long the first of them waits for the last. */
const MAX_GROUP = 512
/** After these the file may not hold what the connection believes: only a fresh start, with its recovery, can tell. */
const FATAL_CODES = /^SQLITE_(IOERR|CORRUPT|NOTADB)/

function serve(port: MessagePort, options: ThreadOptions): void {
  let connection: SqliteConnection.Database | undefined
  let runner: TaskRunner | undefined

  function report(message: ThreadReport): void {
    port.postMessage(message)
  }

  function open(): void {
    try {
      connection = openSqliteFile(options)
      runner = new TaskRunner(connection)
      report({ type: 'opened' })
    } catch (error) {
      lose(error instanceof StorageError ? error.message : `the database can't be opened: ${error}`)
    }
  }

  function lose(message: string): void {
    report({ type: 'lost', message })
    close()
  }

  function close(): void {
    connection?.close()
    connection = undefined
    runner = undefined
    port.close()
  }

  function runGroup(tasks: readonly Task[]): void {
    if (!runner) return
    const answers = runner.run(tasks)
    report({ type: 'answers', answers: JSON.stringify(answers) })
    const fatal = answers.map(fatalMessage).find((message) => message !== undefined)
    if (fatal) lose(`the database ${options.path} failed (${fatal}); check the disk, then start again`)
  }

  port.on('message', (first: ThreadCommand) => {
    const { tasks, last } = drain(port, first)
    for (let start = 0; start < tasks.length; start += MAX_GROUP) {
      runGroup(tasks.slice(start, start + MAX_GROUP))
    }
    if (last === 'open') open()
    if (last === 'close') close()
  })
  if (options.role === 'writer') open()
}

/** All tasks that wait at the port, up to a command that isn't one; a batch is never split by `MAX_GROUP` before it is whole. */
function drain(port: MessagePort, first: ThreadCommand): { tasks: Task[]; last?: 'open' | 'close' } {
  const tasks: Task[] = []
  for (let command: ThreadCommand | undefined = first; command !== undefined; command = next(port)) {
    if (typeof command === 'string') return { tasks, last: command }
    tasks.push(...command)
    if (tasks.length >= MAX_GROUP) break
  }
  return { tasks }
}

function next(port: MessagePort): ThreadCommand | undefined {
  return receiveMessageOnPort(port)?.message
}

function fatalMessage(answer: Answer): string | undefined {
  if (!('error' in answer)) return undefined
  const { code, message } = answer.error
  return code && FATAL_CODES.test(code) ? `${code}: ${message}` : undefined
}

if (parentPort) serve(parentPort, workerData as ThreadOptions)
