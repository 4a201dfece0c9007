import { kindOfFile } from '../audio/sniff.ts'
import { PromptError } from '../domain/speech.ts'
import { type HttpClient, HttpClientError, type HttpResponse } from '../runtime/http-client.ts'

export interface DownloadLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** What is known of a copy that may have to be asked for again. */
export interface Validators {
  readonly etag?: string
  readonly lastModified?: string
}

/** How long an answer may be used and whether it may be kept (RFC 9111, of which only this much is honoured). */
export interface Freshness extends Validators {
  readonly freshForMs: number
  readonly keep: boolean
}

export type Download =
  | { readonly changed: true; readonly sound: Uint8Array; readonly freshness: Freshness }
  | { readonly changed: false; readonly freshness: Freshness }

const DEFAULT_FRESH_MS = 60_000
const MAX_REDIRECTS = 5

/** Fetches a WAV or MP3 file, or learns that a copy is still good. Rejects with PromptError that says what came instead. */
export async function downloadSound(
  httpClient: HttpClient,
  url: string,
  options: DownloadLimits & { readonly known: Validators },
  signal: AbortSignal,
): Promise<Download> {
  const { maxBytes, timeoutMs, known } = options
  const name = nameOf(url)
  const headers = {
    accept: 'audio/wav, audio/x-wav, audio/mpeg, audio/*;q=0.5, */*;q=0.1',
    ...(known.etag ? { 'if-none-match': known.etag } : {}),
    ...(known.lastModified ? { 'if-modified-since': known.lastModified } : {}),
  }
  const request = { method: 'GET', url, headers, timeoutMs, maxBytes, maxRedirects: MAX_REDIRECTS } as const
  const response = await httpClient.send(request, signal).catch((error: unknown) => {
    if (!(error instanceof HttpClientError)) throw error
    throw new PromptError(`${name} can't be fetched: ${error.message}`, { cause: error })
  })
  const freshness = freshnessOf(response, known)
  if (response.status === 304 && (known.etag ?? known.lastModified)) return { changed: false, freshness }
  refuseOthers(name, response)
  return { changed: true, sound: response.body, freshness }
}

function refuseOthers(name: string, { status, headers, body }: HttpResponse): void {
  const kind = kindOfFile(body)
  const type = headers['content-type'] ? ` (${headers['content-type']})` : ''
  if (status !== 200)
    throw new PromptError(
      `${name} can't be played: the server answered ${status}, its answer is ${kind}${type}`,
    )
  if (kind !== 'a WAV file' && kind !== 'an MP3 file')
    throw new PromptError(`${name} can't be played: it is ${kind}${type}, not a WAV or MP3 file`)
}

/** The URL without what may be secret in it. Throws PromptError for what is not HTTP: files of this machine stay here. */
export function nameOf(text: string): string {
  const url = URL.parse(text)
  if (!url) throw new PromptError(`${JSON.stringify(text.slice(0, 100))} is not a URL`)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new PromptError(`${url.protocol} URLs can't be played, only http: and https:`)
  return url.origin + url.pathname
}

function freshnessOf({ headers }: HttpResponse, known: Validators): Freshness {
  const directives = (headers['cache-control'] ?? '')
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
  const maxAge = directives
    .map((directive) => /^max-age="?(\d+)"?$/.exec(directive)?.[1])
    .find((seconds) => seconds !== undefined)
  const etag = headers['etag'] ?? known.etag
  const lastModified = headers['last-modified'] ?? known.lastModified
  const age = Number(headers['age'] ?? 0) || 0
  const keep = !directives.includes('no-store')
  const stale = !keep || directives.includes('no-cache')
  return {
    freshForMs: stale
      ? 0
      : maxAge === undefined
        ? DEFAULT_FRESH_MS
        : Math.max(0, Number(maxAge) - age) * 1000,
    keep,
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  }
}
