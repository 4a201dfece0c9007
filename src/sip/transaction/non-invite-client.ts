/**
 * Non-INVITE client transaction (RFC 3261 §17.1.2 figure 6).
 * The table is the RFC's figure. It performs nothing: NonInviteClientTransaction does.
 */
export type State = 'trying' | 'proceeding' | 'completed' | 'terminated'
export type Timer = 'timerE' | 'timerF' | 'timerK'
export type Event = Timer | 'response1xx' | 'responseFinal' | 'transportError'
export type Effect = 'resendRequest' | ToUser | 'startE' | 'startEAtT2' | 'startK' | 'stopEAndF'
type ToUser = 'deliverResponse' | 'reportTimeout' | 'reportTransportError'
type Transition = { readonly next?: State; readonly effects?: readonly Effect[] }

// biome-ignore format: one row per arrow of the RFC's figure
const transitions: Record<State, Partial<Record<Event, Transition>>> = {
  trying: {
    timerE:         { effects: ['resendRequest', 'startE'] },
    timerF:         { effects: ['reportTimeout'], next: 'terminated' },
    transportError: { effects: ['reportTransportError'], next: 'terminated' },
    response1xx:    { effects: ['deliverResponse'], next: 'proceeding' },
    responseFinal:  { effects: ['stopEAndF', 'startK', 'deliverResponse'], next: 'completed' },
  },
  proceeding: {
    timerE:         { effects: ['resendRequest', 'startEAtT2'] },
    timerF:         { effects: ['reportTimeout'], next: 'terminated' },
    transportError: { effects: ['reportTransportError'], next: 'terminated' },
    response1xx:    { effects: ['deliverResponse'] },
    responseFinal:  { effects: ['stopEAndF', 'startK', 'deliverResponse'], next: 'completed' },
  },
  completed:        { timerK: { next: 'terminated' } },
  terminated:       {},
}

/** Events a state does not name are absorbed: late and repeated responses are normal. */
export function advance(state: State, event: Event): Required<Transition> {
  return { next: state, effects: [], ...transitions[state][event] }
}
