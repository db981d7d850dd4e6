import { withCredits } from '@sluice/contracts/control/amounts'
import type { Billing } from '@sluice/contracts/billing.contract'
import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, test } from 'vitest'

import type { RequestRecord } from '../../src/http/request.ts'
import { DAY_MS, job, logged, NOON, sum, zeros } from './samples.ts'
import { createFixture } from './fixture.ts'

describe('GET /api/user/overview', () => {
  const balance = { postedMicro: 9n, heldMicro: 2n, availableMicro: 7n }
  const readBalance: Billing['readBalance'] = async () => balance
  const noCharges: Billing['listCharges'] = async () => ({ charges: [], next: null })

  test('has every day, the previous period, today, latency, and the models with the highest charges', async () => {
    const readUsage: Billing['readUsage'] = async ({ from }) => ({
      rows:
        from < new Date(NOON - 3 * DAY_MS)
          ? [sum({ day: '2026-11-18', chargedMicro: 5n })]
          : [
              sum({ day: '2026-11-19', model: 'gpt-image-2', pictures: 2, chargedMicro: 40n }),
              sum(),
            ],
    })
    const { read, requestLogStore } = await createFixture({
      clock: fakeClock(NOON),
      billing: { readUsage, readBalance },
    })
    await requestLogStore.append([logged(1), logged(2), logged(9, { receivedAtMs: NOON - DAY_MS })])
    const overview = await read('/api/user/overview?days=3')
    const own = { input_tokens: 10, output_tokens: 20, pictures: 0 }
    const today = { ...own, requests: 2, failures: 0, charged_micro: '30' }
    const first = { ...own, requests: 1, failures: 0, pictures: 2, charged_micro: '40' }
    expect(overview).toEqual(
      withCredits({
        balance: { posted_micro: '9', held_micro: '2', available_micro: '7' },
        from: '2026-11-19',
        to: '2026-11-21',
        totals: {
          requests: 4,
          failures: 0,
          input_tokens: 20,
          output_tokens: 40,
          pictures: 2,
          charged_micro: '70',
        },
        before: { ...own, requests: 1, failures: 0, charged_micro: '5' },
        today,
        days: [
          { day: '2026-11-19', ...first, p50_ms: null, p95_ms: null },
          { ...zeros, day: '2026-11-20', requests: 1, p50_ms: 900, p95_ms: 900 },
          { day: '2026-11-21', ...today, p50_ms: 100, p95_ms: 200 },
        ],
        latency: { p50_ms: 200, p95_ms: 900 },
        top_models: [
          { model: 'gpt-image-2', ...first },
          { model: 'gpt-5', ...today, requests: 3 },
        ],
        is_new: false,
      }),
    )
  })

  test('distinguishes a new user from a returning one', async () => {
    const readUsage: Billing['readUsage'] = async () => ({ rows: [] })
    const isNew = async (billing: Partial<Billing>, rows: RequestRecord[] = []) => {
      const fixture = await createFixture({
        clock: fakeClock(NOON),
        billing: { readUsage, readBalance, ...billing },
      })
      await fixture.requestLogStore.append(rows)
      return fixture.read('/api/user/overview?days=1')
    }
    const charged: Billing['listCharges'] = async () => ({ charges: [job], next: null })
    const old = logged(1, { receivedAtMs: NOON - 9 * DAY_MS })
    expect(await isNew({ listCharges: noCharges })).toMatchObject({ is_new: true })
    expect(await isNew({ listCharges: charged })).toMatchObject({ is_new: false })
    expect(await isNew({ listCharges: noCharges }, [old])).toMatchObject({ is_new: false })
  })

  test.each(['0', '367', 'all', '1.5'])('refuses %s days', async (days) => {
    const { read } = await createFixture({ clock: fakeClock(NOON) })
    expect(await read(`/api/user/overview?days=${days}`)).toBe('400 invalid_value days')
  })

  test('names its own parameter when the result is too large', async () => {
    const readUsage: Billing['readUsage'] = async () => {
      throw new AppError('invalid_value', 'too many', { param: 'from' })
    }
    const { read } = await createFixture({
      clock: fakeClock(NOON),
      billing: { readUsage, readBalance },
    })
    expect(await read('/api/user/overview')).toBe('400 invalid_value days')
  })
})
