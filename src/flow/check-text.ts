import type { Step } from '../domain/call-flow.ts'
import type { Fault } from '../domain/errors.ts'
import type { Finding } from './check-finding.ts'
import { type CheckOptions, checkFlow } from './check-flow.ts'
import { type ParsedCallFlow, parseCallFlow, type Refusal } from './parse-call-flow.ts'
import { parseCallFlowXml } from './parse-xml.ts'

/**
 * Reads a flow that somebody wrote: JSON or XML as text, or what JSON stands for; an array is its steps. Steps without id are called by
 * their place, such as `steps[2]`, so that findings and coverage mean the same from run to run.
 */
export function readFlow(input: unknown): { readonly flow: ParsedCallFlow } | Refusal {
  const made = placeIds()
  const text = typeof input === 'string' ? input.replace(/^\ufeff/, '') : undefined
  const result =
    text === undefined
      ? parseCallFlow(stepsOrFlow(input), made)
      : text.trimStart().startsWith('<')
        ? parseCallFlowXml(text, made)
        : parseJson(text, made)
  return 'faults' in result ? result : { flow: { ...result.flow, steps: made.named(result.flow.steps) } }
}

/** All that is wrong with a flow as somebody wrote it: its faults, or, if it has none, what `checkFlow` finds. */
export function checkText(text: string, options?: CheckOptions): { steps: number; findings: Finding[] } {
  const result = readFlow(text)
  if ('faults' in result) return { steps: 0, findings: result.faults.map(findingOf) }
  return { steps: result.flow.steps.length, findings: checkFlow(result.flow, options) }
}

/** A fault in the shape of a finding: an error without step id, since no step was read. */
export function findingOf({ kind, message, parameter }: Fault): Finding {
  return { severity: 'error', rule: kind, ...(parameter !== undefined && { field: parameter }), message }
}

/** Ids for steps that have none: stand-ins for the parser, and then the places of the steps. */
export function placeIds() {
  const standIns = new Set<string>()
  return {
    newId: (): string => {
      const id = `\u0000${standIns.size}`
      standIns.add(id)
      return id
    },
    named: (steps: readonly Step[]): readonly Step[] => {
      const taken = new Set(steps.map(({ id }) => id))
      const placeOf = (index: number) => {
        let place = `steps[${index}]`
        while (taken.has(place)) place += "'"
        return place
      }
      return steps.map((step, index) => (standIns.has(step.id) ? { ...step, id: placeOf(index) } : step))
    },
  }
}

function parseJson(text: string, made: { readonly newId: () => string }): ReturnType<typeof parseCallFlow> {
  try {
    return parseCallFlow(stepsOrFlow(JSON.parse(text)), made)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const message = `The call flow is neither JSON nor XML: ${error.message.replace(/\s+/g, ' ')}.`
    return { faults: [{ kind: 'unparsable', message }] }
  }
}

function stepsOrFlow(value: unknown): unknown {
  return Array.isArray(value) ? { steps: value } : value
}
