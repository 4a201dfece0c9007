/**
 * Non-INVITE server transaction (RFC 3261 §17.2.2 figure 8, amended by RFC 6026 §8.8).
 * The table is the RFC's figure. It performs nothing: NonInviteServerTransaction does.
 */
export type State = 'trying' | 'proceeding' | 'completed' | 'terminated'
export type Timer = 'timerJ'
export type Event = Timer | 'request' | 'transportError' | 'respond1xx' | 'respondFinal'
export type Effect = 'sendResponse' | 'resendResponse' | 'reportTransportError' | 'startJ'
type Transition = { readonly next?: State; readonly effects?: readonly Effect[] }

// biome-ignore format: one row per arrow of the RFC's figure
const transitions: Record<State, Partial<Record<Event, Transition>>> = {
  trying: {
    respond1xx:     { effects: ['sendResponse'], next: 'proceeding' },
    respondFinal:   { effects: ['sendResponse', 'startJ'], next: 'completed' },
  },
  proceeding: {
    request:        { effects: ['resendResponse'] },
    respond1xx:     { effects: ['sendResponse'] },
    respondFinal:   { effects: ['sendResponse', 'startJ'], next: 'completed' },
    transportError: { effects: ['reportTransportError'] },
  },
  completed: {
    request:        { effects: ['resendResponse'] },
    timerJ:         { next: 'terminated' },
    transportError: { effects: ['reportTransportError'] },
  },
  terminated:       {},
}

/** Events a state does not name are absorbed: a retransmission is normal, not an error. */
export function advance(state: State, event: Event): Required<Transition> {
  return { next: state, effects: [], ...transitions[state][event] }
}
