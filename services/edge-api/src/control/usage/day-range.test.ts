import { day } from '@sluice/contracts/control/fields'
import { describe, expect, it } from 'vitest'

import { daysBefore, lastDays, readDayRange } from './day-range.ts'

const now = new Date('2026-11-21T23:59:59.999Z')

describe('a day range', () => {
  it('is the last fourteen UTC days by default, including today', () => {
    const range = readDayRange({}, now)
    expect([range.from, range.to, range.days.length]).toEqual(['2026-11-08', '2026-11-21', 14])
    expect(range.start).toEqual(new Date('2026-11-08T00:00:00.000Z'))
    expect(range.end).toEqual(new Date('2026-11-22T00:00:00.000Z'))
  })

  it('ends today if only `from` is given, and has fourteen days if only `to` is given', () => {
    expect(readDayRange({ from: '2026-11-20' }, now).to).toBe('2026-11-21')
    expect(readDayRange({ from: '2026-12-01' }, now).to).toBe('2026-12-01')
    expect(readDayRange({ to: '2026-03-05' }, now).from).toBe('2026-02-20')
  })

  it('contains every day once, across month ends and leap days', () => {
    const { days } = readDayRange({ from: '2028-02-27', to: '2028-03-02' }, now)
    expect(days).toEqual(['2028-02-27', '2028-02-28', '2028-02-29', '2028-03-01', '2028-03-02'])
  })

  it('must be ordered, and not longer than a leap year', () => {
    const refusal = (from: string, to: string) => () => readDayRange({ from, to }, now)
    const wrong = expect.objectContaining({ code: 'invalid_value', param: 'from' })
    expect(refusal('2026-11-22', '2026-11-21')).toThrow(wrong)
    expect(refusal('2026-01-01', '2027-01-02')).toThrow(wrong)
    expect(refusal('2026-01-01', '2027-01-01')).not.toThrow()
  })

  it('can precede or end with any date that the API accepts', () => {
    for (const to of ['0000-01-05', '0001-01-01', '1969-12-31'])
      expect([to, day.safeParse(to).success]).toEqual([to, false])
    for (const to of ['1970-01-01', '9999-12-31']) {
      const range = readDayRange({ to: day.parse(to) }, now)
      expect(range.end.getTime() - range.start.getTime()).toBe(14 * 86_400_000)
    }
  })

  it('is preceded by a range of the same length', () => {
    const before = daysBefore(lastDays(7, now))
    expect([before.from, before.to, before.days.length]).toEqual(['2026-11-08', '2026-11-14', 7])
    expect(before.end).toEqual(lastDays(7, now).start)
  })
})
