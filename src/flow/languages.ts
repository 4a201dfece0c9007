/** Languages of `say`, lower case. Compared case-insensitively. */
export const SAY_LANGUAGES: ReadonlySet<string> = new Set([
  ...['bg-bg', 'cs-cz', 'cy-gb', 'da-dk', 'de-de', 'el-gr', 'en-au', 'en-gb', 'en-gb-wls', 'en-in', 'en-us'],
  ...['es-es', 'es-mx', 'es-us', 'fr-ca', 'fr-fr', 'hr-hr', 'id-id', 'is-is', 'it-it', 'ja-jp', 'ko-kr'],
  ...['ms-my', 'nb-no', 'nl-nl', 'pl-pl', 'pt-br', 'pt-pt', 'ro-ro', 'ru-ru', 'sk-sk', 'sv-se', 'ta-in'],
  ...['th-th', 'tr-tr', 'vi-vn', 'zh-cn', 'zh-hk'],
])

/** Languages of `transcribeLanguage`, lower case. `en-uk` and `es-la` are the API's names. */
export const TRANSCRIPTION_LANGUAGES: ReadonlySet<string> = new Set([
  ...['de-de', 'en-au', 'en-uk', 'en-us', 'es-es', 'es-la', 'fr-fr', 'it-it', 'nl-nl', 'pt-br'],
])
