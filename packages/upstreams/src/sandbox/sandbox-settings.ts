import { z } from 'zod'

/** What the sandbox can be told to fail with; each is a failure that real upstreams have. */
export const sandboxFailures = [
  'answer-broken',
  'bad-request',
  'banned',
  'connect-failed',
  'connection-lost',
  'content-refused',
  'model-unknown',
  'overloaded',
  'quota-spent',
  'rate-limited',
  'server-error',
  'timeout',
  'unauthorised',
  // Never answers; only the call's signal ends it.
  'silence',
] as const
export type SandboxFailure = (typeof sandboxFailures)[number]

/** What an operator may say about a channel of the sandbox. Unknown settings are left alone. */
export const sandboxSettings = z.looseObject({
  /** How long a picture takes, and a chat answer until its first word. */
  latencyMs: z.int().min(0).max(600_000).default(0),
  /** Pause between two pieces of a streamed chat answer. */
  chunkDelayMs: z.int().min(0).max(10_000).default(0),
  /** Share of calls that fail, 0..1. */
  failureRate: z.number().min(0).max(1).default(0),
  failWith: z.enum(sandboxFailures).default('server-error'),
  /** Told with a failure that asks for patience. */
  retryAfterMs: z.int().min(0).max(86_400_000).optional(),
  /** The most partial pictures that it gives. */
  partialImages: z.int().min(0).max(3).default(3),
})
export type SandboxSettings = z.output<typeof sandboxSettings>
