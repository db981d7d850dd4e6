import { withCredits } from '@sluice/contracts/control/amounts'
import type { Billing } from '@sluice/contracts/billing.contract'
import type { UsageSumQuery } from '@sluice/contracts/charges'
import type { HolderMove } from '@sluice/jobs/holder-moves'
import { sampleJob, samplePart } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, test } from 'vitest'

import { logged, NOON, sum, wallet, zeros } from './samples.ts'
import { id, createFixture } from './fixture.ts'

describe('GET /api/user/usage', () => {
  test('merges the ledger and the request log by the requested days, models and keys', async () => {
    const queries: UsageSumQuery[] = []
    const readUsage: Billing['readUsage'] = async (query) => {
      queries.push(query)
      return { rows: [sum()] }
    }
    const { read, requestLogStore } = await createFixture({
      clock: fakeClock(NOON),
      billing: { readUsage },
    })
    await requestLogStore.append([
      logged(1),
      logged(2, { errorCode: 'upstream_failed', status: 502 }),
      logged(3, { model: null, errorCode: 'model_not_found', status: 404 }),
      logged(4, { wallet: id('wal', 2) }),
    ])
    const row = { day: '2026-11-21', model: 'gpt-5', input_tokens: 10, output_tokens: 20 }
    expect(await read('/api/user/usage')).toEqual(
      withCredits({
        from: '2026-11-08',
        to: '2026-11-21',
        rows: [
          { ...row, requests: 2, failures: 1, pictures: 0, charged_micro: '30' },
          { ...zeros, day: '2026-11-21', model: '', requests: 1, failures: 1 },
        ],
        totals: {
          requests: 3,
          failures: 2,
          input_tokens: 10,
          output_tokens: 20,
          pictures: 0,
          charged_micro: '30',
        },
      }),
    )
    await read(`/api/user/usage?from=2026-11-20&to=2026-11-20&model=x&api_key_id=${id('key', 1)}`)
    expect(queries.at(-1)).toEqual({
      wallet,
      from: new Date('2026-11-20T00:00:00.000Z'),
      until: new Date('2026-11-21T00:00:00.000Z'),
      model: 'x',
      apiKeyId: id('key', 1),
    })
  })

  test('counts a failed image task once, in any response mode and with any reported status', async () => {
    const clock = fakeClock(NOON)
    const readUsage: Billing['readUsage'] = async () => ({ rows: [] })
    const { read, requestLogStore, jobs } = await createFixture({ clock, billing: { readUsage } })
    const model = 'gpt-image-2'
    const ofTask = (number: number, facts: object) =>
      logged(number, { model, taskId: id('img', number), ...facts })
    const end = async (number: number, move: 'store' | 'fail') => {
      const job = sampleJob({ number, now: clock.now(), request: { model } })
      await jobs.submit(job, clock.now())
      const claimed = await jobs.claim({
        jobId: job.id,
        runner: 'run',
        slots: 1,
        now: clock.now(),
      })
      if (!claimed) throw new Error('the job was not claimed')
      const moves: HolderMove[] =
        move === 'store'
          ? [{ type: 'store', stored: samplePart(job.id, 0) }]
          : [
              {
                type: 'fail',
                index: 0,
                failure: { code: 'upstream_failed', message: 'It failed.' },
              },
            ]
      await jobs.write({ held: claimed.job, moves, now: clock.now() })
    }
    await requestLogStore.append([
      // Polled; awaited, twice with one Idempotency-Key; disconnected; timed out while awaiting.
      ofTask(1, { status: 202 }),
      ofTask(2, { status: 502, errorCode: 'upstream_failed' }),
      ofTask(2, { status: 502, errorCode: 'upstream_failed', requestId: id('req', 12) }),
      ofTask(3, { status: 499, errorCode: 'caller_gone' }),
      ofTask(4, { status: 504, errorCode: 'sync_wait_exceeded' }),
      logged(5, { model, status: 402, errorCode: 'insufficient_credits' }),
    ])
    const counts = async () => (await read('/api/user/usage')) as { totals: unknown }
    expect((await counts()).totals).toEqual(withCredits({ ...zeros, requests: 6, failures: 1 }))
    for (const number of [1, 2, 3]) await end(number, 'fail')
    await end(4, 'store')
    expect((await counts()).totals).toEqual(withCredits({ ...zeros, requests: 6, failures: 4 }))
    const other = await read('/api/user/usage?model=gpt-5')
    expect(other).toMatchObject({ totals: { requests: 0, failures: 0 } })
    const day = { from: '2026-11-08', to: '2026-11-20' }
    const before = await read(`/api/user/usage?${new URLSearchParams(day)}`)
    expect(before).toMatchObject({ rows: [] })
  })

  test.each([
    ['from=2026-11-22&to=2026-11-21', '400 invalid_value from'],
    ['from=2024-01-01&to=2026-11-21', '400 invalid_value from'],
    ['from=yesterday', '400 invalid_value from'],
    ['to=2026-02-30', '400 invalid_value to'],
    ['api_key_id=x', '400 invalid_value api_key_id'],
    ['wallet=x', '400 invalid_value wallet'],
  ])('refuses %s, and names the parameter', async (query, refusal) => {
    const { read } = await createFixture({ clock: fakeClock(NOON) })
    expect(await read(`/api/user/usage?${query}`)).toBe(refusal)
  })

  test('answers 503 instead of zeros while billing is unavailable', async () => {
    const readUsage: Billing['readUsage'] = async () => {
      throw new AppError('unavailable', 'billing is unavailable')
    }
    const { read } = await createFixture({ clock: fakeClock(NOON), billing: { readUsage } })
    expect(await read('/api/user/usage')).toBe('503 unavailable null')
  })
})
