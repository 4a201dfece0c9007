/**
 * INVITE client transaction (RFC 3261 §17.1.1 figure 5, amended by RFC 6026 §§7.2, 8.4).
 * The table is the RFC's figure. It performs nothing: InviteClientTransaction does.
 */
export type State = 'calling' | 'proceeding' | 'accepted' | 'completed' | 'terminated'
export type Timer = 'timerA' | 'timerB' | 'timerD' | 'timerM'
export type Event = Timer | 'response1xx' | 'response2xx' | 'response3xxTo6xx' | 'transportError'
export type Effect = ToNetwork | ToUser | 'startA' | 'startD' | 'startM' | 'stopAAndB'
type ToNetwork = 'resendRequest' | 'sendAck'
type ToUser = 'deliverResponse' | 'reportTimeout' | 'reportTransportError'
type Transition = { readonly next?: State; readonly effects?: readonly Effect[] }

// biome-ignore format: one row per arrow of the RFC's figure
const transitions: Record<State, Partial<Record<Event, Transition>>> = {
  calling: {
    timerA:           { effects: ['resendRequest', 'startA'] },
    timerB:           { effects: ['reportTimeout'], next: 'terminated' },
    transportError:   { effects: ['reportTransportError'], next: 'terminated' },
    response1xx:      { effects: ['stopAAndB', 'deliverResponse'], next: 'proceeding' },
    response2xx:      { effects: ['stopAAndB', 'startM', 'deliverResponse'], next: 'accepted' },
    response3xxTo6xx: { effects: ['stopAAndB', 'sendAck', 'startD', 'deliverResponse'], next: 'completed' },
  },
  proceeding: {
    response1xx:      { effects: ['deliverResponse'] },
    response2xx:      { effects: ['startM', 'deliverResponse'], next: 'accepted' },
    response3xxTo6xx: { effects: ['sendAck', 'startD', 'deliverResponse'], next: 'completed' },
  },
  accepted: {
    response2xx:      { effects: ['deliverResponse'] },
    timerM:           { next: 'terminated' },
  },
  completed: {
    response3xxTo6xx: { effects: ['sendAck'] },
    timerD:           { next: 'terminated' },
    transportError:   { effects: ['reportTransportError'], next: 'terminated' },
  },
  terminated:         {},
}

/** Events a state does not name are absorbed: late and repeated responses are normal. */
export function advance(state: State, event: Event): Required<Transition> {
  return { next: state, effects: [], ...transitions[state][event] }
}
