import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import { memoryQuotaStore } from '../store/memory-quota-store.ts'
import type { QuotaStore } from '../store/quota-store.ts'
import { samplePrincipal } from '../testing/sample-user.ts'
import { createDailyQuotas } from './daily-quotas.ts'

const principal = samplePrincipal({ dailyQuotaMicro: 100n })
const day = '2026-11-21'

function setUp() {
  const clock = fakeClock(Date.UTC(2026, 10, 21, 9))
  const store = memoryQuotaStore({ quotaOf: () => 100n })
  const fixture = { calls: 0, isUnavailable: false }
  const quotaStore: QuotaStore = {
    ...store,
    reserve: async (input) => {
      fixture.calls += 1
      return store.reserve(input)
    },
    settle: async (input) => {
      if (fixture.isUnavailable) throw new Error('the database is unavailable')
      return store.settle(input)
    },
  }
  const log = recordedLog()
  const billing = { readSettlements: async () => ({ settled: [], open: [] }) }
  const deps = { quotaStore, billing, clock, log, aliveMsMax: 60_000 }
  const quotas = createDailyQuotas(deps)
  const used = async () => (await store.readUsed({ apiKeyIds: ['key_1'], day })).get('key_1')
  const reserve = (ref: string, amountMicro: bigint) =>
    quotas.reserve(principal, { ref, amountMicro })
  return { clock, fixture, quotas, used, reserve, log, store }
}

const exceeded = { code: 'daily_quota_exceeded', retryable: false }

test('a flood of refused calls queries the database four times a second', async () => {
  const { clock, fixture, reserve } = setUp()
  await reserve('req_0', 60n)
  fixture.calls = 0
  for (let n = 1; n <= 500; n += 1) {
    await expect(reserve(`req_${n}`, 50n)).rejects.toMatchObject(exceeded)
    await clock.advance(2)
  }
  expect(fixture.calls).toBe(4)
})

test('a cached refusal does not apply to a smaller call', async () => {
  const { reserve } = setUp()
  const first = await reserve('req_1', 60n)
  await expect(reserve('req_2', 50n)).rejects.toMatchObject(exceeded)
  expect(await reserve('req_3', 40n)).toMatchObject({ ref: 'req_3' })
  expect(first.apiKeyId).toBe('key_1')
})

test('a settled call frees its quota at once, before the settlement is written', async () => {
  const { quotas, reserve, used } = setUp()
  quotas.settle(await reserve('req_1', 100n), 30n)
  expect(await used()).toBe(100n)
  await reserve('req_2', 70n)
  expect(await used()).toBe(100n)
  quotas.settle({ ref: 'req_2', apiKeyId: 'key_1' }, 0n)
  await quotas.stop()
  expect(await used()).toBe(30n)
})

test('a failed settlement is logged, and written again', async () => {
  const { clock, fixture, quotas, reserve, used, log } = setUp()
  const reservation = await reserve('req_1', 100n)
  fixture.isUnavailable = true
  quotas.settle(reservation, 10n)
  await clock.advance(25)
  expect(await used()).toBe(100n)
  expect(log.lines).toMatchObject([{ level: 'warn', facts: { queue: 'quota settlements' } }])
  fixture.isUnavailable = false
  await clock.advance(2_000)
  expect(await used()).toBe(10n)
})

test('the refusal reports the required and remaining credits and the reset time', async () => {
  const { reserve, quotas } = setUp()
  await reserve('req_1', 60n)
  const details = {
    required_credits: '0.00005',
    left_credits: '0.00004',
    resets_at: '2026-11-22T00:00:00.000Z',
  }
  await expect(reserve('req_2', 50n)).rejects.toMatchObject({ ...exceeded, details })
  await expect(quotas.check(principal, 50n)).rejects.toMatchObject({ ...exceeded, details })
  await quotas.check(principal, 40n)
})

test('pruning deletes old settled rows and keeps open ones', async () => {
  const { clock, quotas, reserve, store } = setUp()
  quotas.settle(await reserve('req_1', 10n), 5n)
  await reserve('req_2', 10n)
  await clock.advance(91 * 86_400_000)
  await quotas.prune()
  expect(store.readDays()).toMatchObject([{ reservedMicro: 10n, spentMicro: 5n }])
  expect(await reserve('req_2', 10n)).toMatchObject({ ref: 'req_2' })
  const [today] = store.readDays()
  expect(today?.day).toBe(day)
})
