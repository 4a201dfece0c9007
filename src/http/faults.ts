import { RequestError } from '../domain/errors.ts'
import type { FaultList } from '../flow/fault-list.ts'

/** Throws RequestError with every fault, if there is one. */
export function throwFaults({ all }: FaultList): void {
  if (all) throw new RequestError(...all)
}

/** The refusal of a single field, in the words of FaultList. */
export function missing(parameter: string): RequestError {
  return new RequestError({
    kind: 'missing',
    message: `The \`${parameter}\` parameter is required.`,
    parameter,
  })
}

/** The refusal of a single field; `must` completes "The … parameter must". */
export function invalid(parameter: string, must: string): RequestError {
  return new RequestError({
    kind: 'invalid',
    message: `The \`${parameter}\` parameter must ${must}.`,
    parameter,
  })
}
