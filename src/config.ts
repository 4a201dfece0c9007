import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { delimiter, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'

/** Where to listen: a transport, an IP address and a port (0: any free one). */
export interface ListenAddress {
  readonly transport: 'udp' | 'tcp'
  readonly address: string
  readonly port: number
}

/** A carrier that takes calls to E.164 numbers. */
export interface TrunkConfig {
  readonly name: string
  readonly host: string
  readonly port?: number
  readonly transport: 'udp' | 'tcp'
  readonly username?: string
  readonly password?: string
}

/** The whole configuration, checked and frozen. Units are in the names. */
export interface Config {
  readonly dataDir: string
  readonly httpListen: { readonly address: string; readonly port: number }
  readonly sipListen: readonly ListenAddress[]
  readonly rtpPorts: { readonly first: number; readonly last: number }
  readonly publicAddress: string | undefined
  readonly database: string
  readonly bootstrapKey: string | undefined
  /** What the operator's commands show to the API. */
  readonly accessKey: string | undefined
  readonly mediaWorkers: number
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
  readonly trunks: readonly TrunkConfig[]
  /** Where speech programs are looked for. */
  readonly programPath: readonly string[]
  readonly recordBeep: boolean
  readonly ringSeconds: number
  readonly noMediaSeconds: number
  readonly maxLatenessMs: number
  readonly maxCalls: number
  readonly drainSeconds: number
  readonly requestsPerSecond: number
  readonly requestBurst: number
  readonly validationStatus: 400 | 422
}

/** The configuration can't be used. The message is one line: what is wrong, and how to mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

type Environment = Readonly<Record<string, string | undefined>> & {
  readonly LINNET_CONFIG?: string
  readonly PATH?: string
}

interface Setting<Value> {
  /** The default, or where it comes from. */
  readonly fallback: string | ((environment: Environment) => string)
  readonly describe: string
  readonly secret?: true
  /** Turns the text of the file, the environment or the command line into a value; throws a ConfigError with what is expected. */
  readonly read: (text: string, expected: (what: string) => ConfigError) => Value
}

const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
const [MIN_PORT, MAX_PORT] = [1024, 65_535]

