import { AppError } from '@sluice/kernel/app-error'

const DAY_MS = 86_400_000
export const DAYS_MAX = 366
const DAYS_DEFAULT = 14

/** Whole UTC days. */
export interface DayRange {
  from: string
  /** Included. */
  to: string
  /** Every day, oldest first. */
  days: readonly string[]
  start: Date
  /** The first moment after the range. */
  end: Date
}

/** The requested days; by default the last ones up to today. Throws `invalid_value`. */
export function readDayRange(
  requested: { from?: string | undefined; to?: string | undefined },
  now: Date,
): DayRange {
  const to = requested.to ?? laterOf(dayOf(now), requested.from)
  const from = requested.from ?? addDays(to, 1 - DAYS_DEFAULT)
  checkOrder({ from, to })
  const count = (startOf(to).getTime() - startOf(from).getTime()) / DAY_MS + 1
  if (count > DAYS_MAX)
    throw wrong('from', `From ${from} to ${to} are ${count} days; at most ${DAYS_MAX} can be read.`)
  return rangeOf(from, count)
}

/** Throws `invalid_value` when the first day is after the last. */
export function checkOrder({ from, to }: { from?: string | undefined; to?: string | undefined }) {
  if (from !== undefined && to !== undefined && from > to)
    throw wrong('from', `'from' (${from}) must not be after 'to' (${to}).`)
}

/** The last `count` days up to today. */
export function lastDays(count: number, now: Date): DayRange {
  return rangeOf(addDays(dayOf(now), 1 - count), count)
}

/** The same number of days, immediately before. */
export function daysBefore({ from, days }: DayRange): DayRange {
  return rangeOf(addDays(from, -days.length), days.length)
}

export const dayOf = (at: Date): string => at.toISOString().slice(0, 10)
export const startOf = (day: string): Date => new Date(`${day}T00:00:00.000Z`)
export const endOf = (day: string): Date => new Date(startOf(day).getTime() + DAY_MS)

const addDays = (day: string, count: number) =>
  dayOf(new Date(startOf(day).getTime() + count * DAY_MS))

const laterOf = (day: string, other = day) => (other > day ? other : day)

function rangeOf(from: string, count: number): DayRange {
  const days = Array.from({ length: count }, (_, index) => addDays(from, index))
  const to = addDays(from, count - 1)
  return { from, to, days, start: startOf(from), end: endOf(to) }
}

const wrong = (param: string, message: string) => new AppError('invalid_value', message, { param })
