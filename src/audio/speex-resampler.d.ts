/** What is used of the Emscripten module; the package ships no types. Pointers are numbers of bytes. */
declare module '@echogarden/speex-resampler-wasm' {
  export interface SpeexModule {
    readonly HEAP16: Int16Array
    readonly HEAP32: Int32Array
    _malloc(bytes: number): number
    _free(pointer: number): void
    _speex_resampler_init(
      channels: number,
      inHz: number,
      outHz: number,
      quality: number,
      error: number,
    ): number
    _speex_resampler_destroy(state: number): void
    _speex_resampler_skip_zeros(state: number): number
    _speex_resampler_get_input_latency(state: number): number
    _speex_resampler_process_int(
      state: number,
      channel: number,
      input: number,
      inputLength: number,
      output: number,
      outputLength: number,
    ): number
  }
  const load: () => Promise<SpeexModule>
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it
  export default load
}
