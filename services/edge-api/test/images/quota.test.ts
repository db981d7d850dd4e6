import { expect, test, vi } from 'vitest'

import { dayOf } from '../../src/limits/quota-day.ts'
import type { Fixture } from './fixture.ts'
import { QUOTA_MICRO } from './callers.ts'
import { jsonOf, createFixture } from './fixture.ts'

const GENERATIONS = '/v1/images/generations'
const imageRequest = { model: 'gpt-image-2', prompt: 'a red fox', size: '64x64', quality: 'low' }
const capped = { key: 'sk-capped' }
const withKey = (key: string) => ({ ...capped, headers: { 'idempotency-key': key } })
const apiKeyId = `key_${'5'.repeat(32)}`

async function usedOf({ quotaStore, quotas }: Fixture) {
  await quotas.backgroundTasks()
  const day = dayOf(Date.now())
  return (await quotaStore.readUsed({ apiKeyIds: [apiKeyId], day })).get(apiKeyId) ?? 0n
}

test('a key generates up to its quota, and is refused before a hold is opened', async () => {
  const fixture = await createFixture()
  const { post, leftovers } = fixture
  expect((await post(GENERATIONS, { ...imageRequest, n: 2 }, capped)).status).toBe(200)
  await expect.poll(fixture.ledger.availableMicro).toBe(98_000_000n)
  const before = await leftovers()
  const refused = await post(GENERATIONS, { ...imageRequest, n: 2 }, capped)
  expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([429, 'false'])
  expect((await jsonOf(refused)).error).toMatchObject({
    code: 'daily_quota_exceeded',
    type: 'insufficient_quota',
    required_credits: '2',
    left_credits: '1',
  })
  expect(await leftovers()).toEqual(before)
  expect((await post(GENERATIONS, imageRequest, capped)).status).toBe(200)
  await expect.poll(fixture.ledger.availableMicro).toBe(97_000_000n)
  expect(await usedOf(fixture)).toBe(QUOTA_MICRO)
  // Other keys of the same wallet have their own limits.
  expect((await post(GENERATIONS, { ...imageRequest, n: 2 })).status).toBe(200)
})

test('parallel requests never exceed the quota, and leave no open hold', async () => {
  const fixture = await createFixture()
  const answers = await Promise.all(
    Array.from({ length: 12 }, () =>
      fixture.post(GENERATIONS, { ...imageRequest, async: true }, capped),
    ),
  )
  const statuses = answers.map(({ status }) => status).sort()
  expect(statuses).toEqual([202, 202, 202, ...Array<number>(9).fill(429)])
  await expect.poll(fixture.ledger.availableMicro).toBe(97_000_000n)
  expect([...fixture.ledger.holds.values()].filter(({ state }) => state === 'open')).toEqual([])
  expect(await usedOf(fixture)).toBe(QUOTA_MICRO)
})

test('quota of failed pictures is released when billing has settled the job', async () => {
  const fixture = await createFixture({
    generateImage: async ({ index }) =>
      index > 0 ? { code: 'upstream_failed', message: 'it broke' } : undefined,
  })
  const { post } = fixture
  expect((await post(GENERATIONS, { ...imageRequest, n: 3, async: true }, capped)).status).toBe(202)
  await expect.poll(fixture.ledger.availableMicro).toBe(99_000_000n)
  expect(await usedOf(fixture)).toBe(1_000_000n)
})

test('a cancelled job releases its quota', async () => {
  const fixture = await createFixture({ runner: false })
  const task = await jsonOf(
    await fixture.post(GENERATIONS, { ...imageRequest, n: 3, async: true }, capped),
  )
  expect(await usedOf(fixture)).toBe(QUOTA_MICRO)
  await fixture.call(`/v1/images/tasks/${task.id}`, { ...capped, method: 'DELETE' })
  // Billing does this on the event of the cancellation.
  await fixture.ledger.billing.voidHold({ ref: task.id, reason: 'cancelled' })
  expect(await usedOf(fixture)).toBe(0n)
})

test('a repeat joins its job without charge also when the quota is used up', async () => {
  const fixture = await createFixture()
  const { post } = fixture
  const first = await jsonOf(await post(GENERATIONS, { ...imageRequest, n: 3 }, withKey('once')))
  await expect.poll(fixture.ledger.availableMicro).toBe(97_000_000n)
  for (const mode of [{}, { async: true }]) {
    const again = await post(GENERATIONS, { ...imageRequest, ...mode, n: 3 }, withKey('once'))
    expect(again.ok).toBe(true)
    const { sluice, id } = await jsonOf(again)
    expect(sluice?.task_id ?? id).toBe(first.sluice.task_id)
  }
  expect(await usedOf(fixture)).toBe(QUOTA_MICRO)
  expect((await post(GENERATIONS, imageRequest, withKey('another'))).status).toBe(429)
})

test('a repeat joins its running job although the whole quota is reserved', async () => {
  const fixture = await createFixture({ runner: false })
  const { post } = fixture
  const body = { ...imageRequest, n: 3, async: true }
  const first = await jsonOf(await post(GENERATIONS, body, withKey('join')))
  const again = await jsonOf(await post(GENERATIONS, body, withKey('join')))
  expect(again.id).toBe(first.id)
  expect(await usedOf(fixture)).toBe(QUOTA_MICRO)
})

test('a refused Idempotency-Key may be reused any number of times', async () => {
  const fixture = await createFixture({ runner: false })
  const { post, call } = fixture
  const task = await jsonOf(await post(GENERATIONS, { ...imageRequest, n: 3, async: true }, capped))
  const again = () => post(GENERATIONS, { ...imageRequest, async: true }, withKey('retried'))
  for (let n = 0; n < 8; n += 1) expect((await again()).status).toBe(429)
  await call(`/v1/images/tasks/${task.id}`, { ...capped, method: 'DELETE' })
  await fixture.ledger.billing.voidHold({ ref: task.id, reason: 'cancelled' })
  await fixture.quotas.backgroundTasks()
  expect((await again()).status).toBe(202)
})

test('a wallet that cannot pay costs no quota', async () => {
  const fixture = await createFixture({ balanceMicro: 0n })
  expect((await fixture.post(GENERATIONS, imageRequest, capped)).status).toBe(402)
  expect(await usedOf(fixture)).toBe(0n)
})

test('a job that could not be written costs no quota', async () => {
  const fixture = await createFixture({
    override: ({ jobs }) => ({
      jobs: {
        ...jobs,
        submit: async () => {
          throw new Error('the database disconnected')
        },
      },
    }),
  })
  expect((await fixture.post(GENERATIONS, imageRequest, capped)).status).toBe(500)
  expect(await usedOf(fixture)).toBe(0n)
  expect(fixture.ledger.availableMicro()).toBe(100_000_000n)
})

test('a key without a quota causes no quota queries', async () => {
  const fixture = await createFixture()
  const methods = (['reserve', 'readUsed', 'settle'] as const).map((method) =>
    vi.spyOn(fixture.quotaStore, method),
  )
  expect((await fixture.post(GENERATIONS, imageRequest)).status).toBe(200)
  await expect.poll(fixture.ledger.availableMicro).toBe(99_000_000n)
  await fixture.quotas.backgroundTasks()
  for (const method of methods) expect(method).not.toHaveBeenCalled()
  expect((await fixture.post(GENERATIONS, imageRequest, capped)).status).toBe(200)
  expect(methods[0]).toHaveBeenCalledOnce()
})
