import type { AddressInfo } from 'node:net'
import { type CallEngine, createCallControl } from './calls/create-call-control.ts'
import { closeDeadCalls } from './calls/recover.ts'
import type { Trunk } from './calls/routing.ts'
import type { Config, TrunkConfig } from './config.ts'
import { type DataFolder, openDataFolder, recordingsFolder } from './data-folder.ts'
import type { Prompts } from './domain/speech.ts'
import { buildApp } from './http/app.ts'
import type { Readiness } from './http/dependencies.ts'
import { recordingResource } from './http/resources.ts'
import { explainListenError } from './listen-error.ts'
import { createMediaEngine } from './media/media-engine.ts'
import { openLazyHttpClient } from './net/lazy-http-client.ts'
import { openSipTransports } from './net/sip-transports.ts'
import { systemClock as clock } from './runtime/clock.ts'
import type { HttpClient } from './runtime/http-client.ts'
import { systemIds as ids } from './runtime/ids.ts'
import type { Logger } from './runtime/logger.ts'
import type { SipListenAddress } from './sip/transport.ts'
import type { IncomingInviteHandler, UserAgent } from './sip/user-agent.ts'
import { createUserAgent } from './sip/user-agent-core.ts'
import { openEngines } from './speech/open-engines.ts'
import { openPrompts } from './speech/prompts.ts'
import { renderBeep } from './speech/render-beep.ts'

/** A running server. */
export interface Server {
  readonly httpUrl: string
  readonly sipAddresses: readonly SipListenAddress[]
  /** Access keys that this start has made, to be shown once. */
  readonly newKeys: readonly string[]
  /** Resolves if the server can't go on, since its database is gone: stop it, and start again. */
  readonly lost: Promise<Error>
  /** Takes no more calls, waits for the others up to the drain time, hangs them up, and closes everything. Idempotent. */
  stop(): Promise<void>
}

