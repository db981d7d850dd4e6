import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { createTotalsCache } from './totals-cache.ts'

const MIDNIGHT = Date.UTC(2026, 5, 1)
const HOUR_MS = 3_600_000

function setUp(startMs = MIDNIGHT + 12 * HOUR_MS) {
  const clock = fakeClock(startMs)
  const charges: { atMs: number; amount: bigint }[] = []
  const summedRangesMs: number[] = []
  const totals = createTotalsCache({
    clock,
    store: {
      sumBalances: async () => ({ heldMicro: 1n, availableMicro: 2n }),
      sumCharged: async ({ from, until }) => {
        summedRangesMs.push(until.getTime() - from.getTime())
        return charges
          .filter(({ atMs }) => atMs >= from.getTime() && atMs < until.getTime())
          .reduce((sum, { amount }) => sum + amount, 0n)
      },
    },
  })
  const chargedToday = async () => (await totals.read()).chargedTodayMicro
  return { clock, charges, summedRangesMs, totals, chargedToday }
}

it('today’s charges are exact at any time of the day', async () => {
  const { clock, charges, chargedToday } = setUp()
  charges.push({ atMs: MIDNIGHT - 1, amount: 1_000n }, { atMs: MIDNIGHT, amount: 1n })
  let expected = 1n
  for (let read = 0; read < 200; read += 1) {
    charges.push({ atMs: clock.nowMs(), amount: 3n })
    expected += 3n
    expect(await chargedToday()).toBe(expected)
    await clock.advance(7_003)
  }
})

it('a transfer whose transaction commits late is counted', async () => {
  const { clock, charges, chargedToday } = setUp()
  const atMs = clock.nowMs()
  expect(await chargedToday()).toBe(0n)
  await clock.advance(50_000)
  expect(await chargedToday()).toBe(0n)
  charges.push({ atMs, amount: 5n })
  await clock.advance(5_000)
  expect(await chargedToday()).toBe(5n)
})

it('the sum starts at zero with each UTC day', async () => {
  const { clock, charges, chargedToday } = setUp(MIDNIGHT + 23 * HOUR_MS)
  charges.push({ atMs: clock.nowMs(), amount: 5n })
  expect(await chargedToday()).toBe(5n)
  await clock.advance(HOUR_MS)
  expect(await chargedToday()).toBe(0n)
})

it('concurrent reads share one query, and later reads do not sum the whole day again', async () => {
  const { clock, summedRangesMs, totals } = setUp()
  await Promise.all([totals.read(), totals.read(), totals.read()])
  await clock.advance(1_000)
  await totals.read()
  expect(summedRangesMs).toHaveLength(2)
  await clock.advance(5_000)
  summedRangesMs.length = 0
  await totals.read()

  expect(summedRangesMs).toEqual([6_000, 12 * HOUR_MS + 54_000])
})
