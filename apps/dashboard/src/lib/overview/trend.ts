/** How a sum moved against the period before. `share` is of the sum before; undefined when there was none. */
export interface Trend {
  direction: 'up' | 'down' | 'level'
  share: number | undefined
}

/** Less than this is level: a person would not call it a change. */
const LEVEL_SHARE = 0.005

export function trendOf(now: number, before: number): Trend {
  if (before === 0) return { direction: now > 0 ? 'up' : 'level', share: undefined }
  const share = (now - before) / before
  if (Math.abs(share) < LEVEL_SHARE) return { direction: 'level', share: 0 }
  return { direction: share > 0 ? 'up' : 'down', share: Math.abs(share) }
}

/** Micro-credits as a number of credits: for charts, where a float is exact enough to draw. */
export const creditsForChart = (micro: string): number => Number(BigInt(micro)) / 1_000_000

/** Midnight in UTC of `2026-11-21`, in milliseconds. */
export const dayMs = (day: string): number => Date.parse(`${day}T00:00:00Z`)
