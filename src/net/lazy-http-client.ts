import type { HttpClient } from '../runtime/http-client.ts'
import type { HttpClientOptions } from './http-client.ts'

/** The HTTP client, loaded with the first exchange: its library takes 9 MB, and many servers never fetch anything. */
export function openLazyHttpClient(options: HttpClientOptions): HttpClient & AsyncDisposable {
  let opened: Promise<HttpClient & AsyncDisposable> | undefined
  const open = async () => (await import('./http-client.ts')).openHttpClient(options)

  return {
    async send(request, signal) {
      opened ??= open()
      return (await opened).send(request, signal)
    },
    async [Symbol.asyncDispose]() {
      opened ??= Promise.reject(new Error('the HTTP client is closed'))
      const client = await opened.catch(() => undefined)
      await client?.[Symbol.asyncDispose]()
    },
  }
}
