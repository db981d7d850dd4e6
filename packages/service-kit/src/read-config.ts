import { z } from 'zod'

/** The environment is invalid. The message names every invalid variable, but no values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads the settings of this process, validated and deeply frozen. An empty variable counts as unset.
 * Throws `ConfigError`. Nothing else reads the environment: settings are passed as arguments.
 */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: Record<string, string | undefined> = process.env,
): Readonly<z.output<Schema>> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(set)
  if (parsed.success) return deepFreeze(parsed.data)
  const sentences = parsed.error.issues.map((issue) => describe(issue, set))
  throw new ConfigError([...new Set(sentences)].join('\n'))
}

/** A decimal integer within bounds. */
export const integerSetting = (bounds: { min: number; max: number }) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/, `must be a whole number from ${bounds.min} to ${bounds.max}`)
    .transform(Number)
    .pipe(
      z
        .number()
        .min(bounds.min, `must be at least ${bounds.min}`)
        .max(bounds.max, `must be at most ${bounds.max}`),
    )

/** Comma-separated host names and addresses, in lower case; IPv6 without brackets. */
export const hostListSetting = z
  .string()
  .regex(/^[\w.:-]+(?:[ ]*,[ ]*[\w.:-]+)*$/, 'must be comma-separated hosts')
  .transform((text) => text.split(',').map((host) => host.trim().toLowerCase()))

/** `true` or `false`, also as 1 and 0. */
export const booleanSetting = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((text) => text === 'true' || text === '1')

function describe(issue: z.core.$ZodIssue, env: Record<string, unknown>): string {
  const name = issue.path.map(String).join('.') || 'The environment'
  const unset = issue.path.length > 0 && env[String(issue.path[0])] === undefined
  if (unset && issue.code === 'invalid_type') return `${name} must be set.`
  const why = issue.message.replace(/\.$/, '')
  return why.startsWith('must') ? `${name} ${why}.` : `${name} cannot be used: ${why}.`
}

// Only plain objects and arrays: a URL or a Buffer in a setting cannot be frozen.
function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  if (!plain) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}
