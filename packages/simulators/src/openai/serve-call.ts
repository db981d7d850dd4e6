import type { IncomingMessage, ServerResponse } from 'node:http'

import { systemClock } from '@sluice/kernel/clock'

import { answerAdmin } from './admin-route.ts'
import type { Answer } from './answer.ts'
import { refusal } from './answer.ts'
import { answerChat } from './chat-route.ts'
import type { Behaviour, Route, createScript } from './fault.ts'
import { answerImages } from './images-route.ts'
import { answerFile, answerModels, answerUnknown } from './models-route.ts'
import type { Call } from './read-call.ts'
import { readCall } from './read-call.ts'
import type { Transmitted } from './transmit.ts'
import { replaced, transmit } from './transmit.ts'
import type { LogEntry, RequestLog } from './request-log.ts'
import { hashKey } from './request-log.ts'
import type { RouteHandler, SimulatorContext } from './simulator-context.ts'

const handlers: Record<Route, RouteHandler> = {
  'images.generations': answerImages,
  'images.edits': answerImages,
  'chat.completions': answerChat,
  models: answerModels,
  files: answerFile,
  unknown: answerUnknown,
}

export interface ServeDeps {
  pace: { latencyMs: number; streamGapMs: number }
  keys: readonly string[]
  restricted: RestrictedKeys
  log: RequestLog
  script: ReturnType<typeof createScript>
  context: SimulatorContext
}

/** The request listener: reads a request to its end, answers it according to the script, and logs it. */
export function createServe(deps: ServeDeps) {
  return async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const aborter = new AbortController()
    response.on('close', () => aborter.abort())
    const { signal } = aborter
    try {
      const call = await readCall(request)
      const admin = answerAdmin(deps, { call })
      const pass = { behaviour: { kind: 'pass' as const }, gapMs: 0 }
      if (admin) await transmit({ response, answer: admin, ...pass, signal })
      else await answerCall(deps, { call, response, signal })
    } catch (error) {
      // A client that disconnects while sending is expected; anything else is a bug of the simulator.
      if (!signal.aborted) process.stderr.write(`${String(error)}\n`)
      response.destroy()
    }
  }
}

async function answerCall(
  deps: ServeDeps,
  { call, response, signal }: { call: Call; response: ServerResponse; signal: AbortSignal },
): Promise<void> {
  const { log, script } = deps
  const facts = requestFactsOf(call)
  const fault = script.take(facts)
  const { behaviour = { kind: 'pass' as const }, latencyMs = 0 } = fault ?? {}
  const { key, fields: _, ...logged } = facts
  const { method, path, bodySha256, bodyBytes, parts, acceptEncoding } = call
  const fields = shortScalars(call.fields)
  const keyHash = key === null ? null : hashKey(key)
  const seen = { method, path, bodySha256, bodyBytes, parts, keyHash, acceptEncoding, fields }
  const entry = log.received({ ...logged, ...seen, behaviour: fault?.behaviour.kind ?? null })
  // The result when the client disconnects while the response is being created; nothing was produced then.
  let how: Transmitted = 'client-gone'
  try {
    how = await respond({ ...deps, entry }, { call, behaviour, latencyMs, response, signal })
  } finally {
    log.ended(entry, how, response.headersSent ? response.statusCode : null)
  }
}

interface LoggedCall {
  call: Call
  behaviour: Behaviour
  latencyMs: number
  response: ServerResponse
  signal: AbortSignal
}

async function respond(
  { pace, keys, restricted, log, context, entry }: ServeDeps & { entry: LogEntry },
  { call, behaviour, latencyMs, response, signal }: LoggedCall,
): Promise<Transmitted> {
  const waitMs = latencyMs + (isPaid(call) ? pace.latencyMs : 0)
  if (waitMs > 0) await systemClock.sleep(waitMs, signal)
  const refused = refuse({ keys, restricted }, call)
  const created = refused
    ? { answer: refused, produced: [] }
    : await handlers[call.route](context, { call, behaviour })
  const answer = replaced(created.answer, behaviour)
  const produces =
    !['status', 'raw', 'empty', 'html'].includes(behaviour.kind) && !isSilent(behaviour)
  if (produces) for (const produced of created.produced) log.produced(entry, produced)
  const headers =
    behaviour.kind === 'raw' ? behaviour.headers : { ...answer.headers, ...commonHeaders(context) }
  const { streamGapMs: gapMs } = pace
  return await transmit({ response, answer: { ...answer, headers }, behaviour, gapMs, signal })
}

function isSilent(behaviour: {
  kind: string
  at?: string
  afterBytes?: number | undefined
}): boolean {
  return (
    (behaviour.kind === 'hang' && behaviour.at === 'request') ||
    (behaviour.kind === 'reset' && behaviour.afterBytes === undefined)
  )
}

function isPaid({ route }: Call): boolean {
  return route !== 'models' && route !== 'files' && route !== 'unknown'
}

/** Keys that may not use some routes, like OpenAI's restricted keys. */
export type RestrictedKeys = Readonly<Record<string, readonly Route[]>>

/** The missing scope that OpenAI names for a route. */
const scopes: Partial<Record<Route, string>> = {
  models: 'api.model.read',
  'chat.completions': 'model.request',
  'images.generations': 'api.model.images.request',
  'images.edits': 'api.model.images.request',
}

function refuse(
  { keys, restricted }: Pick<ServeDeps, 'keys' | 'restricted'>,
  call: Call,
): Answer | undefined {
  if (call.route === 'files') return call.broken ? unreadable() : undefined
  const denied = call.key === null ? undefined : restricted[call.key]
  if (call.key === null || (!keys.includes(call.key) && denied === undefined)) {
    const message = 'Incorrect API key provided.'
    return refusal(401, { message, code: 'invalid_api_key' })
  }
  // As at OpenAI, the scopes of the key are checked before the body.
  if (denied?.includes(call.route)) {
    const message =
      `You have insufficient permissions for this operation. Missing scopes: ${scopes[call.route]}. ` +
      "Check that you have the correct role in your organization and project, and if you're using a " +
      'restricted API key, that it has the necessary scopes.'
    return refusal(401, { message, code: 'missing_scope' })
  }
  return call.broken ? unreadable() : undefined
}

const unreadable = () => refusal(400, { message: 'We could not parse the body of your request.' })

const SCALAR_CHARS_MAX = 100

function shortScalars(fields: Record<string, unknown>): LogEntry['fields'] {
  const isShort = (field: [string, unknown]): field is [string, string | number | boolean] =>
    typeof field[1] === 'string'
      ? field[1].length <= SCALAR_CHARS_MAX
      : typeof field[1] === 'number' || typeof field[1] === 'boolean'
  return Object.fromEntries(Object.entries(fields).filter(isShort))
}

function requestFactsOf({ key, route, fields }: Call) {
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  const messages = fields['messages']
  const prompt =
    text(fields['prompt']) ?? (messages === undefined ? null : JSON.stringify(messages))
  const stream = fields['stream'] === true || fields['stream'] === 'true'
  const names = Object.keys(fields)
  return { key, route, model: text(fields['model']), prompt, stream, fields: names }
}

function commonHeaders(context: SimulatorContext): Record<string, string> {
  return {
    'x-request-id': context.newId('req'),
    'openai-version': '2020-10-01',
    'openai-processing-ms': '7',
    'x-ratelimit-limit-requests': '10000',
    'x-ratelimit-remaining-requests': '9999',
    'x-ratelimit-reset-requests': '6ms',
  }
}
