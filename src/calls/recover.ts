import type { EndReason } from '../domain/call.ts'
import { CallRecord, type CallRecordDependencies } from './call-record.ts'
import { isLegLive } from './projection.ts'

const CRASH: EndReason = {
  by: 'linnet',
  cause: 'crash',
  detail: 'Linnet stopped while the call was going on',
}

/** Closes the calls that were alive when the process died; resolves with their number once that is on disk. */
export async function closeDeadCalls(dependencies: CallRecordDependencies): Promise<number> {
  const dead = await dependencies.calls.listLive()
  const closing = dead.map(async ({ call, legs, lastSequence }) => {
    const record = new CallRecord(call, legs, dependencies, lastSequence)
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
