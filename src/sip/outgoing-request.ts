import type { RequestTemplate } from './dialog.ts'
import { headersOfCheckedEntries } from './headers.ts'
import type { SipHeader, SipRequest, SipResponse } from './message.ts'
import type { ClientRequest, ClientTransactionUser } from './transaction/transaction-layer.ts'
import type { SipListenAddress, SipSource, SipTarget } from './transport.ts'
import { serializeHost } from './uri.ts'
import { createBranch, type UserAgentContext } from './user-agent-context.ts'

/** Gives a template its way: Via with a new branch, and Contact where it wants one. Undefined: no such transport is open. */
export function addressRequest(
  context: Pick<UserAgentContext, 'transports' | 'ids' | 'userAgentHeader'>,
  template: RequestTemplate,
  target: SipTarget,
): ClientRequest | undefined {
  const local = context.transports.localAddressFor(target)
  if (!local) return undefined
  const branch = createBranch(context.ids)
  const sentBy = `${serializeHost(local.address)}:${local.port}`
  const entries: SipHeader[] = [
    { name: 'Via', value: `SIP/2.0/${local.transport.toUpperCase()} ${sentBy};branch=${branch};rport` },
    ...template.headers,
  ]
  if (template.contact) entries.push(contactHeader(local))
  entries.push(context.userAgentHeader)
  const { method, uri, body } = template
  const request: SipRequest = {
    kind: 'request',
    method,
    uri,
    headers: headersOfCheckedEntries(entries),
    body,
  }
  return { request, branch, target }
}

/** Where we can be reached by the far end. */
export function contactHeader({ transport, address, port }: SipListenAddress): SipHeader {
  const parameter = transport === 'udp' ? '' : `;transport=${transport}`
  return { name: 'Contact', value: `<sip:linnet@${serializeHost(address)}:${port}${parameter}>` }
}

/**
 * One request on its way, from address to address: the next one is tried, in a new transaction, when one times out,
 * can't be sent to or answers 503 (RFC 3263 §4.3). Disposing it gives up; its user then hears nothing more.
 */
export class OutgoingRequest implements Disposable {
  readonly #context: UserAgentContext
  readonly #template: RequestTemplate
  readonly #user: ClientTransactionUser
  #targets: readonly SipTarget[] = []
  #nextTarget = 0
  #attempt: ClientRequest | undefined
  #transaction: Disposable | undefined
  #disposed = false

  constructor(
    context: UserAgentContext,
    template: RequestTemplate,
    targets: Promise<readonly SipTarget[]>,
    user: ClientTransactionUser,
  ) {
    this.#context = context
    this.#template = template
    this.#user = user
    void targets.then((found) => {
      this.#targets = found
      this.#tryNext('transportError')
    })
  }

  /** What was sent last; undefined until the addresses are known. */
  get attempt(): ClientRequest | undefined {
    return this.#attempt
  }

  /** Tries no further address: its user has given up, but still waits for what this one says. */
  stayWithAttempt(): void {
    this.#targets = []
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#transaction?.[Symbol.dispose]()
    this.#transaction = undefined
  }

  #tryNext(failure: 'timeout' | 'transportError'): void {
    if (this.#disposed) return
    const attempt = this.#nextAttempt()
    if (!attempt) {
      this.#user.onFailure(failure)
      return
    }
    this.#attempt = attempt
    this.#transaction = this.#context.layer.openClient(attempt, {
      onResponse: (response, source) => this.#onResponse(attempt, response, source),
      onFailure: (reason) => {
        if (this.#attempt === attempt) this.#tryNext(reason)
      },
    })
  }

  #nextAttempt(): ClientRequest | undefined {
    for (let target = this.#takeTarget(); target; target = this.#takeTarget()) {
      const attempt = addressRequest(this.#context, this.#template, target)
      if (attempt) return attempt
    }
    return undefined
  }

  #takeTarget(): SipTarget | undefined {
    const target = this.#targets[this.#nextTarget]
    this.#nextTarget += 1
    return target
  }

  #onResponse(attempt: ClientRequest, response: SipResponse, source: SipSource): void {
    if (this.#disposed || this.#attempt !== attempt) return
    const failsOver = response.status === 503 && this.#nextTarget < this.#targets.length
    if (failsOver) this.#tryNext('transportError')
    else this.#user.onResponse(response, source)
  }
}
