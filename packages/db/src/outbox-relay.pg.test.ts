import type { Log } from '@sluice/kernel/log'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { testDatabase } from '@sluice/testkit/databases'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import type { TestDatabase } from '@sluice/testkit/databases'

import { createOutboxRelay } from './outbox-relay.ts'
import type { OutboxMessage } from './outbox.ts'
import { writeOutbox } from './outbox.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

test('a due row is published, and published again after a failed round', async () => {
  const clock = fakeClock()
  const published: OutboxMessage[] = []
  const warn = vi.fn()
  let disconnected = true
  const relay = createOutboxRelay({
    db: database.db,
    clock,
    log: { ...silent, warn },
    publish: async (message) => {
      if (disconnected) throw new Error('the bus is unavailable')
      published.push(message)
    },
  })
  const message = { topic: 'catalog-changed', key: 'all', payload: {} } as const
  const dueAt = clock.now()
  await database.db.transaction().execute((trx) => writeOutbox(trx, { ...message, dueAt }))
  await relay.start()
  await clock.advance(1_000)
  await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce())
  disconnected = false
  await clock.advance(60_000)
  await vi.waitFor(() => expect(published).toEqual([message]))
  await relay.stop()
  const left = await database.db.selectFrom('outbox').selectAll().execute()
  expect(left).toEqual([])
})

const ignore = () => {}
const silent: Log = {
  fatal: ignore,
  error: ignore,
  warn: ignore,
  info: ignore,
  debug: ignore,
  child: () => silent,
}
