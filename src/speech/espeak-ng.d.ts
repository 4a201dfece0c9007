/** What is used of espeak-ng's Emscripten build; the package ships no types. */
declare module '@echogarden/espeak-ng-emscripten' {
  export interface EspeakWorker {
    readonly samplerate: number
    list_voices(): readonly { readonly identifier: string }[]
    /** Returns 0 even for names that it doesn't know. */
    set_voice(name: string, language: string): number
    /** Calls back with 16-bit samples as they are made; `true` from the callback stops it. */
    synthesize(text: string, callback: (audio: Uint8Array | Int16Array | undefined) => boolean): void
  }
  const load: () => Promise<{ readonly eSpeakNGWorker: new () => EspeakWorker }>
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it
  export default load
}
