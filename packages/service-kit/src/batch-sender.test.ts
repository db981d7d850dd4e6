import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import type { BatchSettings } from './batch-sender.ts'
import { createBatchSender } from './batch-sender.ts'

function setUp(settings: Partial<BatchSettings> = {}) {
  const clock = fakeClock()
  const log = recordedLog()
  const receiver = { isUnavailable: false, batches: [] as number[][], tries: 0, failures: 0 }
  const sender = createBatchSender({
    name: 'numbers',
    batchMax: 3,
    waitingMax: 5,
    waitMs: 10,
    ...settings,
    send: async (batch: number[]) => {
      receiver.tries += 1
      await Promise.resolve()
      if (receiver.isUnavailable || receiver.tries <= receiver.failures)
        throw new Error('unavailable')
      receiver.batches.push(batch)
    },
    clock,
    log,
  })
  const add = (...items: number[]) => items.forEach((item) => sender.add(item))
  return { clock, log, receiver, sender, add }
}

test('items wait for others of their batch, for a limited time', async () => {
  const { clock, receiver, sender, add } = setUp()
  add(1)
  await clock.advance(9)
  add(2)
  expect(receiver.batches).toEqual([])
  await clock.advance(1)
  expect(receiver.batches).toEqual([[1, 2]])
  expect(sender.waiting()).toBe(0)
})

test('a full batch is sent at once, in the order of the items', async () => {
  const { clock, receiver, add } = setUp()
  add(1, 2, 3, 4)
  await clock.advance(0)
  expect(receiver.batches).toEqual([[1, 2, 3], [4]])
})

test('one batch is on its way at a time', async () => {
  const { receiver, sender, add } = setUp()
  add(1, 2, 3, 4, 5)
  expect(receiver.tries).toBe(1)
  expect(sender.waiting()).toBe(5)
  expect(await Promise.all([sender.flush(), sender.flush()])).toEqual([true, true])
  expect(receiver.batches).toEqual([
    [1, 2, 3],
    [4, 5],
  ])
})

test('while the receiver is unavailable a batch is sent again after the pause, in order', async () => {
  const { clock, receiver, add } = setUp({ retryMs: 100 })
  receiver.isUnavailable = true
  add(1, 2, 3, 4)
  await clock.advance(0)
  add(5)
  await clock.advance(99)
  expect(receiver.tries).toBe(1)
  receiver.isUnavailable = false
  await clock.advance(1)
  expect(receiver.batches).toEqual([
    [1, 2, 3],
    [4, 5],
  ])
})

test('the start and the end of an outage are logged once each', async () => {
  const { clock, log, receiver, add } = setUp()
  receiver.isUnavailable = true
  add(1)
  await clock.advance(1_000)
  expect(receiver.tries).toBe(100)
  receiver.isUnavailable = false
  await clock.advance(10)
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info'])
})

test('after an outage a full batch is sent at once again', async () => {
  const { clock, receiver, add } = setUp()
  receiver.failures = 1
  add(1)
  await clock.advance(20)
  add(2, 3, 4)
  await clock.advance(0)
  expect(receiver.batches).toEqual([[1], [2, 3, 4]])
})

test('beyond the limit added items are dropped and counted, those on their way included', async () => {
  const { clock, log, receiver, sender, add } = setUp()
  receiver.isUnavailable = true
  add(1, 2, 3, 4, 5, 6, 7)
  expect([sender.waiting(), sender.dropped()]).toEqual([5, 2])
  receiver.isUnavailable = false
  await clock.advance(10)
  expect(receiver.batches.flat()).toEqual([1, 2, 3, 4, 5])
  expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
})

test('a queue that keeps the newest items drops the oldest that is not on its way', async () => {
  const { clock, receiver, sender, add } = setUp({ drops: 'oldest' })
  receiver.isUnavailable = true
  add(1, 2, 3)
  await clock.advance(0)
  add(4, 5, 6)
  expect([sender.waiting(), sender.dropped()]).toEqual([5, 1])
  receiver.isUnavailable = false
  await clock.advance(10)
  expect(receiver.batches.flat()).toEqual([2, 3, 4, 5, 6])
})

test('with every item on its way the added item is dropped', async () => {
  const { clock, receiver, sender, add } = setUp({ drops: 'oldest', waitingMax: 3 })
  add(1, 2, 3, 4)
  expect([sender.waiting(), sender.dropped()]).toEqual([3, 1])
  await clock.advance(10)
  expect(receiver.batches).toEqual([[1, 2, 3]])
})

test('flush sends at once, also during the pause, and returns whether anything was sent', async () => {
  const { receiver, sender, add } = setUp()
  expect(await sender.flush()).toBe(false)
  add(1)
  receiver.isUnavailable = true
  expect(await sender.flush()).toBe(false)
  receiver.isUnavailable = false
  expect(await sender.flush()).toBe(true)
  expect(receiver.batches).toEqual([[1]])
})

test('what waits is sent at the stop, after the batch on its way', async () => {
  const { receiver, sender, add } = setUp()
  add(1, 2, 3)
  add(4)
  await sender.stop()
  expect(receiver.batches).toEqual([[1, 2, 3], [4]])
  expect(sender.dropped()).toBe(0)
})

test('a batch that fails while the queue stops is sent once more', async () => {
  const { receiver, sender, add } = setUp()
  receiver.failures = 1
  add(1, 2, 3)
  await sender.stop()
  expect(receiver.batches).toEqual([[1, 2, 3]])
})

test('what cannot be sent at the stop is counted as dropped, and not sent later', async () => {
  const { clock, receiver, sender, add } = setUp()
  receiver.isUnavailable = true
  add(1, 2)
  await sender.stop()
  expect([sender.waiting(), sender.dropped()]).toEqual([0, 2])
  await clock.advance(1_000)
  expect(receiver.tries).toBe(1)
})
