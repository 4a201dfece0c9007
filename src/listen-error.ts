import { StartError } from './start-error.ts'

const mends: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it, perhaps another Linnet; stop that one, or choose another port with',
  EACCES: 'the system does not allow this port; choose one above 1023 with',
  EADDRNOTAVAIL: 'this machine has no such address; choose another one with',
}

/** Turns the failure to open a listening socket into one line that names the setting; other errors stay what they are. */
export function explainListenError(setting: 'LINNET_HTTP_LISTEN' | 'LINNET_SIP_LISTEN', where: string) {
  return (error: Error & { readonly code?: string; readonly cause?: unknown }): never => {
    const code = error.code ?? (error.cause as { readonly code?: string } | undefined)?.code ?? ''
    const mend = mends[code]
    if (mend === undefined) throw error
    throw new StartError(`can't listen on ${where}: ${mend} ${setting}`, { cause: error })
  }
}
