import { readConfig } from '../config.ts'
import type { JournalEvent } from '../domain/journal.ts'
import { StartError } from '../start-error.ts'
import { readArguments } from './arguments.ts'
import { timeline } from './timeline.ts'

interface ListedCall {
  readonly id: string
  readonly status: string
  readonly source?: string
  readonly destination?: string
  readonly createdAt: string
}

/** `linnet call show ID` and `linnet call list`: asks the running server, with the access key in LINNET_KEY. */
export async function call(args: readonly string[]): Promise<number> {
  const { positionals } = readArguments(args, {}, true)
  const [action, id] = positionals
  if (action === 'list') return list()
  if (action === 'show' && id !== undefined) return show(id)
  throw new StartError('say what to do: call list, or call show ID')
}

async function list(): Promise<number> {
  const calls = (await get('/calls?perPage=50')) as readonly ListedCall[] // the API's own shape
  for (const { id, status, source = '', destination = '', createdAt } of calls)
    console.log(`${createdAt}  ${id}  ${status.padEnd(9)}  ${source} → ${destination}`)
  return 0
}

async function show(id: string): Promise<number> {
  const entries = (await get(`/calls/${encodeURIComponent(id)}/journal`)) as readonly (JournalEvent & {
    readonly at: string
  })[] // the API's own shape
  for (const line of timeline(entries.map(({ at, ...event }) => ({ at: Date.parse(at), event }))))
    console.log(line)
  return 0
}

/** The `data` of a GET; every failure is told in one line. */
async function get(path: string): Promise<unknown> {
  const { httpListen, accessKey } = readConfig()
  if (accessKey === undefined)
    throw new StartError(
      'set LINNET_KEY to an access key (npm start shows one; linnet key create makes another)',
    )
  const { address, port } = httpListen
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`
  const response = await fetch(url, { headers: { authorization: `AccessKey ${accessKey}` } }).catch(
    (error: Error) => {
      throw new StartError(`no Linnet answers at ${url}; is it running? (${error.message})`, { cause: error })
    },
  )
  const body = (await response.json()) as { data?: unknown; errors?: readonly { readonly message: string }[] } // the API's envelope
  if (!response.ok)
    throw new StartError(`${response.status}: ${body.errors?.[0]?.message ?? response.statusText}`)
  return body.data
}
