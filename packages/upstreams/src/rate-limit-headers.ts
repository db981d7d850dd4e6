/** Headers as in undici, with lower-case names. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/** The maximum delay, so that a wrong date does not disable a credential for a year. */
export const RETRY_AFTER_MS_MAX = 24 * 60 * 60 * 1_000

/**
 * The retry delay stated by the upstream in ms; undefined without one. `retry-after-ms` takes precedence over
 * `retry-after` (seconds or an HTTP date, RFC 9110 §10.2.3); without both, the longest reset of an exhausted
 * rate-limit budget. A past date means 0.
 */
export function readRetryAfterMs(headers: AnswerHeaders, nowMs: number): number | undefined {
  const waitMs =
    milliseconds(one(headers['retry-after-ms'])) ??
    secondsOrDate(one(headers['retry-after']), nowMs) ??
    exhaustedBudget(headers)
  return waitMs === undefined ? undefined : Math.min(Math.max(0, waitMs), RETRY_AFTER_MS_MAX)
}

/** The single value of a header, or the first of a repeated one. */
export function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function milliseconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text)
    ? Math.ceil(Number(text))
    : undefined
}

function secondsOrDate(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\s*-?\d+(\.\d+)?\s*$/.test(text)) return Math.ceil(Number(text) * 1_000)
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : atMs - nowMs
}

// OpenAI limits requests and tokens separately; only exhausted budgets cause a delay.
function exhaustedBudget(headers: AnswerHeaders): number | undefined {
  const waits = ['requests', 'tokens', 'input-images', 'images'].flatMap((budget) => {
    const remaining = one(headers[`x-ratelimit-remaining-${budget}`])
    if (remaining === undefined || Number(remaining) > 0) return []
    return [duration(one(headers[`x-ratelimit-reset-${budget}`])) ?? []].flat()
  })
  return waits.length === 0 ? undefined : Math.max(...waits)
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Parses `1s`, `6m0s`, `20ms`, `1h2m3.5s`; undefined for anything else. */
function duration(text: string | undefined): number | undefined {
  if (text === undefined || text.length > 40) return undefined
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)
  return Math.ceil(
    parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0),
  )
}
