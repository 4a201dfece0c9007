import type { FastifyRequest } from 'fastify'
import type { CallFlow } from '../domain/call-flow.ts'
import { RequestError } from '../domain/errors.ts'
import {
  type CallFlowPatch,
  type ParsedCallFlow,
  type ParseOptions,
  parseCallFlow,
  parseCallFlowPatch,
} from '../flow/parse-call-flow.ts'
import { parseCallFlowXml } from '../flow/parse-xml.ts'
import type { ApiDependencies } from './dependencies.ts'
import { readBody } from './request-body.ts'

/** The flow that is the whole body, JSON or XML. Throws RequestError with every fault. */
export function readCallFlow(request: FastifyRequest, dependencies: ApiDependencies): ParsedCallFlow {
  const body = readBody(request)
  const options = parseOptions(dependencies)
  const result =
    body.type === 'xml'
      ? parseCallFlowXml(body.text, options)
      : parseCallFlow(body.type === 'json' ? body.value : {}, options)
  if ('faults' in result) throw new RequestError(...result.faults)
  return result.flow
}

/** The fields of a flow that the body sets; XML always sets all of them. Throws RequestError. */
export function readCallFlowPatch(request: FastifyRequest, dependencies: ApiDependencies): CallFlowPatch {
  const body = readBody(request)
  if (body.type === 'xml') return readCallFlow(request, dependencies)
  const result = parseCallFlowPatch(body.type === 'json' ? body.value : {}, parseOptions(dependencies))
  if ('faults' in result) throw new RequestError(...result.faults)
  return result.patch
}

/** A flow inside a body, at `path`. Its result is the flow, or its faults. */
export function parseInnerCallFlow(value: unknown, path: string, dependencies: ApiDependencies) {
  return parseCallFlow(value, { ...parseOptions(dependencies), path })
}

/** What a call runs: the flow without what only stored flows have. */
export function flowOfCall({ title, record, steps, maxDuration }: ParsedCallFlow): CallFlow {
  return {
    ...(title !== undefined && { title }),
    record,
    steps,
    ...(maxDuration !== undefined && { maxDuration }),
  }
}

function parseOptions({ ids, speaks }: ApiDependencies): ParseOptions {
  return { newId: () => ids.uuid(), speaks }
}
