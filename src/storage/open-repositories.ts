import type { Repositories } from '../domain/repositories.ts'
import { openAccessKeyRepository } from './access-key-repository.ts'
import { openCallFlowRepository } from './call-flow-repository.ts'
import { openCallRepository } from './call-repository.ts'
import type { Database } from './database.ts'
import { openNumberRepository } from './number-repository.ts'
import { openRecordingRepository } from './recording-repository.ts'
import { openTranscriptionRepository } from './transcription-repository.ts'
import { openWebhookRepository } from './webhook-repository.ts'

/** All repositories of an open database. The database stays its opener's: disposing it ends them. */
export function openRepositories(database: Database): Repositories {
  return {
    calls: openCallRepository(database),
    callFlows: openCallFlowRepository(database),
    numbers: openNumberRepository(database),
    accessKeys: openAccessKeyRepository(database),
    recordings: openRecordingRepository(database),
    transcriptions: openTranscriptionRepository(database),
    webhooks: openWebhookRepository(database),
  }
}
