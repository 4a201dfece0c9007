/** Why a request was refused. Each kind is one MessageBird error code (docs/api/errors.md). */
export type RequestErrorKind =
  | 'missing' // 11
  | 'invalid' // 12
  | 'notFound' // 13
  | 'forbidden' // 14
  | 'unauthenticated' // 15
  | 'unparsable' // 16
  | 'badVersion' // 17
  | 'badQuery' // 18
  | 'unprocessable' // 25

/** One fault of a request. `parameter` is the API's name of the field at fault, such as `steps[2].options.voice`. */
export interface Fault {
  readonly kind: RequestErrorKind
  /** A sentence for the client, in MessageBird's wording where one is known. */
  readonly message: string
  readonly parameter?: string
}

/** A failure the client can act on, with at least one fault. Every other error is a bug and reaches the client as code 21. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly faults: readonly [Fault, ...Fault[]]

  constructor(first: Fault, ...others: readonly Fault[]) {
    super(first.message)
    this.faults = [first, ...others]
  }
}
