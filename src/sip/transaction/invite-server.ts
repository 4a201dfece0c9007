/**
 * INVITE server transaction (RFC 3261 §17.2.1 figure 7, amended by RFC 6026 §§7.1, 8.7, 8.8).
 * The table is the RFC's figure. It performs nothing: InviteServerTransaction does.
 */
export type State = 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated'
export type Timer = 'timerG' | 'timerH' | 'timerI' | 'timerL'
export type Event = Timer | FromNetwork | FromUser
type FromNetwork = 'invite' | 'ack' | 'transportError'
type FromUser = 'respond1xx' | 'respond2xx' | 'respond3xxTo6xx'
export type Effect = ToNetwork | ToUser | 'startG' | 'startH' | 'startI' | 'startL' | 'stopGAndH'
type ToNetwork = 'sendResponse' | 'resendResponse'
type ToUser = 'deliverAck' | 'reportTimeout' | 'reportTransportError'
type Transition = { readonly next?: State; readonly effects?: readonly Effect[] }

// biome-ignore format: one row per arrow of the RFC's figure
const transitions: Record<State, Partial<Record<Event, Transition>>> = {
  proceeding: {
    invite:          { effects: ['resendResponse'] },
    respond1xx:      { effects: ['sendResponse'] },
    respond2xx:      { effects: ['sendResponse', 'startL'], next: 'accepted' },
    respond3xxTo6xx: { effects: ['sendResponse', 'startG', 'startH'], next: 'completed' },
    transportError:  { effects: ['reportTransportError'] },
  },
  accepted: {
    ack:             { effects: ['deliverAck'] },
    respond2xx:      { effects: ['sendResponse'] },
    timerL:          { next: 'terminated' },
    transportError:  { effects: ['reportTransportError'] },
  },
  completed: {
    invite:          { effects: ['resendResponse'] },
    timerG:          { effects: ['resendResponse', 'startG'] },
    ack:             { effects: ['stopGAndH', 'startI'], next: 'confirmed' },
    timerH:          { effects: ['reportTimeout'], next: 'terminated' },
    transportError:  { effects: ['reportTransportError'] },
  },
  confirmed:         { timerI: { next: 'terminated' } },
  terminated:        {},
}

/** Events a state does not name are absorbed: a retransmission is normal, not an error. */
export function advance(state: State, event: Event): Required<Transition> {
  return { next: state, effects: [], ...transitions[state][event] }
}
