/** The periods that the overview offers, in days. */
export const periods = [7, 14, 30, 90] as const

const DEFAULT_DAYS = 14

/** The period of the URL; an unknown value selects the default. */
export function readDays(text: string | null): number {
  return periods.find((days) => String(days) === text) ?? DEFAULT_DAYS
}
