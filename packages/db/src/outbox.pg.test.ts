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
  const relayInto = async (published: OutboxMessage[], limit = 10) =>
    relay(async (message) => void published.push(message), limit)
  const keysLeft = async () =>
    (await database.db.selectFrom('outbox').select('key').orderBy('key').execute()).map(
      ({ key }) => key,
    )

  const queued = { topic: 'image-job-queued', key: 'img_1', payload: { jobId: 'img_1' } } as const
  const changed = { topic: 'api-key-changed', key: 'key_1', payload: { apiKeyId: 'k' } } as const

  it('publishes a due message as written, and no other', async () => {
    await write(queued)
    await write({ ...queued, key: 'img_2' }, new Date(clock.nowMs() + 1))
    const published: OutboxMessage[] = []
    expect(await relayInto(published)).toBe(1)
    expect(published).toEqual([queued])
  })

  it('publishes a message again with increasing delays until its consumer has handled it', async () => {
    await write(queued)
    const published: OutboxMessage[] = []
    const gapsS: number[] = []
    for (let waitedS = 0; gapsS.length < 8;) {
      if ((await relayInto(published)) > 0) gapsS.push(waitedS)
      await clock.advance(1_000)
      waitedS += 1
    }
    expect(gapsS).toEqual([0, 1, 3, 7, 15, 31, 63, 123])
    const clear = () => database.db.transaction().execute((trx) => clearOutbox(trx, queued))
    expect(await clear()).toBe(true)
    expect(await clear()).toBe(false)
    await clock.advance(3_600_000)
    expect(await relayInto(published)).toBe(0)
  })

  it('deletes a broadcast once published, and keeps one that the bus rejected', async () => {
    await write(changed)
    await write({ ...changed, key: 'key_2' })
    const reject = async ({ key }: OutboxMessage) => {
      if (key === 'key_2') throw new Error('the bus is unavailable')
    }
    await expect(relay(reject)).rejects.toThrow('1 of 2 outbox messages could not be published')
    expect(await keysLeft()).toEqual(['key_2'])
  })

  it('keeps a broadcast that was replaced while the old one was being published', async () => {
    await write(changed)
    await relay(async () => write({ ...changed, payload: { apiKeyId: 'newer' } }))
    const published: OutboxMessage[] = []
    await relayInto(published)
    expect(published).toEqual([{ ...changed, payload: { apiKeyId: 'newer' } }])
    expect(await keysLeft()).toEqual([])
  })

  it('is empty when the writing transaction did not commit', async () => {
    const lost = database.db.transaction().execute(async (trx) => {
      await writeOutbox(trx, { ...queued, dueAt: clock.now() })
      throw new Error('refused')
    })
    await expect(lost).rejects.toThrow('refused')
    expect(await keysLeft()).toEqual([])
  })

  it('concurrent relays publish every message once, in bounded batches', async () => {
    const keys = Array.from({ length: 60 }, (_none, index) => `img_${index}`)
    for (const key of keys) await write({ ...queued, key })
    const published: OutboxMessage[] = []
    const counts = await Promise.all(Array.from({ length: 6 }, () => relayInto(published, 10)))
    expect(Math.max(...counts)).toBeLessThanOrEqual(10)
    while ((await relayInto(published, 10)) > 0);
    expect(published.map(({ key }) => key).sort()).toEqual(keys.sort())
  })
})
