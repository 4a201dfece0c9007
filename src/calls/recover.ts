import type { Call, EndReason, Leg } from '../domain/call.ts'
import type { Recording } from '../domain/recording.ts'
import type { RecordingFiles } from '../domain/recording-files.ts'
import type { RecordingRepository } from '../domain/repositories.ts'
import { CallRecord, type CallRecordDependencies } from './call-record.ts'
import { isLegLive } from './projection.ts'

const CRASH = {
  by: 'linnet',
  cause: 'crash',
  detail: 'Linnet stopped while the call was going on',
} satisfies EndReason

const LATEST = { page: 1, perPage: 100 }

export interface RecoveryDependencies extends CallRecordDependencies {
  readonly recordings: Pick<RecordingRepository, 'listByLeg'>
  readonly recordingFiles: Pick<RecordingFiles, 'repair'>
}

/** Closes the calls that were alive when the process died, their recordings first; resolves with their number once that is on disk. */
export async function closeDeadCalls(dependencies: RecoveryDependencies): Promise<number> {
  const dead = await dependencies.calls.listLive()
  const closing = dead.map(async ({ call, legs, lastSequence }) => {
    const record = new CallRecord(call, legs, dependencies, lastSequence)
    for (const recording of await unfinishedRecordings(call, legs, dependencies))
      await endRecording(record, recording, dependencies)
    for (const { id, status } of legs.filter(isLegLive))
      record.report({
        type: 'legStatus',
        legId: id,
        status: status === 'ongoing' ? 'hangup' : 'failed',
        endReason: CRASH,
      })
    record.report({
      type: 'callStatus',
      status: call.status === 'ongoing' ? 'ended' : 'failed',
      endReason: CRASH,
    })
    await record.settled()
  })
  await Promise.all(closing)
  return dead.length
}

async function unfinishedRecordings(
  { accountId, id }: Call,
  legs: readonly Leg[],
  { recordings }: RecoveryDependencies,
): Promise<readonly Recording[]> {
  const pages = await Promise.all(legs.map((leg) => recordings.listByLeg(accountId, id, leg.id, LATEST)))
  return pages.flatMap(({ items }) => items).filter(({ status }) => status === 'recording')
}

/** What is on disk of it is kept; a file that can't be repaired fails its recording and nothing else. */
async function endRecording(
  record: CallRecord,
  recording: Recording,
  { recordingFiles, logger }: RecoveryDependencies,
): Promise<void> {
  record.adopt(recording)
  const seconds = await recordingFiles.repair(recording.id).catch((error: unknown) => {
    logger.error({ err: error, recordingId: recording.id }, 'recording could not be repaired')
    return undefined
  })
  record.report({
    type: 'recordingEnded',
    legId: recording.legId,
    recordingId: recording.id,
    status: seconds === undefined ? 'failed' : 'done',
    how: 'lost',
    durationSeconds: seconds ?? 0,
    detail: CRASH.detail,
  })
}
