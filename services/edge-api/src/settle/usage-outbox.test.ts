import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { usageOutbox } from './usage-outbox.ts'
import { usageSpool } from './usage-spool.ts'

const id = (prefix: string, n: number) => `${prefix}_${String(n).padStart(32, '0')}`
const record = (n: number, allowance = 1): UsageRecord => ({
  requestId: id('req', n),
  allowanceId: id('alw', allowance),
  wallet: id('wal', 1),
  apiKeyId: id('key', 1),
  model: 'm "quoted"\n',
  priceId: 'p',
  usage: { kind: 'tokens', input: 3, cachedInput: 0, output: n },
  source: 'upstream',
  reservedMicro: 9_007_199_254_740_993n,
  amountMicro: 5n,
  upstreamLossMicro: 0n,
  endState: 'finished',
  endedAt: new Date('2026-11-21T09:00:00.000Z'),
})

let folder = ''
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'usage-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

function life({ seed = 1, deliversToBilling = false } = {}) {
  const clock = fakeClock()
  const log = recordedLog()
  const world = { away: false, delivered: [] as UsageRecord[], captured: [] as UsageRecord[] }
  const spool = usageSpool({
    folder: join(folder, 'spool'),
    clock,
    random: seededRandom(seed),
    log,
  })
  const outbox = usageOutbox({
    deliver: async (records) => {
      if (world.away) throw new Error('the bus is away')
      world.delivered.push(...records)
    },
    deliversToBilling,
    billing: {
      captureUsage: async ({ records }) => {
        world.captured.push(...records)
        return { captured: records.length, duplicates: 0, capturedMicro: 0n, receivableMicro: 0n }
      },
    },
    spool,
    clock,
    log,
  })
  /** Lets timers fire, then the event loop turn until the disk has done what is expected. */
  const settle = async (ms: number, isDone: () => boolean | Promise<boolean> = () => true) => {
    await clock.advance(ms)
    for (let turn = 0; turn < 1_000_000 && !(await isDone()); turn += 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const isSpooled = async () => (await spool.waiting()) > 0
  const has = (count: number) => () => world.delivered.length >= count
  return { clock, log, world, spool, outbox, settle, isSpooled, has }
}

const requests = (records: UsageRecord[]) => records.map(({ requestId }) => requestId)

describe('usage records', () => {
  it('leave in batches, not one by one', async () => {
    const { outbox, world, settle } = life()
    for (let n = 0; n < 30; n += 1) outbox.add(record(n))
    expect(world.delivered).toHaveLength(0)
    await settle(50)
    expect(world.delivered).toHaveLength(30)
  })

  it('wait on disk while the bus is away, and leave whole when it is back', async () => {
    const { outbox, world, settle, spool, isSpooled, has } = life()
    outbox.start()
    await settle(10)
    world.away = true
    outbox.add(record(1))
    outbox.add(record(2))
    await settle(60, isSpooled)
    expect(await spool.waiting()).toBe(1)
    expect(outbox.healthy()).toBe(true)
    world.away = false
    await settle(2_000, has(2))
    await outbox.stop()
    expect(world.delivered).toEqual([record(1), record(2)])
    expect(await spool.waiting()).toBe(0)
  })

  it('survive the process: the next life delivers what the last one left', async () => {
    const before = life()
    before.world.away = true
    before.outbox.add(record(1))
    await before.settle(60, before.isSpooled)
    const after = life({ seed: 2 })
    after.outbox.start()
    await after.settle(10, after.has(1))
    expect(after.world.delivered).toEqual([record(1)])
    await after.outbox.stop()
  })

  it('that were half written by a crash do not hold up the others, and are kept for a person', async () => {
    const before = life()
    before.world.away = true
    before.outbox.add(record(1))
    await before.settle(60, before.isSpooled)
    const [name = ''] = await readdir(join(folder, 'spool'))
    await appendFile(join(folder, 'spool', name), '{"requestId":"req_')
    await writeFile(
      join(folder, 'spool', `${'0'.repeat(15)}-${'f'.repeat(16)}.ndjson.new`),
      '{"half',
    )
    const after = life({ seed: 2 })
    after.outbox.start()
    await after.settle(10, after.has(1))
    expect(requests(after.world.delivered)).toEqual([id('req', 1)])
    await after.outbox.stop()
    expect(after.log.lines).toContainEqual(expect.objectContaining({ level: 'error' }))
    const left = (await readdir(join(folder, 'spool'))).sort()
    expect(left.filter((file) => file.endsWith('.damaged'))).toHaveLength(1)
  })

  it('stay in memory when the disk is full too, and the door hears of it before it overflows', async () => {
    const { outbox, world, settle, log, has, clock } = life()
    await writeFile(join(folder, 'spool'), 'a file where the folder should be')
    world.away = true
    for (let n = 0; n < 25_000; n += 1) outbox.add(record(n))
    await settle(100, () => log.lines.some(({ level }) => level === 'error'))
    expect(outbox.healthy()).toBe(false)
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error' }))
    await rm(join(folder, 'spool'))
    world.away = false
    outbox.start()
    await settle(2_000, has(25_000))
    expect(world.delivered).toHaveLength(25_000)
    expect(outbox.healthy()).toBe(true)
    // So many that it forgot which are still in a queue: it gives the queue its time.
    let stopped = false
    void outbox.stop().finally(() => (stopped = true))
    await settle(0, async () => {
      await clock.advance(100)
      return stopped
    })
    expect(await outbox.settleNow([id('alw', 1)])).toBe(true)
  })

  it('of an allowance reach billing before it is closed, also those that are still in a queue', async () => {
    const { outbox, world, settle } = life()
    outbox.add(record(1, 1))
    await settle(60)
    outbox.add(record(2, 1))
    outbox.add(record(3, 2))
    expect(await outbox.settleNow([id('alw', 1)])).toBe(true)
    expect(requests(world.captured)).toEqual([id('req', 1), id('req', 2)])
  })

  it('that billing has captured need not be told to it twice', async () => {
    const { outbox, world, settle } = life({ deliversToBilling: true })
    outbox.add(record(1))
    await settle(60)
    expect(await outbox.settleNow([id('alw', 1)])).toBe(true)
    expect(world.captured).toEqual([])
  })

  it('too many to remember keep allowances open until the queue surely brought them', async () => {
    const { outbox, settle, has, clock } = life()
    for (let n = 0; n < 3_000; n += 1) outbox.add(record(n))
    await settle(60, has(3_000))
    expect(await outbox.settleNow([id('alw', 1)])).toBe(false)
    await clock.advance(10_001)
    expect(await outbox.settleNow([id('alw', 1)])).toBe(true)
  })

  it('that wait on disk keep their allowance open', async () => {
    const { outbox, world, settle, isSpooled } = life()
    world.away = true
    outbox.add(record(1))
    await settle(60, isSpooled)
    expect(await outbox.settleNow([id('alw', 1)])).toBe(false)
    expect(world.captured).toEqual([])
  })

  it('are all handed over when the edge stops', async () => {
    const { outbox, world } = life()
    for (let n = 0; n < 1_200; n += 1) outbox.add(record(n))
    await outbox.stop()
    expect(world.delivered).toHaveLength(1_200)
  })
})
