import { z } from 'zod'

import type { Dialect } from './scheduler.contract.ts'

const headerText = z
  .string()
  .regex(/^[\w.-]{1,100}$/, 'must be letters, digits, dots, dashes and underscores, at most 100')
const hostAndPort = z
  .string()
  .max(300)
  .regex(/^[\w.:[\]-]+:\d{1,5}$/, 'must be a host and a port, such as 192.168.1.20:8080')

/** What an operator may say about a channel of the OpenAI dialect. */
export const openaiChannelSettings = z
  .strictObject({
    /** The operator's own organisation and project at the upstream, sent as headers. */
    organization: headerText,
    project: headerText,
    /** `ask`: usage is asked for in streams. `estimate`: the upstream does not know how. */
    usageInStreams: z.enum(['ask', 'estimate']),
    /** Whether image answers may be streamed; by default, what the model is known to do. */
    streamImages: z.boolean(),
    /** Hosts of the operator's own network, `host:port`, whose picture URLs are fetched. */
    allowPrivate: z.array(hostAndPort).max(20),
  })
  .partial()

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

/** What an operator may say about a channel of the sandbox. */
export const sandboxChannelSettings = z
  .strictObject({
    /** How long a picture takes, and a chat answer until its first word. */
    latencyMs: z.int().min(0).max(600_000),
    /** Pause between two pieces of a streamed chat answer. */
    chunkDelayMs: z.int().min(0).max(10_000),
    /** Share of calls that fail, 0..1. */
    failureRate: z.number().min(0).max(1),
    failWith: z.enum(sandboxFailures),
    /** Told with a failure that asks for patience. */
    retryAfterMs: z.int().min(0).max(86_400_000),
    /** The most partial pictures that it gives. */
    partialImages: z.int().min(0).max(3),
  })
  .partial()

const schemas = {
  openai: openaiChannelSettings,
  sandbox: sandboxChannelSettings,
} as const satisfies Record<Dialect, z.ZodObject>

/** The names that channels of a dialect know. */
export function settingNames(dialect: Dialect): string[] {
  return Object.keys(schemas[dialect].shape)
}

/** What the control API's description says about them. */
export const settingsText =
  'Settings of the dialect. openai: organization, project, usageInStreams (ask, estimate), streamImages, allowPrivate (host:port of private hosts whose picture URLs are fetched). sandbox: latencyMs, chunkDelayMs, failureRate, failWith, retryAfterMs, partialImages.'
/** Settings of a channel in the control API; its dialect says what they may be. */
export const channelSettings = z.record(z.string().max(100), z.unknown()).describe(settingsText)

export interface WrongSetting {
  name: string
  /** Why it cannot be used, as the end of a sentence about it. */
  message: string
}

/** The first setting that channels of this dialect cannot have; undefined when all are good. Pure. */
export function findWrongSetting(
  dialect: Dialect,
  settings: Readonly<Record<string, unknown>>,
): WrongSetting | undefined {
  const names = settingNames(dialect)
  const unknown = Object.keys(settings).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const message = `is no setting of ${dialect} channels; they know ${names.join(', ')}`
    return { name: unknown.slice(0, 100), message }
  }
  const parsed = schemas[dialect].safeParse(settings)
  const [issue] = parsed.error?.issues ?? []
  if (issue === undefined) return undefined
  return { name: String(issue.path[0]), message: issue.message }
}

/**
 * Settings with some changed: null takes one away, what is not named stays. Pure.
 */
export function mergeSettings(
  before: Readonly<Record<string, unknown>>,
  change: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged = Object.entries({ ...before, ...change })
  return Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined))
}

/**
 * A setting that was written as text: `true`, a number, or entries with commas between them are read as what
 * the setting takes. Nothing at all is null, which takes the setting away. Pure.
 */
export function readSettingText(dialect: Dialect, name: string, written: string): unknown {
  const text = written.trim()
  if (text === '') return null
  const list = text.split(',').map((entry) => entry.trim())
  const readings: unknown[] = [text, Number(text), text === 'true', list]
  const isGood = (value: unknown) => findWrongSetting(dialect, { [name]: value }) === undefined
  const found = readings.find((value) => isReading(value, text) && isGood(value))
  return found === undefined ? text : found
}

// `false` is what every other text would be.
function isReading(value: unknown, text: string): boolean {
  return typeof value !== 'boolean' || text === 'true' || text === 'false'
}

/** A setting as text that `readSettingText` reads again. */
export function settingText(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value)
}
