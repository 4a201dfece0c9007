import { SaxesParser, type SaxesTagPlain } from 'saxes'
import type { Fault } from '../domain/errors.ts'
import { MAX_DEPTH, MAX_FLOW_BYTES } from './limits.ts'
import { type ParsedCallFlow, type ParseOptions, parseCallFlow, type Refusal } from './parse-call-flow.ts'

/** Of the text: twice a flow's size, as tags and white space don't count there. */
export const MAX_XML_CHARACTERS = 2 * MAX_FLOW_BYTES

/**
 * Reads a call flow in XML (docs/api/call-flow-language.md). The tags become the raw steps that JSON would have, and
 * `parseCallFlow` validates those. Total: bad XML, a doctype or a processing instruction is one fault, 'unparsable'.
 */
export function parseCallFlowXml(
  text: string,
  options: ParseOptions,
): { readonly flow: ParsedCallFlow } | Refusal {
  if (text.length > MAX_XML_CHARACTERS) {
    const message = `A call flow in XML must not be longer than ${MAX_XML_CHARACTERS} characters.`
    return { faults: [{ kind: 'unprocessable', message }] }
  }
  try {
    return parseCallFlow(readXml(text), options)
  } catch (error) {
    if (error instanceof XmlFault) return { faults: [error.fault] }
    throw error
  }
}

/** Stops the parser from within its callbacks; never leaves this file. */
class XmlFault extends Error {
  override readonly name = 'XmlFault'
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }
}

type Raw = Record<string, unknown>

interface RawStep extends Raw {
  action: string
  options?: Raw
  conditions?: readonly Raw[]
}

/** An open tag: a container of steps with the conditions that they inherit, or a step. */
type OpenTag =
  | { readonly kind: 'container'; readonly conditions: readonly Raw[] }
  | { readonly kind: 'step'; readonly tag: string; readonly step: RawStep; text: string }

/** Steps, keyed by their tag in lower case. */
const ACTIONS: ReadonlyMap<string, string> = new Map(
  ['transfer', 'say', 'play', 'pause', 'record', 'fetchCallFlow', 'sendKeys', 'hangup'].map((action) => [
    action.toLowerCase(),
    action,
  ]),
)
/** Attributes that JSON has beside a step's options. */
const STEP_FIELDS = new Set(['id', 'onkeypressgoto', 'onkeypressvar', 'endkey', 'maxnumkeys'])

/** The raw flow that the text stands for. Throws XmlFault. */
function readXml(text: string): Raw {
  const reader = new Reader()
  const parser = new SaxesParser({ xmlns: false, position: true })
  const refuse = (what: string) => () => unparsable(`${what} is not allowed`)
  parser.on('error', (error) => unparsable(error.message))
  parser.on('doctype', refuse('a doctype'))
  parser.on('processinginstruction', refuse('a processing instruction'))
  parser.on('opentag', (tag) => reader.open(tag))
  parser.on('closetag', () => reader.close())
  parser.on('text', (content) => reader.text(content))
  parser.on('cdata', (content) => reader.text(content))
  parser.write(text).close()
  return reader.flow
}

class Reader {
  readonly #open: OpenTag[] = []
  readonly #steps: RawStep[] = []
  #flow: Raw = Object.create(null)

  get flow(): Raw {
    return { ...this.#flow, steps: this.#steps }
  }

  open({ name, attributes }: SaxesTagPlain): void {
    const parent = this.#open.at(-1)
    if (parent?.kind === 'step') unprocessed(`The \`${parent.tag}\` tag must not contain other tags.`)
    if (this.#open.length >= MAX_DEPTH) {
      unprocessed(`A call flow must not be nested more than ${MAX_DEPTH} levels deep.`)
    }
    const conditions = parent?.kind === 'container' ? parent.conditions : []
    const tag = name.toLowerCase()
    const action = ACTIONS.get(tag)
    if (tag === 'if') {
      this.#open.push({ kind: 'container', conditions: [...conditions, lowerCase(attributes)] })
    } else if (action === undefined && parent === undefined) {
      this.#flow = lowerCase(attributes)
      this.#open.push({ kind: 'container', conditions })
    } else {
      const step = rawStep(action ?? name, attributes, conditions)
      this.#steps.push(step)
      this.#open.push({ kind: 'step', tag: name, step, text: '' })
    }
  }

  text(content: string): void {
    const tag = this.#open.at(-1)
    if (tag?.kind === 'step') tag.text += content
    else if (content.trim() !== '') unprocessed('Text is allowed inside of `Say` only.')
  }

  close(): void {
    const tag = this.#open.pop()
    if (tag?.kind !== 'step') return
    const text = tag.text.trim()
    if (text === '') return
    if (tag.step.action !== 'say') unprocessed(`The \`${tag.tag}\` tag must not contain text.`)
    tag.step.options = { ...tag.step.options, payload: text }
  }
}

/** A step as JSON would have it. `timeout` is an option of `Record`, and the wait for keys elsewhere; `Play` says `url`. */
function rawStep(
  action: string,
  attributes: Readonly<Record<string, string>>,
  conditions: readonly Raw[],
): RawStep {
  const options: Raw = Object.create(null)
  const step: RawStep = { action }
  for (const [name, value] of Object.entries(lowerCase(attributes))) {
    const ofStep = STEP_FIELDS.has(name) || (name === 'timeout' && action !== 'record')
    if (ofStep) step[name] = value
    else options[action === 'play' && name === 'url' ? 'media' : name] = value
  }
  if (Object.keys(options).length > 0) step.options = options
  if (conditions.length > 0) step.conditions = conditions
  return step
}

function lowerCase(attributes: Readonly<Record<string, string>>): Raw {
  const copy: Raw = Object.create(null)
  for (const [name, value] of Object.entries(attributes)) copy[name.toLowerCase()] = value
  return copy
}

function unparsable(reason: string): never {
  throw new XmlFault({ kind: 'unparsable', message: `The XML can't be parsed: ${reason}.` })
}

function unprocessed(message: string): never {
  throw new XmlFault({ kind: 'invalid', message })
}
