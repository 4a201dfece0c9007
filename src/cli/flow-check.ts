import type { RequestErrorKind } from '../domain/errors.ts'
import type { Finding } from '../flow/check-finding.ts'
import { checkText } from '../flow/check-text.ts'
import { findLanguage } from '../speech/languages.ts'
import { readArguments } from './arguments.ts'
import { onlyFile, readFlowFile } from './flow-file.ts'

/** `linnet flow check FILE [--json]`: exit code 1 if there are errors. Throws StartError for wrong usage. */
export async function flowCheck(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, { json: { type: 'boolean' } }, true)
  const path = onlyFile(positionals, 'flow check FILE')
  const text = await readFlowFile(path)
  const { steps, findings } = checkText(text, { speaks: (code) => findLanguage(code) !== undefined })
  if (values['json'] === true) console.log(JSON.stringify(findings.map(withCode), undefined, 2))
  else for (const line of findingLines(path, steps, findings)) console.log(line)
  return findings.some(({ severity }) => severity === 'error') ? 1 : 0
}

/** Findings as a person reads them: a line each, and one that sums them up. */
export function findingLines(path: string, steps: number, findings: readonly Finding[]): string[] {
  const lines = findings.map((finding) => {
    const { severity, rule, stepId, field, message } = finding
    const { code } = withCode(finding)
    const place = stepId === undefined || stepId === field ? field : `${field} (${stepId})`
    const what = code === undefined ? rule : `${rule}, code ${code}`
    return `${path}: ${severity}: ${place === undefined ? '' : `${place}: `}${message} [${what}]`
  })
  const count = (severity: Finding['severity']) =>
    counted(findings.filter((finding) => finding.severity === severity).length, severity)
  const sum =
    findings.length === 0
      ? `${counted(steps, 'step')}, nothing found`
      : `${count('error')}, ${count('warning')}`
  return [...lines, `${path}: ${sum}`]
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** The API's code of each kind of fault (docs/api/errors.md), as http/errors.ts has it. */
const CODES: Readonly<Partial<Record<string, number>>> = {
  missing: 11,
  invalid: 12,
  unparsable: 16,
  unprocessable: 25,
} satisfies Partial<Record<RequestErrorKind, number>>

function withCode(finding: Finding): Finding & { readonly code?: number } {
  const code = CODES[finding.rule]
  return code === undefined ? finding : { ...finding, code }
}
