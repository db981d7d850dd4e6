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

/** What happens to a request that a fault was made for. */
export const behaviour = z.discriminatedUnion('kind', [
  /** The true answer, after the fault's latency. */
  z.object({ kind: z.literal('pass') }),
  /** A status of its own; without `body`, an OpenAI error envelope of code, type and message. */
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
  /** This answer and nothing else: no header and no byte is added, so that any wire form can be scripted. */
  z.object({
    kind: z.literal('raw'),
    status: z.int().min(200).max(599).default(200),
    headers: z.record(z.string(), z.string()).default({}),
    /** Written one after the other, as one chunk each; text as UTF-8, bytes as base64. */
    chunks: z.array(z.union([z.string(), z.object({ base64: z.string() })])).default([]),
    /** Pause after each chunk. */
    gapMs: z.int().min(0).default(0),
    /** What follows the last chunk: a proper end, a closed connection, a reset, or silence. */
    ending: z.enum(['end', 'cut', 'reset', 'hang']).default('end'),
  }),
  /** Silence: before the headers, after them, or after half of the body; until the client leaves. */
  z.object({
    kind: z.literal('hang'),
    at: z.enum(['request', 'headers', 'body']).default('request'),
  }),
  /** The true answer up to this many bytes of its body, then the connection ends. */
  z.object({ kind: z.literal('cut'), afterBytes: z.int().min(0).default(0) }),
  /** As `cut`, with a TCP reset; without `afterBytes` no byte is answered at all. */
  z.object({ kind: z.literal('reset'), afterBytes: z.int().min(0).optional() }),
  /** The true answer, a few bytes at a time. */
  z.object({ kind: z.literal('drip'), bytes: z.int().min(1), everyMs: z.int().min(1) }),
  /** 200 with JSON that does not parse; in a stream, one such event among the true ones. */
  z.object({ kind: z.literal('malformed') }),
  /** 200 and no byte. */
  z.object({ kind: z.literal('empty') }),
  /** 200 and an HTML page. */
  z.object({ kind: z.literal('html') }),
  /** An image answer that is not what it says. */
  z.object({
    kind: z.literal('picture'),
    lie: z.enum([
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
  /** The answer's usage is replaced by this, or left out when it is null. */
  z.object({ kind: z.literal('usage'), usage: z.unknown() }),
  /** A stream that does not end as it should. */
  z.object({
    kind: z.literal('stream'),
    lie: z.enum([
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

/** One round of the script: which requests it is for, how often, and what happens to them. */
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
  /** How many matching requests go by untouched first. */
  skip: z.int().min(0).default(0),
  /** How many requests it is for; null means for ever. */
  times: z.int().min(1).nullable().default(1),
  latencyMs: z.int().min(0).default(0),
  behaviour: behaviour.default({ kind: 'pass' }),
})
export type Fault = z.output<typeof fault>
/** A fault as a test writes it. */
export type FaultInput = z.input<typeof fault>

/** The body of `POST /__script`. */
export const scriptBody = z.object({
  /** Forgets what was scripted before. */
  reset: z.boolean().default(false),
  faults: z.array(fault).default([]),
})

export interface Facing {
  key: string | null
  route: Route
  model: string | null
  prompt: string | null
  stream: boolean
  fields: readonly string[]
}

/** A queue of faults: the first that matches a request is used; used up ones are dropped. */
export function createScript() {
  let faults: Fault[] = []
  return {
    add(more: Fault[]) {
      faults.push(...more.map((one) => structuredClone(one)))
    },
    reset() {
      faults = []
    },
    /** What happens to this request; counts it. */
    take(request: Facing): Fault | undefined {
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

function matches(match: Fault['match'], request: Facing): boolean {
  if (match.key !== undefined && match.key !== request.key) return false
  if (match.route !== undefined && match.route !== request.route) return false
  if (match.model !== undefined && match.model !== request.model) return false
  if (match.stream !== undefined && match.stream !== request.stream) return false
  if (match.field !== undefined && !request.fields.includes(match.field)) return false
  if (match.promptIncludes === undefined) return true
  return request.prompt?.includes(match.promptIncludes) ?? false
}
