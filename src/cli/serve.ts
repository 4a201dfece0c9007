import { configFlags, readConfig } from '../config.ts'
import { openLog } from '../log.ts'
import { type Server, startServer } from '../server.ts'
import { readArguments } from './arguments.ts'

/** `linnet serve`: runs until SIGINT or SIGTERM; a second signal stops without waiting for calls. */
export async function serve(args: readonly string[]): Promise<number> {
  const options = Object.fromEntries(configFlags.map((name) => [name, { type: 'string' as const }]))
  const { values } = readArguments(args, options)
  const config = readConfig({ flags: values as Record<string, string> }) // every option is a string
  const logger = openLog(config.logLevel)
  const startedAt = performance.now()
  const server = await startServer(config, logger)
  console.log(banner(server, config.publicAddress === undefined))
  logger.info({ ms: Math.round(performance.now() - startedAt) }, 'ready')

  const why = await Promise.race([firstSignal(), server.lost])
  if (why instanceof Error) {
    logger.error({ err: why }, 'the database is lost; start Linnet again')
    process.exit(1)
  }
  logger.info({ signal: why }, 'stopping')
  const how = await Promise.race([server.stop(), firstSignal().then(() => 'forced' as const)])
  if (how === 'forced') process.exit(1)
  logger.info({}, 'stopped')
  return 0
}

function banner({ httpUrl, sipAddresses, newKeys }: Server, local: boolean): string {
  const [live] = newKeys
  const sip = sipAddresses.map(({ transport, address, port }) => `${transport}:${address}:${port}`).join('  ')
  const shownKey = live ?? '$LINNET_KEY'
  const keys =
    newKeys.length > 0
      ? `  Keys  ${newKeys.join('\n        ')}\n        Shown only now: keep them.`
      : '  Keys  made earlier; `npm run linnet -- key create` makes another.'
  return `
Linnet is ready${local ? ' (this machine only; --public-address opens it)' : ''}.

  API   ${httpUrl}
  SIP   ${sip}
${keys}

Try:

  curl -H 'Authorization: AccessKey ${shownKey}' ${httpUrl}/call-flows
`.replaceAll("'Authorization: AccessKey $LINNET_KEY'", '"Authorization: AccessKey $LINNET_KEY"')
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const names = ['SIGINT', 'SIGTERM'] as const
    const listener = (signal: NodeJS.Signals) => {
      for (const name of names) process.off(name, listener)
      resolve(signal)
    }
    for (const name of names) process.on(name, listener)
  })
}
