import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import type { TestDatabase } from '@sluice/testkit/databases'
import { eachPostgres } from '@sluice/testkit/databases'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import type { OutboxMessage } from './outbox.ts'
import { clearOutbox, relayOutbox, writeOutbox } from './outbox.ts'

eachPostgres('the outbox', (open) => {
  let database: TestDatabase
  const clock = fakeClock()
  beforeAll(async () => void (database = await open()))
  afterAll(() => database.close())
  beforeEach(async () => void (await database.db.deleteFrom('outbox').execute()))

  const write = (message: OutboxMessage, dueAt = clock.now()) =>
    database.db.transaction().execute((trx) => writeOutbox(trx, { ...message, dueAt }))
  const relay = async (publish: (message: OutboxMessage) => Promise<void>, limit = 10) =>
    relayOutbox({ db: database.db, publish, clock, limit })
  const relayInto = async (told: OutboxMessage[], limit = 10) =>
    relay(async (message) => void told.push(message), limit)
  const keysLeft = async () =>
    (await database.db.selectFrom('outbox').select('key').orderBy('key').execute()).map(
      ({ key }) => key,
    )

  const queued = { topic: 'image-job-queued', key: 'img_1', payload: { jobId: 'img_1' } } as const
  const changed = { topic: 'api-key-changed', key: 'key_1', payload: { apiKeyId: 'k' } } as const

  it('tells a fact that is due, as it was written, and no other', async () => {
    await write(queued)
    await write({ ...queued, key: 'img_2' }, new Date(clock.nowMs() + 1))
    const told: OutboxMessage[] = []
    expect(await relayInto(told)).toBe(1)
    expect(told).toEqual([queued])
  })

  it('tells a fact again, ever more seldom, until its consumer has acted', async () => {
    await write(queued)
    const told: OutboxMessage[] = []
    const gapsS: number[] = []
    for (let waitedS = 0; gapsS.length < 8;) {
      if ((await relayInto(told)) > 0) gapsS.push(waitedS)
      await clock.advance(1_000)
      waitedS += 1
    }
    expect(gapsS).toEqual([0, 1, 3, 7, 15, 31, 63, 123])
    const clear = () => database.db.transaction().execute((trx) => clearOutbox(trx, queued))
    expect(await clear()).toBe(true)
    expect(await clear()).toBe(false)
    await clock.advance(3_600_000)
    expect(await relayInto(told)).toBe(0)
  })

  it('forgets a broadcast once it was told, and keeps one that the bus did not take', async () => {
    await write(changed)
    await write({ ...changed, key: 'key_2' })
    const refuse = async ({ key }: OutboxMessage) => {
      if (key === 'key_2') throw new Error('the bus is away')
    }
    await expect(relay(refuse)).rejects.toThrow('1 of 2 facts of the outbox could not be told')
    expect(await keysLeft()).toEqual(['key_2'])
  })

  it('keeps a broadcast that was written anew while the old one was being told', async () => {
    await write(changed)
    await relay(async () => write({ ...changed, payload: { apiKeyId: 'newer' } }))
    const told: OutboxMessage[] = []
    await relayInto(told)
    expect(told).toEqual([{ ...changed, payload: { apiKeyId: 'newer' } }])
    expect(await keysLeft()).toEqual([])
  })

  it('is empty again when the transaction of the fact did not commit', async () => {
    const lost = database.db.transaction().execute(async (trx) => {
      await writeOutbox(trx, { ...queued, dueAt: clock.now() })
      throw new Error('refused')
    })
    await expect(lost).rejects.toThrow('refused')
    expect(await keysLeft()).toEqual([])
  })

  it('lets relays side by side tell every fact once, in bounded batches', async () => {
    const keys = Array.from({ length: 60 }, (_none, index) => `img_${index}`)
    for (const key of keys) await write({ ...queued, key })
    const told: OutboxMessage[] = []
    const counts = await Promise.all(Array.from({ length: 6 }, () => relayInto(told, 10)))
    expect(Math.max(...counts)).toBeLessThanOrEqual(10)
    while ((await relayInto(told, 10)) > 0);
    expect(told.map(({ key }) => key).sort()).toEqual(keys.sort())
  })
})