/** Builds the server out of its parts: with `open...` below, the only place that sees them all. Rejects with StartError. */
export async function startServer(config: Config, logger: Logger): Promise<Server> {
  await using parts = new AsyncDisposableStack()
  const lost = Promise.withResolvers<Error>()
  const folder = await openDataFolder(config, lost.resolve)
  parts.use(folder)
  const telephony = await openTelephony(config, folder, logger, parts)
  const state: { readiness: Readiness } = { readiness: 'starting' }
  const httpUrl = await openApi(config, folder, telephony, state, logger, parts)
  state.readiness = 'ready'

  const opened = parts.move()
  let stopped: Promise<void> | undefined
  const stop = async () => {
    state.readiness = 'draining'
    await telephony.calls.drain(config.drainSeconds * 1000)
    await opened.disposeAsync()
  }
  return {
    httpUrl,
    sipAddresses: telephony.sipAddresses,
    newKeys: folder.newKeys,
    lost: lost.promise,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

interface Telephony {
  readonly calls: CallEngine
  readonly prompts: Prompts
  readonly sipAddresses: readonly SipListenAddress[]
}

/** Audio first, then SIP; calls of a run that died are closed before the first new one can come. */
async function openTelephony(
  config: Config,
  { repositories, recordingFiles, account }: DataFolder,
  logger: Logger,
  parts: AsyncDisposableStack,
): Promise<Telephony> {
  const httpClient = parts.use(openLazyHttpClient({ allowLoopback: isLocal(config), clock }))
  const [prompts, media] = await Promise.all([
    openSpeech(config, httpClient, logger),
    createMediaEngine(mediaOptions(config, logger)),
  ])
  parts.use(prompts)
  parts.use(media)
  const dead = await closeDeadCalls({ ...repositories, recordingFiles, clock, ids, logger })
  if (dead > 0) logger.warn({ calls: dead }, 'calls of a run that died were closed')

  const sip: { userAgent?: UserAgent } = {}
  const transports = await openSipTransports({
    listen: config.sipListen,
    onMessage: (datagram, source) => sip.userAgent?.receive(datagram, source),
    logger,
    clock,
    publicAddress: config.publicAddress,
  }).catch(explainListenError('LINNET_SIP_LISTEN', config.sipListen.map(listenName).join(' and ')))
  parts.use(transports)
  const engine: { calls?: CallEngine } = {}
  const onInvite = (invite: Parameters<CallEngine['onInvite']>[0]): IncomingInviteHandler =>
    present(engine.calls).onInvite(invite)
  const userAgent = parts.use(createUserAgent({ transports, onInvite, clock, ids, logger }))
  const calls = createCallControl({
    repositories,
    media,
    prompts,
    recording: {
      files: recordingFiles,
      beep: config.recordBeep ? renderBeep() : undefined,
      present: recordingResource,
    },
    httpClient,
    userAgent,
    transports,
    clock,
    ids,
    logger,
    trunks: config.trunks.map(toTrunk),
    defaultAccountId: account.id,
    localAddress: config.sipListen[0]?.address ?? '127.0.0.1',
    publicAddress: config.publicAddress,
    ringMs: config.ringSeconds * 1000,
    maxCalls: config.maxCalls,
  })
  engine.calls = parts.use(calls)
  sip.userAgent = userAgent
  return { calls, prompts, sipAddresses: transports.addresses }
}

async function openSpeech({ dataDir, programPath }: Config, httpClient: HttpClient, logger: Logger) {
  const engines = await openEngines({
    dataDir,
    programFolders: programPath,
    espeakProcessUrl: new URL('./espeak-process.ts', import.meta.url),
    fliteProcessUrl: new URL('./flite-process.ts', import.meta.url),
    clock,
    logger,
  })
  const workerUrl = new URL('./prompt-worker.ts', import.meta.url)
  return openPrompts({ dataDir, workerUrl, engines, httpClient, clock, logger })
}

/** Resolves with the API's URL. */
async function openApi(
  { httpListen, requestsPerSecond, requestBurst, validationStatus }: Config,
  { repositories, recordingFiles }: DataFolder,
  { calls, prompts }: Telephony,
  state: { readonly readiness: Readiness },
  logger: Logger,
  parts: AsyncDisposableStack,
): Promise<string> {
  const app = await buildApp({
    repositories,
    callControl: calls,
    recordingFiles,
    clock,
    ids,
    logger,
    readiness: () => state.readiness,
    speaks: (language) => prompts.speaks(language),
    transcribes: () => false,
    limits: { requestsPerSecond, requestBurst, validationStatus },
  })
  parts.defer(() => app.close())
  const { address: host, port } = httpListen
  await app.listen({ host, port }).catch(explainListenError('LINNET_HTTP_LISTEN', `${host}:${port}`))
  const { address, port: opened, family } = app.server.address() as AddressInfo // a TCP listener has one
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${opened}`
}

function isLocal({ publicAddress }: Config): boolean {
  return publicAddress === undefined
}

function mediaOptions(config: Config, logger: Logger): Parameters<typeof createMediaEngine>[0] {
  return {
    workerUrl: new URL('./media-worker.ts', import.meta.url),
    workers: config.mediaWorkers,
    rtpPorts: config.rtpPorts,
    address: rtpAddress(config),
    noMediaMs: config.noMediaSeconds === 0 ? Number.POSITIVE_INFINITY : config.noMediaSeconds * 1000,
    maxLatenessMs: config.maxLatenessMs,
    recordingsFolder: recordingsFolder(config.dataDir),
    logger,
  }
}

/** RTP is reachable from wherever SIP is. */
function rtpAddress(config: Config): string {
  const [first] = config.sipListen
  if (isLocal(config)) return first?.address ?? '127.0.0.1'
  return config.publicAddress?.includes(':') ? '::' : '0.0.0.0'
}

function listenName({ transport, address, port }: SipListenAddress): string {
  return `${transport}:${address}:${port}`
}

function toTrunk({ name, host, port, transport, username, password = '' }: TrunkConfig): Trunk {
  return {
    name,
    host,
    transport,
    ...(port !== undefined && { port }),
    ...(username !== undefined && { credentials: { username, password } }),
  }
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a call came before call control was there')
  return value
}
