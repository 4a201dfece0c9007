/** One language of the API's list, and the voices that come nearest to it. */
export interface SpokenLanguage {
  /** The API's code in lower case. */
  readonly code: string
  /** espeak-ng's name of the voice, as `-v` of its program takes it. */
  readonly espeakVoice: string
  /** The same voice in the npm build, which knows voices by their file only and takes wrong names for silence. */
  readonly espeakFile: string
  readonly english: boolean
}

/**
 * Code, espeak-ng voice, its file. Nearest voices: en-au British, en-in received pronunciation, en-gb-wls West Midlands, fr-ca French.
 * `cmn-latn-pinyin` reads Chinese characters right where 1.51's `cmn` reads English letters. Limits: docs/speech.md.
 */
const table: readonly (readonly [code: string, espeakVoice: string, espeakFile: string])[] = [
  ['bg-bg', 'bg', 'zls/bg'],
  ['cs-cz', 'cs', 'zlw/cs'],
  ['cy-gb', 'cy', 'cel/cy'],
  ['da-dk', 'da', 'gmq/da'],
  ['de-de', 'de', 'gmw/de'],
  ['el-gr', 'el', 'grk/el'],
  ['en-au', 'en-gb', 'gmw/en'],
  ['en-gb', 'en-gb', 'gmw/en'],
  ['en-gb-wls', 'en-gb-x-gbcwmd', 'gmw/en-GB-x-gbcwmd'],
  ['en-in', 'en-gb-x-rp', 'gmw/en-GB-x-rp'],
  ['en-us', 'en-us', 'gmw/en-US'],
  ['es-es', 'es', 'roa/es'],
  ['es-mx', 'es-419', 'roa/es-419'],
  ['es-us', 'es-419', 'roa/es-419'],
  ['fr-ca', 'fr-fr', 'roa/fr'],
  ['fr-fr', 'fr-fr', 'roa/fr'],
  ['hr-hr', 'hr', 'zls/hr'],
  ['id-id', 'id', 'poz/id'],
  ['is-is', 'is', 'gmq/is'],
  ['it-it', 'it', 'roa/it'],
  ['ja-jp', 'ja', 'jpx/ja'],
  ['ko-kr', 'ko', 'ko'],
  ['ms-my', 'ms', 'poz/ms'],
  ['nb-no', 'nb', 'gmq/nb'],
  ['nl-nl', 'nl', 'gmw/nl'],
  ['pl-pl', 'pl', 'zlw/pl'],
  ['pt-br', 'pt-br', 'roa/pt-BR'],
  ['pt-pt', 'pt', 'roa/pt'],
  ['ro-ro', 'ro', 'roa/ro'],
  ['ru-ru', 'ru', 'zle/ru'],
  ['sk-sk', 'sk', 'zlw/sk'],
  ['sv-se', 'sv', 'gmq/sv'],
  ['ta-in', 'ta', 'dra/ta'],
  ['th-th', 'th', 'tai/th'],
  ['tr-tr', 'tr', 'trk/tr'],
  ['vi-vn', 'vi', 'aav/vi'],
  ['zh-cn', 'cmn-latn-pinyin', 'sit/cmn-Latn-pinyin'],
  ['zh-hk', 'yue', 'sit/yue'],
]

/** Every language of the API, in the order of its codes. */
export const spokenLanguages: readonly SpokenLanguage[] = table.map(([code, espeakVoice, espeakFile]) => ({
  code,
  espeakVoice,
  espeakFile,
  english: code.startsWith('en-'),
}))

const byCode = new Map(spokenLanguages.map((language) => [language.code, language]))

/** Codes are matched in any case: clients send `en-US`. */
export function findLanguage(code: string): SpokenLanguage | undefined {
  return byCode.get(code.toLowerCase())
}
