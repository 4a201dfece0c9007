import type { Fault, RequestErrorKind } from '../domain/errors.ts'
import { MAX_FAULTS } from './limits.ts'

/** Collects the faults of one input, up to MAX_FAULTS; later ones are dropped. */
export class FaultList {
  readonly #faults: Fault[] = []

  /** True once no more faults are kept: parsing may stop. */
  get full(): boolean {
    return this.#faults.length >= MAX_FAULTS
  }

  missing(parameter: string): void {
    this.add('missing', `The \`${parameter}\` parameter is required.`, parameter)
  }

  /** `must` completes "The … parameter must". */
  invalid(parameter: string, must: string): void {
    this.add('invalid', `The \`${parameter}\` parameter must ${must}.`, parameter)
  }

  add(kind: RequestErrorKind, message: string, parameter: string): void {
    if (!this.full) this.#faults.push(fault(kind, message, parameter))
  }

  /** All faults, or undefined if there were none. */
  get all(): readonly [Fault, ...Fault[]] | undefined {
    const [first, ...others] = this.#faults
    return first && [first, ...others]
  }
}

/** A fault; an empty `parameter` stands for the request as a whole. */
export function fault(kind: RequestErrorKind, message: string, parameter: string): Fault {
  return parameter === '' ? { kind, message } : { kind, message, parameter }
}