/** Every setting: its default, what it means, and how its text is read. The name in the file is the key in kebab-case. */
const settings: { readonly [Key in keyof Config]: Setting<Config[Key]> } = {
  dataDir: {
    fallback: './data',
    describe: 'folder of the database, prompts and recordings; created if missing',
    read: (text) => resolve(text),
  },
  httpListen: {
    fallback: '127.0.0.1:8080',
    describe: 'ADDRESS:PORT of the API',
    read: (text, expected) => {
      const endpoint = parseEndpoint(text)
      if (!endpoint) throw expected('ADDRESS:PORT, such as 127.0.0.1:8080')
      return endpoint
    },
  },
  sipListen: {
    fallback: 'udp:127.0.0.1:5060,tcp:127.0.0.1:5060',
    describe: 'TRANSPORT:ADDRESS:PORT of SIP, several separated by commas; transports: udp, tcp',
    read: (text, expected) =>
      text.split(',').map((part) => {
        const [, transport, rest = ''] = /^(udp|tcp):(.+)$/.exec(part.trim()) ?? []
        const endpoint = parseEndpoint(rest)
        if (!transport || !endpoint)
          throw expected('TRANSPORT:ADDRESS:PORT with udp or tcp, such as udp:127.0.0.1:5060')
        return { transport: transport === 'udp' ? 'udp' : 'tcp', ...endpoint }
      }),
  },
  rtpPorts: {
    fallback: '20000-29999',
    describe: 'FIRST-LAST UDP port of RTP; two ports a leg',
    read: (text, expected) => {
      const [, first = 0, last = 0] = (/^(\d+)-(\d+)$/.exec(text) ?? []).map(Number)
      if (first < MIN_PORT || last > MAX_PORT || last < first + 1)
        throw expected('FIRST-LAST between 1024 and 65535')
      return { first, last }
    },
  },
  publicAddress: {
    fallback: '',
    describe:
      'IP address that phones and trunks reach this machine by; without it only this machine can call',
    read: (text, expected) => {
      if (text !== '' && isIP(text) === 0) throw expected('an IP address')
      return text === '' ? undefined : text
    },
  },
  database: {
    fallback: 'sqlite',
    describe: 'sqlite (a file in the data folder)',
    read: (text, expected) => {
      if (text !== 'sqlite') throw expected('sqlite')
      return text
    },
  },
  bootstrapKey: {
    fallback: '',
    describe: 'live access key to create at the start if it does not exist',
    secret: true,
    read: (text, expected) => {
      if (text !== '' && !/^live_[A-Za-z0-9_-]{16,128}$/.test(text))
        throw expected('live_ and 16 to 128 letters or digits')
      return text === '' ? undefined : text
    },
  },
  accessKey: {
    fallback: '',
    describe: 'access key that `linnet call` and the examples use',
    secret: true,
    read: (text) => (text === '' ? undefined : text),
  },
  mediaWorkers: {
    fallback: String(Math.max(1, availableParallelism() - 1)),
    describe: 'threads that carry audio; default: one per core less one',
    read: integer(1, 256),
  },
  logLevel: {
    fallback: 'info',
    describe: LOG_LEVELS.join(', '),
    read: (text, expected) => {
      const level = LOG_LEVELS.find((known) => known === text)
      if (!level) throw expected(`one of ${LOG_LEVELS.join(', ')}`)
      return level
    },
  },
  trunks: {
    fallback: '',
    describe: 'carriers for E.164 numbers: a map of NAME to sip:USER:PASSWORD@HOST:PORT;transport=udp',
    secret: true,
    read: (text, expected) =>
      text === ''
        ? []
        : text.split('\n').map((line) => {
            const trunk = parseTrunk(line)
            if (!trunk) throw expected('sip:USER:PASSWORD@HOST:PORT;transport=udp')
            return trunk
          }),
  },
  programPath: {
    fallback: ({ PATH = '' }) => PATH,
    describe:
      'folders in which espeak-ng and flite are looked for, as in PATH; empty: those from npm are used',
    read: (text) => text.split(delimiter).filter((folder) => folder !== ''),
  },
  recordBeep: {
    fallback: 'yes',
    describe: 'yes or no: whether a caller hears a beep before a record step records',
    read: (text, expected) => {
      if (!/^(?:yes|no|true|false)$/i.test(text)) throw expected('yes or no')
      return /^(?:yes|true)$/i.test(text)
    },
  },
  ringSeconds: {
    fallback: '60',
    describe: 'how long an outgoing call rings before it ends as no_answer',
    read: integer(5, 600),
  },
  noMediaSeconds: {
    fallback: '30',
    describe: 'a call from which no audio arrives for this long is hung up; 0 turns that off',
    read: integer(0, 3600),
  },
  maxLatenessMs: {
    fallback: '20',
    describe: 'new calls are refused with 503 while one packet in a hundred leaves later than this',
    read: integer(2, 60_000),
  },
  maxCalls: {
    fallback: '5000',
    describe: 'calls at a time; more are refused with 503',
    read: integer(1, 100_000),
  },
  requestsPerSecond: {
    fallback: '200',
    describe: 'API requests a second and access key, on average; more get 429',
    read: integer(1, 1_000_000),
  },
  requestBurst: {
    fallback: '400',
    describe: 'API requests of an access key at once, before requests-per-second counts',
    read: integer(1, 1_000_000),
  },
  validationStatus: {
    fallback: '400',
    describe:
      '400 as the original answers faults of a request, or 422, which the SDKs for Python, Ruby and C# can read',
    read: (text, expected) => {
      if (text !== '400' && text !== '422') throw expected('400 or 422')
      return text === '400' ? 400 : 422
    },
  },
  drainSeconds: {
    fallback: '20',
    describe: 'how long a stop waits for calls to end before it hangs them up',
    read: integer(0, 86_400),
  },
}

const keys = Object.keys(settings) as (keyof Config)[]
const fileName = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
/** `LINNET_TRUNK` (one trunk) is the environment's form of `trunks`. */
const specialNames: Readonly<Record<string, string>> = { trunks: 'LINNET_TRUNK', accessKey: 'LINNET_KEY' }
const environmentName = (key: string) =>
  specialNames[key] ?? `LINNET_${fileName(key).replaceAll('-', '_').toUpperCase()}`

export interface ConfigSources {
  /** Default: the process's own. */
  readonly environment?: Environment
  /** From the command line, by file name: `public-address` → `203.0.113.7`. */
  readonly flags?: Readonly<Record<string, string>>
}

/** Reads `linnet.yaml` (or the file that LINNET_CONFIG names), the environment and the flags; later ones win. Throws ConfigError. */
export function readConfig(sources: ConfigSources = {}): Config {
  const texts = effectiveTexts(sources)
  const value = <Key extends keyof Config>(key: Key): Config[Key] => {
    const { text, where } = texts[key]
    const shown = settings[key].secret ? '(hidden)' : JSON.stringify(text)
    return settings[key].read(text, (what) => new ConfigError(`${where} is ${shown}; expected ${what}`))
  }
  return Object.freeze(Object.fromEntries(keys.map((key) => [key, value(key)])) as unknown as Config) // each key once, each of its type
}

