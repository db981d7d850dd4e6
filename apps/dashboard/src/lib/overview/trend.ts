/** The change from the previous period. `share` is relative to the previous sum; undefined if that was zero. */
export interface Trend {
  direction: 'up' | 'down' | 'level'
  share: number | undefined
}

/** A smaller change counts as level. */
const LEVEL_SHARE = 0.005

export function trendOf(now: number, before: number): Trend {
  if (before === 0) return { direction: now > 0 ? 'up' : 'level', share: undefined }
  const share = (now - before) / before
  if (Math.abs(share) < LEVEL_SHARE) return { direction: 'level', share: 0 }
  return { direction: share > 0 ? 'up' : 'down', share: Math.abs(share) }
}

/** Micro-credits as a number of credits, for charts only: a float is exact enough there. */
export const creditsForChart = (micro: string): number => Number(BigInt(micro)) / 1_000_000

/** Midnight in UTC of `2026-11-21`, in milliseconds. */
export const dayMs = (day: string): number => Date.parse(`${day}T00:00:00Z`)
