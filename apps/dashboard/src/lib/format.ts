import { formatCredits } from '@sluice/kernel/credits'

import { languages } from './i18n/languages.ts'
import type { Language } from './i18n/languages.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const ID_HEAD = 9
const ID_TAIL = 4

/** Formats values for one user. Created once per page by `createFormat`. */
export interface Format {
  language: Language
  zone: string
  /** Micro-credits in text, at most two decimals: `12.35`; less than a hundredth is `< 0.01`. */
  credits(micro: string): string
  /** The same, exact: `12.345678`. For tooltips. */
  creditsExact(micro: string): string
  number(value: number): string
  /** `1.2K`, for narrow figures. */
  short(value: number): string
  /** A share from 0 to 1: `12.5%`. */
  percent(share: number): string
  /** `21 Nov 2026, 14:05`, in the user's time zone. */
  dateTime(iso: string): string
  /** With seconds and the zone. For tooltips. */
  dateTimeExact(iso: string): string
  /** A UTC day, `2026-11-21`, as `21 Nov`. */
  day(date: string): string
  time(iso: string): string
  /** `3 minutes ago`, `in 2 days`. */
  relative(iso: string, nowMs: number): string
  /** `850ms`, `41s`, `3m 20s`, `2h 5m`. */
  duration(ms: number): string
  /** `1.4 MB`; a kilobyte is 1000 bytes. */
  bytes(count: number): string
}

/** The format of a language and an IANA time zone. Throws RangeError for a zone that does not exist. */
export function createFormat({ language, zone }: { language: Language; zone: string }): Format {
  const { tag } = languages[language]
  const numbers = new Intl.NumberFormat(tag)
  const cents = new Intl.NumberFormat(tag, { maximumFractionDigits: 2 })
  const tenths = new Intl.NumberFormat(tag, { maximumFractionDigits: 1 })
  const whole = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 })
  const exact = new Intl.NumberFormat(tag, { maximumFractionDigits: 6 })
  const short = new Intl.NumberFormat(tag, { notation: 'compact', maximumFractionDigits: 1 })
  const percent = new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 1 })
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' })
  const dates = (options: Intl.DateTimeFormatOptions, timeZone = zone) =>
    new Intl.DateTimeFormat(tag, { hourCycle: 'h23', ...options, timeZone })
  const minute = { hour: '2-digit', minute: '2-digit' } as const
  const date = { year: 'numeric', month: 'short', day: 'numeric' } as const
  const dateTime = dates({ ...date, ...minute })
  const dateTimeExact = dates({ ...date, ...minute, second: '2-digit', timeZoneName: 'short' })
  const time = dates(minute)
  const day = dates({ month: 'short', day: 'numeric' }, 'UTC')
  const span = ({ value, unit, digits = 0 }: Measure) =>
    new Intl.NumberFormat(tag, {
      style: 'unit',
      unit,
      unitDisplay: 'narrow',
      maximumFractionDigits: digits,
    }).format(value)

  return {
    language,
    zone,
    credits: (micro) => {
      const amount = BigInt(micro)
      const size = amount < 0n ? -amount : amount
      if (size > 0n && size < 10_000n) return amount < 0n ? '> -0.01' : '< 0.01'
      return cents.format(asNumeric(formatCredits(amount)))
    },
    creditsExact: (micro) => exact.format(asNumeric(formatCredits(BigInt(micro)))),
    number: (value) => numbers.format(value),
    short: (value) => short.format(value),
    percent: (share) => percent.format(share),
    dateTime: (iso) => dateTime.format(new Date(iso)),
    dateTimeExact: (iso) => dateTimeExact.format(new Date(iso)),
    day: (text) => day.format(new Date(`${text}T00:00:00Z`)),
    time: (iso) => time.format(new Date(iso)),
    relative: (iso, nowMs) => {
      const { value, unit } = distance(new Date(iso).getTime() - nowMs)
      return relative.format(value, unit)
    },
    duration: (ms) => measuresOf(ms).map(span).join(' '),
    bytes: (count) => {
      const { value, unit } = sizeOf(count)
      return `${(value < 10 && unit !== 'B' ? tenths : whole).format(value)} ${unit}`
    },
  }
}

/** `img_01932…a4f0`: the prefix with kind and time, and the end of the id. */
export function shortId(id: string): string {
  if (id.length <= ID_HEAD + ID_TAIL + 1) return id
  return `${id.slice(0, ID_HEAD)}…${id.slice(-ID_TAIL)}`
}

// Intl formats decimal strings without converting them to floats; `formatCredits` returns decimal strings only.
const asNumeric = (text: string) => text as `${number}`

interface Distance {
  value: number
  unit: Intl.RelativeTimeFormatUnit
}

function distance(ms: number): Distance {
  const size = Math.abs(ms)
  const of = (unitMs: number, unit: Intl.RelativeTimeFormatUnit): Distance => ({
    value: Math.trunc(ms / unitMs),
    unit,
  })
  if (size < MINUTE_MS) return of(SECOND_MS, 'second')
  if (size < HOUR_MS) return of(MINUTE_MS, 'minute')
  if (size < DAY_MS) return of(HOUR_MS, 'hour')
  if (size < 30 * DAY_MS) return of(DAY_MS, 'day')
  if (size < 365 * DAY_MS) return of(30 * DAY_MS, 'month')
  return of(365 * DAY_MS, 'year')
}

interface Measure {
  value: number
  unit: string
  digits?: number
}

function measuresOf(ms: number): Measure[] {
  const some = (measures: Measure[]) => measures.filter(({ value }, at) => at === 0 || value > 0)
  if (ms < SECOND_MS) return [{ value: Math.round(ms), unit: 'millisecond' }]
  if (ms < 10 * SECOND_MS) return [{ value: ms / SECOND_MS, unit: 'second', digits: 1 }]
  if (ms < MINUTE_MS) return [{ value: Math.floor(ms / SECOND_MS), unit: 'second' }]
  if (ms < HOUR_MS) {
    const seconds = Math.floor((ms % MINUTE_MS) / SECOND_MS)
    return some([
      { value: Math.floor(ms / MINUTE_MS), unit: 'minute' },
      { value: seconds, unit: 'second' },
    ])
  }
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS)
  return some([
    { value: Math.floor(ms / HOUR_MS), unit: 'hour' },
    { value: minutes, unit: 'minute' },
  ])
}

function sizeOf(bytes: number): { value: number; unit: string } {
  const units = ['B', 'kB', 'MB', 'GB'] as const
  let value = bytes
  let at = 0
  while (value >= 1_000 && at < units.length - 1) {
    value /= 1_000
    at += 1
  }
  return { value, unit: units[at] ?? 'B' }
}
