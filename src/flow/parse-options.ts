import type { Action, StepOfAction } from '../domain/call-flow.ts'
import type { FaultList } from './fault-list.ts'
import { compact, type Fields } from './fields.ts'
import { SAY_LANGUAGES, TRANSCRIPTION_LANGUAGES } from './languages.ts'
import { MAX_KEYS, MAX_MEDIA_FILES, MAX_SAY_TEXT } from './limits.ts'
import {
  hasAtMost,
  httpUrl,
  integer,
  isClean,
  isHttpUrl,
  languageOf,
  line,
  oneOf,
  type Rule,
  seconds,
  text,
} from './rules.ts'

/** What reading options needs besides the fields. */
export interface OptionsContext {
  readonly faults: FaultList
  /** Whether a language (lower case) can be spoken here; absent: all can. */
  readonly speaks?: ((language: string) => boolean) | undefined
}

type Read<A extends Action> = (
  fields: Fields,
  context: OptionsContext,
) => { [K in keyof StepOfAction<A>['options']]?: StepOfAction<A>['options'][K] }

/** How each action's options are read. Names and ranges: docs/api/call-flow-language.md. */
export const readOptions: { readonly [A in Action]: Read<A> } = {
  say: (fields, context) =>
    compact({
      payload: fields.required('payload', sayText),
      language: spokenLanguage(fields, context),
      voice: fields.required('voice', voice),
      repeat: fields.optionalNumber('repeat', repeat),
      ...machineOptions(fields),
    }),
  play: (fields) => compact({ media: fields.required('media', media) }),
  pause: (fields) => compact({ length: fields.required('length', seconds) }),
  record: (fields, { faults }) => {
    const transcribe = fields.flag('transcribe')
    const transcribeLanguage = fields.optional('transcribeLanguage', transcriptionLanguage)
    if (transcribe && !fields.raw('transcribeLanguage')) faults.missing(fields.pathOf('transcribeLanguage'))
    return compact({
      maxLength: fields.optionalNumber('maxLength', seconds),
      timeout: fields.optionalNumber('timeout', seconds),
      finishOnKey: fields.optional('finishOnKey', finishOnKey),
      transcribe,
      transcribeLanguage,
      onFinish: fields.optional('onFinish', httpUrl),
    })
  },
  transfer: (fields) =>
    compact({
      destination: fields.required('destination', destination),
      record: fields.optional('record', transferRecord),
      mask: fields.flag('mask'),
      ...machineOptions(fields),
    }),
  fetchCallFlow: (fields) =>
    compact({ url: fields.required('url', httpUrl), token: fields.optional('token', token) }),
  sendKeys: (fields) =>
    compact({
      keys: fields.required('keys', keys),
      duration: fields.optionalNumber('duration', toneDuration),
      interval: fields.optionalNumber('interval', toneInterval),
    }),
  hangup: () => ({}),
}

function machineOptions(fields: Fields) {
  return {
    ifMachine: fields.optional('ifMachine', ifMachine),
    machineTimeout: fields.optionalNumber('machineTimeout', machineTimeout),
  }
}

function spokenLanguage(fields: Fields, { faults, speaks }: OptionsContext): string | undefined {
  const language = fields.required('language', sayLanguage)
  if (language === undefined || !speaks || speaks(language.toLowerCase())) return language
  const path = fields.pathOf('language')
  faults.add('unprocessable', `The \`${path}\` language \`${language}\` has no voice here.`, path)
  return undefined
}

const sayText = text(
  `be a text of 1 to ${MAX_SAY_TEXT} characters without control characters`,
  (value) => hasAtMost(MAX_SAY_TEXT, value) && isClean(value) && value.trim() !== '',
)
const sayLanguage = languageOf(SAY_LANGUAGES)
const transcriptionLanguage = languageOf(TRANSCRIPTION_LANGUAGES)
const voice = oneOf(['male', 'female'])
const repeat = integer(1, 10)
const ifMachine = oneOf(['continue', 'delay', 'hangup'])
const machineTimeout = integer(400, 10_000)
const transferRecord = oneOf(['in', 'out', 'both'])
const token = line(4_096)
const toneDuration = integer(100, 1_000)
const toneInterval = integer(0, 5_000)

const keys = text(
  `be 1 to ${MAX_KEYS} keys: 0–9, *, # or A–D`,
  (value) => value.length <= MAX_KEYS && /^[0-9*#A-D]+$/i.test(value),
  { numbers: true },
)

const finishOnKey = text(
  'be `any`, `none` or one key: 0–9, *, # or A–D',
  (value) => /^(?:any|none|[0-9*#A-D])$/i.test(value),
  { numbers: true },
)

/** A phone number, a SIP URI or `client:name`, with nothing that could leave its place in a SIP header. */
const destination = text(
  'be a phone number of digits, a SIP URI or `client:` with a name',
  (value) =>
    value.length <= 255 &&
    /^(?:\+?[0-9]{2,20}|sips?:[^\s<>"]+|client:[^\s<>"]+)$/i.test(value) &&
    isClean(value),
  { numbers: true },
)

const media: Rule<string | readonly string[]> = {
  must: `be the URL of a .wav or .mp3 file, or up to ${MAX_MEDIA_FILES} URLs of .wav files`,
  parse: (raw) => {
    if (typeof raw === 'string') return mediaEnding(raw) ? raw : undefined
    if (!Array.isArray(raw) || raw.length > MAX_MEDIA_FILES) return undefined
    const endings = new Set(raw.map((url) => (typeof url === 'string' ? mediaEnding(url) : undefined)))
    const valid = !endings.has(undefined) && (raw.length === 1 || !endings.has('mp3'))
    return valid ? [...(raw as readonly string[])] : undefined
  },
}

/** The kind of a sound file by the end of its path, or of its last query parameter. Undefined for any other URL. */
function mediaEnding(url: string): string | undefined {
  if (!isHttpUrl(url)) return undefined
  const { pathname, search } = new URL(url)
  const match = /\.(wav|mp3)$/i.exec(pathname) ?? /\.(wav|mp3)$/i.exec(search)
  return match?.[1]?.toLowerCase()
}