/** The effective values as the YAML of a configuration file, with where each comes from; secrets masked. Throws ConfigError. */
export function printConfig(sources: ConfigSources = {}): string {
  const texts = effectiveTexts(sources)
  const lines = keys.map((key) => {
    const { text, where } = texts[key]
    const shown = settings[key].secret && text !== '' ? '***' : text
    return `# ${settings[key].describe} [${environmentName(key)}]\n${fileName(key)}: ${JSON.stringify(shown)} # ${where}\n`
  })
  return lines.join('\n')
}

type EffectiveTexts = Readonly<Record<keyof Config, { readonly text: string; readonly where: string }>>

function effectiveTexts({ environment = process.env, flags = {} }: ConfigSources): EffectiveTexts {
  for (const name of Object.keys(environment))
    if (
      name.startsWith('LINNET_') &&
      name !== 'LINNET_CONFIG' &&
      !keys.some((key) => environmentName(key) === name)
    )
      throw new ConfigError(
        `unknown environment variable ${name}; known: ${keys.map(environmentName).join(', ')}`,
      )
  const file = readFile(environment.LINNET_CONFIG)
  const effective = (key: keyof Config) => {
    const candidates = [
      { where: `--${fileName(key)}`, text: flags[fileName(key)] },
      { where: environmentName(key), text: environment[environmentName(key)] },
      { where: `${fileName(key)} in ${file.path}`, text: file.values.get(fileName(key)) },
    ]
    const set = candidates.find(({ text }) => text !== undefined)
    const { fallback } = settings[key]
    const otherwise = typeof fallback === 'string' ? fallback : fallback(environment)
    return { where: set?.where ?? 'default', text: set?.text ?? otherwise }
  }
  return Object.fromEntries(keys.map((key) => [key, effective(key)])) as EffectiveTexts // each key once
}

/** Names of all settings as flags of `linnet serve`. */
export const configFlags: readonly string[] = keys.map(fileName)

function readFile(path: string | undefined): {
  readonly path: string
  readonly values: ReadonlyMap<string, string>
} {
  const name = path ?? 'linnet.yaml'
  let text: string
  try {
    text = readFileSync(name, 'utf8')
  } catch (error) {
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT')
      return { path: name, values: new Map() }
    throw new ConfigError(`can't read the configuration file ${name}: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return { path: name, values: readYaml(name, text) }
}

function readYaml(name: string, text: string): ReadonlyMap<string, string> {
  let document: unknown
  try {
    document = parseYaml(text) ?? {}
  } catch (error) {
    throw new ConfigError(`${name} is not YAML: ${(error as Error).message.split('\n')[0]}`, { cause: error })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new ConfigError(`${name} must hold "key: value" lines`)
  const known = keys.map(fileName)
  const unknown = Object.keys(document).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new ConfigError(`unknown key ${unknown} in ${name}; known: ${known.join(', ')}`)
  return new Map(Object.entries(document).map(([key, value]) => [key, toText(key, value, name)]))
}

/** Lists become comma-separated text, the map of trunks one line a trunk: one reader for file, environment and flags. */
function toText(key: string, value: unknown, name: string): string {
  if (key === 'trunks' && typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.entries(value)
      .map(([trunkName, uri]) => `${trunkName}=${uri}`)
      .join('\n')
  if (Array.isArray(value)) return value.join(',')
  if (value === null) return ''
  if (typeof value === 'object') throw new ConfigError(`${key} in ${name} must be a plain value, not a map`)
  return String(value)
}

function integer(min: number, max: number): Setting<number>['read'] {
  return (text, expected) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max)) throw expected(`a whole number from ${min} to ${max}`)
    return value
  }
}

function parseEndpoint(text: string): { readonly address: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const address = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (address === undefined || isIP(address) === 0 || port > MAX_PORT) return undefined
  return { address, port }
}

/** `NAME=sip:USER:PASSWORD@HOST:PORT;transport=udp`; the name is `trunk` when it is left out. */
function parseTrunk(line: string): TrunkConfig | undefined {
  const match =
    /^(?:([A-Za-z0-9_.-]+)=)?sip:(?:([^:@]+)(?::([^@]*))?@)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?(?:;transport=(udp|tcp))?$/i.exec(
      line.trim(),
    )
  if (!match) return undefined
  const [, name = 'trunk', username, password, host = '', port, transport] = match
  return {
    name,
    host: host.replace(/^\[|\]$/g, ''),
    transport: transport?.toLowerCase() === 'tcp' ? 'tcp' : 'udp',
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(username === undefined ? {} : { username: decode(username) }),
    ...(password === undefined ? {} : { password: decode(password) }),
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a stray percent sign is part of the password
  }
}
