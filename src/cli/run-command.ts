import { ConfigError } from '../config.ts'
import { StartError } from '../start-error.ts'

/** A command of the operator. Resolves with the exit code. */
export type Command = (args: readonly string[]) => Promise<number>

interface Entry {
  readonly usage: string
  readonly summary: string
  /** Commands are loaded when they are run: starting the server must not pay for them. */
  readonly load: () => Promise<Command>
}

const commands: Readonly<Record<string, Entry>> = {
  serve: {
    usage: 'serve [--SETTING VALUE ...]',
    summary: 'run the server; settings as in `linnet config`',
    load: async () => (await import('./serve.ts')).serve,
  },
  key: {
    usage: 'key create [--test] [--name NAME] [--account NAME] | key list | key revoke ID',
    summary: 'access keys of the API',
    load: async () => (await import('./key.ts')).key,
  },
  call: {
    usage: 'call show ID | call list',
    summary: 'what happened in a call (needs LINNET_KEY)',
    load: async () => (await import('./call.ts')).call,
  },
  flow: {
    usage:
      'flow check FILE [--json] | flow run FILE [--press 2@1s,3@4.5s] [--hangup 10s] [--fetch URL=FILE] [--source N] [--destination N] [--max 10m] [--json]',
    summary: 'look for mistakes in a call flow, or run it without a phone',
    load: async () => (await import('./flow.ts')).flow,
  },
  config: {
    usage: 'config',
    summary: 'print the effective configuration',
    load: async () => (await import('./config.ts')).config,
  },
}

/** Runs `linnet COMMAND ...`. What the user can mend is told in one line on standard error; the exit code is then 1. */
export async function runCommand([name = 'help', ...args]: readonly string[]): Promise<number> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!entry) return help(name)
  try {
    const command = await entry.load()
    return await command(args)
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof StartError)) throw error
    console.error(`linnet: ${error.message}`)
    return 1
  }
}

function help(asked: string): number {
  const known = ['help', '--help', '-h'].includes(asked)
  const lines = Object.values(commands).map(({ usage, summary }) => `  linnet ${usage}\n      ${summary}`)
  const text = `${known ? '' : `linnet: unknown command ${asked}\n\n`}Usage:\n${lines.join('\n')}`
  if (known) console.log(text)
  else console.error(text)
  return known ? 0 : 1
}
