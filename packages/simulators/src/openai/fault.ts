import { z } from 'zod'

export const routes = [
  'images.generations',
  'images.edits',
  'chat.completions',
  'models',
  'files',
  'unknown',
] as const
export type Route = (typeof routes)[number]

/** How a request is answered to which a fault applies. */
export const behaviour = z.discriminatedUnion('kind', [
  /** The normal response, after the fault's latency. */
  z.object({ kind: z.literal('pass') }),
  /** A status; without `body`, with an OpenAI error envelope of code, type and message. */
  z.object({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    code: z.string().nullable().default(null),
    type: z.string().default('invalid_request_error'),
    message: z.string().default('scripted'),
    headers: z.record(z.string(), z.string()).default({}),
    /** Text is sent as it is, anything else as JSON. */
    body: z.unknown().optional(),
  }),
  /** A response without any additional header or byte, so that any wire form can be scripted. */
  z.object({
    kind: z.literal('raw'),
    status: z.int().min(200).max(599).default(200),
    headers: z.record(z.string(), z.string()).default({}),
    /** Written one after the other, one chunk each: UTF-8 text, or bytes as base64. */
    chunks: z.array(z.union([z.string(), z.object({ base64: z.string() })])).default([]),
    /** Pause after each chunk. */
    gapMs: z.int().min(0).default(0),
    /** After the last chunk: a normal end, a closed connection, a reset, or no end. */
    ending: z.enum(['end', 'cut', 'reset', 'hang']).default('end'),
  }),
  /** Hangs before the headers, after them, or after half of the body, until the client disconnects. */
  z.object({
    kind: z.literal('hang'),
    at: z.enum(['request', 'headers', 'body']).default('request'),
  }),
  /** The normal response up to this many bytes of its body, then the connection is closed. */
  z.object({ kind: z.literal('cut'), afterBytes: z.int().min(0).default(0) }),
  /** As `cut`, with a TCP reset; without `afterBytes` nothing is sent. */
  z.object({ kind: z.literal('reset'), afterBytes: z.int().min(0).optional() }),
  /** The normal response, a few bytes at a time. */
  z.object({ kind: z.literal('drip'), bytes: z.int().min(1), everyMs: z.int().min(1) }),
  /** 200 with invalid JSON; in a stream, one such event among the normal ones. */
  z.object({ kind: z.literal('malformed') }),
  /** 200 with an empty body. */
  z.object({ kind: z.literal('empty') }),
  /** 200 with an HTML page. */
  z.object({ kind: z.literal('html') }),
  /** An invalid image response. */
  z.object({
    kind: z.literal('picture'),
    variant: z.enum([
      'bad-base64',
      'zero-bytes',
      'not-a-picture',
      'truncated',
      'none',
      'too-many',
      'url',
      'wrong-facts',
      'no-facts',
    ]),
  }),
  /** Replaces the response's usage; null removes it. */
  z.object({ kind: z.literal('usage'), usage: z.unknown() }),
  /** An unusual or invalid stream. */
  z.object({
    kind: z.literal('stream'),
    variant: z.enum([
      'no-terminal',
      'error-envelope',
      'error-event',
      'error-flat',
      'json',
      'empty-data',
      'crlf',
      'twice-terminal',
    ]),
    code: z.string().default('server_error'),
    message: z.string().default('scripted'),
  }),
])
export type Behaviour = z.output<typeof behaviour>

/** One entry of the script: which requests it applies to, how often, and how they are answered. */
export const fault = z.object({
  /** All given conditions must hold; without any, every request matches. */
  match: z
    .object({
      key: z.string().optional(),
      route: z.enum(routes).optional(),
      model: z.string().optional(),
      promptIncludes: z.string().optional(),
      /** The body has a member, or the form a part, of this name. */
      field: z.string().optional(),
      stream: z.boolean().optional(),
    })
    .default({}),
  /** How many matching requests are answered normally first. */
  skip: z.int().min(0).default(0),
  /** How many requests it applies to; null for no limit. */
  times: z.int().min(1).nullable().default(1),
  latencyMs: z.int().min(0).default(0),
  behaviour: behaviour.default({ kind: 'pass' }),
})
export type Fault = z.output<typeof fault>
/** A fault before defaults are applied. */
export type FaultInput = z.input<typeof fault>

/** The body of `POST /__script`. */
export const scriptBody = z.object({
  /** Removes earlier faults. */
  reset: z.boolean().default(false),
  faults: z.array(fault).default([]),
})

export interface RequestFacts {
  key: string | null
  route: Route
  model: string | null
  prompt: string | null
  stream: boolean
  fields: readonly string[]
}

/** A queue of faults: the first one that matches a request applies; used-up ones are removed. */
export function createScript() {
  let faults: Fault[] = []
  return {
    add(more: Fault[]) {
      faults.push(...more.map((one) => structuredClone(one)))
    },
    reset() {
      faults = []
    },
    /** The fault for this request; counts the use. */
    take(request: RequestFacts): Fault | undefined {
      for (const candidate of faults) {
        if (!matches(candidate.match, request)) continue
        if (candidate.skip > 0) {
          candidate.skip -= 1
          continue
        }
        if (candidate.times !== null) candidate.times -= 1
        faults = faults.filter((one) => one.times !== 0)
        return candidate
      }
      return undefined
    },
  }
}

function matches(match: Fault['match'], request: RequestFacts): boolean {
  if (match.key !== undefined && match.key !== request.key) return false
  if (match.route !== undefined && match.route !== request.route) return false
  if (match.model !== undefined && match.model !== request.model) return false
  if (match.stream !== undefined && match.stream !== request.stream) return false
  if (match.field !== undefined && !request.fields.includes(match.field)) return false
  if (match.promptIncludes === undefined) return true
  return request.prompt?.includes(match.promptIncludes) ?? false
}
