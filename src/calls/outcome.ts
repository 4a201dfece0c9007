import type { CallStatus, EndCause, EndReason, LegStatus } from '../domain/call.ts'
import type { InviteFailure } from '../sip/user-agent.ts'

/** How an outgoing leg ended that was never answered. */
export interface Outcome {
  readonly legStatus: LegStatus & CallStatus & ('busy' | 'no_answer' | 'failed')
  /** One of the codes that the API knows. */
  readonly sipResponseCode: number
  readonly endReason: EndReason
}

/** The codes that clients can read (docs/api/calls.md); every other one is told as its nearest relative. */
const API_CODES: readonly number[] = [200, 403, 404, 408, 410, 480, 484, 486, 488, 500, 501, 502, 503]
const RELATIVES: Readonly<Record<number, number>> = { 487: 480, 600: 486, 603: 403, 604: 404, 606: 488 }

/** Maps a SIP final status to the API's `sipResponseCode`. */
export function apiResponseCode(status: number): number {
  if (API_CODES.includes(status)) return status
  const relative = RELATIVES[status]
  if (relative !== undefined) return relative
  return status >= 500 && status < 600 ? 503 : 480
}

/** What a refused, unanswered or unreachable INVITE means for the leg and its call. */
export function outcomeOf({ status, reason, local, reasonHeader }: InviteFailure, rang: boolean): Outcome {
  const heard = local ? reason : `${status} ${reason}${reasonHeader ? ` (${reasonHeader})` : ''}`
  const [legStatus, cause] = judge(status, local, rang)
  return {
    legStatus,
    sipResponseCode: apiResponseCode(status),
    endReason: { by: local ? 'linnet' : 'remote', cause, detail: heard },
  }
}

function judge(
  status: number,
  local: InviteFailure['local'],
  rang: boolean,
): [Outcome['legStatus'], EndCause] {
  if (local === 'transportError' || (local === 'timeout' && !rang)) return ['failed', 'unreachable']
  switch (status) {
    case 486:
    case 600:
      return ['busy', 'busy']
    case 408:
    case 480:
    case 487:
      return ['no_answer', 'noAnswer']
    case 488:
    case 606:
      return ['failed', 'noCommonCodec']
    default:
      return ['failed', 'rejected']
  }
}
