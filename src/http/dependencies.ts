import type { CallControl } from '../calls/call-control.ts'
import type { RecordingFiles } from '../domain/recording-files.ts'
import type { Repositories } from '../domain/repositories.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Ids } from '../runtime/ids.ts'
import type { Logger } from '../runtime/logger.ts'
import type { AccessKeys } from './access-keys.ts'

/** `starting` and `draining` answer 503 at /readyz; API requests are served in every state. */
export type Readiness = 'starting' | 'ready' | 'draining'

/** What the API needs of the rest of the server. */
export interface ApiDependencies {
  readonly repositories: Repositories
  readonly callControl: CallControl
  readonly recordingFiles: RecordingFiles
  readonly clock: Clock
  readonly ids: Ids
  readonly logger: Logger
  readonly readiness: () => Readiness
  /** Whether a language of the API's list (lower case, `en-gb`) can be spoken here: Prompts.speaks. */
  readonly speaks: (language: string) => boolean
  /** Whether recordings in a language of the API's list (lower case, `en-us`) can be transcribed here. */
  readonly transcribes: (language: string) => boolean
  /** Tells the owner of transcriptions that a new one waits; its row is on disk. */
  readonly onTranscriptionCreated?: (transcriptionId: string) => void
  /** The keys of `repositories.accessKeys`; give it if this process also revokes keys. Default: its own. */
  readonly accessKeys?: AccessKeys
  readonly limits?: Partial<ApiLimits>
}

export interface ApiLimits {
  /** Bigger bodies are refused with 413 before they are read; the biggest flow with every zero value of the Java SDK has a half of this. */
  readonly maxBodyBytes: number
  /** Of one access key, on average. */
  readonly requestsPerSecond: number
  /** Requests of one access key at once, before `requestsPerSecond` counts. */
  readonly requestBurst: number
  readonly webhooksPerAccount: number
  /** Status of what would be a 400: the SDKs for Python, Ruby and C# can read only 422. */
  readonly validationStatus: 400 | 422
}

export const DEFAULT_LIMITS: ApiLimits = {
  maxBodyBytes: 256 * 1024,
  requestsPerSecond: 200,
  requestBurst: 400,
  webhooksPerAccount: 5,
  validationStatus: 400,
}
