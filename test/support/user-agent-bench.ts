import assert from 'node:assert/strict'
import type { Ids } from '../../src/runtime/ids.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import type { SipResponse } from '../../src/sip/message.ts'
import type {
  Dialog,
  DialogHandler,
  IncomingInvite,
  IncomingInviteHandler,
  UserAgent,
} from '../../src/sip/user-agent.ts'
import { createUserAgent, type UserAgentDependencies } from '../../src/sip/user-agent-core.ts'
import { FakeClock } from './fake-clock.ts'
import { ScriptedSipPeer } from './scripted-sip-peer.ts'
import { SipNetwork } from './sip-network.ts'

/** Ids that count up, so that each is known and none is used twice. */
export function countingIds(): Ids {
  let count = 0
  const next = () => {
    count += 1
    return `${count}`
  }
  return { uuid: next, token: next }
}

/** A user agent at 127.0.0.1 and a scripted peer at 127.0.0.2 on one network. `events` is what the handlers heard. */
export class UserAgentBench {
  readonly clock = new FakeClock()
  readonly network = new SipNetwork(this.clock)
  readonly peer = new ScriptedSipPeer(this.clock, this.network, '127.0.0.2', '127.0.0.1')
  readonly events: string[] = []
  readonly invites: IncomingInvite[] = []
  readonly userAgent: UserAgent
  /** What `onOffer` answers. */
  answerOffer: DialogHandler['onOffer'] = () => ({ sdp: 'our answer' })
  /** Runs inside `onInvite`. */
  onInvite: (invite: IncomingInvite) => void = () => {}

  constructor(overrides: Partial<UserAgentDependencies> = {}) {
    const transports = this.network.join('127.0.0.1', (datagram, source) =>
      this.userAgent.receive(datagram, source),
    )
    this.userAgent = createUserAgent({
      transports,
      onInvite: (invite) => {
        this.invites.push(invite)
        this.onInvite(invite)
        return this.inviteHandler()
      },
      clock: this.clock,
      ids: countingIds(),
      logger: silentLogger,
      ...overrides,
    })
  }

  note(what: string): void {
    this.events.push(`${this.clock.now()} ${what}`)
  }

  inviteHandler(): IncomingInviteHandler {
    return { onCancel: () => this.note('canceled'), onFailure: (reason) => this.note(`failed ${reason}`) }
  }

  dialogHandler(): DialogHandler {
    return {
      onEnd: (how, reason) => this.note(reason === undefined ? `ended ${how}` : `ended ${how} ${reason}`),
      onOffer: (offer) => {
        this.note(`offer ${offer ?? 'wanted'}`)
        return this.answerOffer(offer)
      },
      onAnswer: (sdp) => this.note(`answer ${sdp ?? 'missing'}`),
      onInfo: (contentType, body) => {
        this.note(`info ${contentType} ${body}`)
        return contentType === 'application/dtmf-relay'
      },
    }
  }

  get invite(): IncomingInvite {
    const invite = this.invites.at(-1)
    assert.ok(invite, 'an INVITE has arrived')
    return invite
  }

  accept(sdp = 'our sdp'): Dialog {
    return this.invite.accept(sdp, this.dialogHandler())
  }

  /** The peer calls and we answer; with `ack`, the peer acknowledges. */
  async establish({ ack = true } = {}): Promise<Dialog> {
    this.peer.request('INVITE', { body: 'offer' })
    await this.clock.advance(0)
    const dialog = this.accept()
    await this.clock.advance(0)
    if (ack) {
      this.peer.request('ACK', { headers: this.inDialog('ACK', 1) })
      await this.clock.advance(0)
    }
    return dialog
  }

  /** The headers of a peer's request in the dialog that our last 200 made, each with a branch of its own. */
  inDialog(method: string, cseq: number): Record<string, string> {
    return {
      Via: `SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK${method}${cseq}in`,
      To: this.ok.headers.get('To') ?? '',
      CSeq: `${cseq} ${method}`,
    }
  }

  get ok(): SipResponse {
    return this.peer.lastResponse(200)
  }

  /** Lets every timer run out: nothing may be left then. */
  async drain(): Promise<void> {
    await this.clock.advance(200_000)
    assert.deepEqual(this.userAgent.size, { transactions: 0, dialogs: 0 })
    assert.equal(this.clock.pendingTimers, 0)
  }
}
