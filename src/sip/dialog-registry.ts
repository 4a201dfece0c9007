import { dialogId } from './dialog.ts'
import type { DialogSession } from './dialog-session.ts'
import type { IncomingRequest } from './transaction/incoming-request.ts'

/** All living dialogs, early ones included, by Call-ID and both tags. */
export class DialogRegistry implements Disposable {
  readonly #sessions = new Map<string, DialogSession>()

  get size(): number {
    return this.#sessions.size
  }

  add(session: DialogSession): void {
    this.#sessions.set(session.state.id, session)
  }

  remove(session: DialogSession): void {
    this.#sessions.delete(session.state.id)
  }

  /** The dialog that a request from the far end belongs to (RFC 3261 §12.2.2). */
  find({ callId, toTag, fromTag }: IncomingRequest): DialogSession | undefined {
    return this.#sessions.get(dialogId(callId, toTag, fromTag))
  }

  [Symbol.dispose](): void {
    for (const session of [...this.#sessions.values()]) session[Symbol.dispose]()
  }
}
