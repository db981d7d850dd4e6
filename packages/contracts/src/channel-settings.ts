import { z } from 'zod'

import type { Dialect } from './dialects.ts'

const headerText = z
  .string()
  .regex(/^[\w.-]{1,100}$/, 'must be letters, digits, dots, dashes and underscores, at most 100')
const hostAndPort = z
  .string()
  .max(300)
  .regex(/^[\w.:[\]-]+:\d{1,5}$/, 'must be a host and a port, such as 192.168.1.20:8080')

/** The settings of a channel of the OpenAI dialect. */
export const openaiChannelSettings = z
  .strictObject({
    /** The operator's organisation and project at the upstream, sent as headers. */
    organization: headerText,
    project: headerText,
    /** `request`: request the usage in streams. `estimate`: the upstream does not support that. */
    usageInStreams: z.enum(['request', 'estimate']),
    /** Whether image responses may be streamed; the default depends on the model. */
    streamImages: z.boolean(),
    /** Hosts of the operator's own network, `host:port`, whose picture URLs are fetched. */
    allowPrivate: z.array(hostAndPort).max(20),
  })
  .partial()

/** The failures that the sandbox can be configured to return; each occurs at real upstreams. */
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
  // Never responds; the call ends when its signal aborts.
  'silence',
] as const
export type SandboxFailure = (typeof sandboxFailures)[number]

/** The settings of a channel of the sandbox. */
export const sandboxChannelSettings = z
  .strictObject({
    /** The time to generate a picture, and the time to the first token of a chat response. */
    latencyMs: z.int().min(0).max(600_000),
    /** The delay between two chunks of a streamed chat response. */
    chunkDelayMs: z.int().min(0).max(10_000),
    /** Share of calls that fail, 0..1. */
    failureRate: z.number().min(0).max(1),
    failWith: z.enum(sandboxFailures),
    /** The retry delay that is returned with a failure that has one. */
    retryAfterMs: z.int().min(0).max(86_400_000),
    /** The maximum number of partial pictures. */
    partialImages: z.int().min(0).max(3),
  })
  .partial()

const schemas = {
  openai: openaiChannelSettings,
  sandbox: sandboxChannelSettings,
} as const satisfies Record<Dialect, z.ZodObject>

/** The names of the settings of a dialect. */
export function settingNames(dialect: Dialect): string[] {
  return Object.keys(schemas[dialect].shape)
}

/** The description of the settings in the control API's OpenAPI document. */
export const settingsText =
  'Settings of the dialect. openai: organization, project, usageInStreams (request, estimate), streamImages, allowPrivate (host:port of private hosts whose picture URLs are fetched). sandbox: latencyMs, chunkDelayMs, failureRate, failWith, retryAfterMs, partialImages.'
/** Settings of a channel in the control API; which are valid depends on its dialect. */
export const channelSettings = z.record(z.string().max(100), z.unknown()).describe(settingsText)

export interface InvalidSetting {
  name: string
  /** Why it is invalid, as the rest of a sentence that begins with its name. */
  message: string
}

/** The first setting that is invalid for this dialect; undefined when all are valid. Pure. */
export function findInvalidSetting(
  dialect: Dialect,
  settings: Readonly<Record<string, unknown>>,
): InvalidSetting | undefined {
  const names = settingNames(dialect)
  const unknown = Object.keys(settings).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const message = `is not a setting of ${dialect} channels; valid settings are ${names.join(', ')}`
    return { name: unknown.slice(0, 100), message }
  }
  const parsed = schemas[dialect].safeParse(settings)
  const [issue] = parsed.error?.issues ?? []
  if (issue === undefined) return undefined
  return { name: String(issue.path[0]), message: issue.message }
}

/**
 * Applies changes to settings: null removes a setting, absent ones are unchanged. Pure.
 */
export function mergeSettings(
  before: Readonly<Record<string, unknown>>,
  change: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged = Object.entries({ ...before, ...change })
  return Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined))
}

/**
 * Parses a setting from text: a boolean, a number, a list of comma-separated entries or a string, whichever
 * the setting accepts. Empty text is null, which removes the setting. Pure.
 */
export function parseSetting(dialect: Dialect, name: string, input: string): unknown {
  const text = input.trim()
  if (text === '') return null
  const list = text.split(',').map((entry) => entry.trim())
  const candidates: unknown[] = [text, Number(text), text === 'true', list]
  const isValid = (value: unknown) => findInvalidSetting(dialect, { [name]: value }) === undefined
  const found = candidates.find((value) => isParsedFrom(value, text) && isValid(value))
  return found === undefined ? text : found
}

// `text === 'true'` is false for every other text; only the text `false` means false.
function isParsedFrom(value: unknown, text: string): boolean {
  return typeof value !== 'boolean' || text === 'true' || text === 'false'
}

/** Formats a setting as text that `parseSetting` parses to the same value. */
export function formatSetting(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value)
}
