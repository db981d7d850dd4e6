import { readdir, rm, writeFile } from 'node:fs/promises'

import { AppError } from '@sluice/kernel/app-error'
import { describe, expect, it } from 'vitest'

import { id, record, requestsOf, usageFolder } from '../../test/usage-process.ts'

const { path, start: startProcess } = usageFolder()

describe('usage records', () => {
  it('are sent in batches, and their file is removed afterwards', async () => {
    const { outbox, state, settle, has, isEmpty } = startProcess()
    for (let n = 0; n < 30; n += 1) outbox.add(record(n))
    expect(state.captured).toHaveLength(0)
    await settle(50, has(30))
    expect(state.calls).toBe(1)
    await settle(0, isEmpty)
  })

  it('are on disk before billing is called, and until it has responded', async () => {
    const { outbox, state, settle, isSpooled, isEmpty, has } = startProcess()
    const answer = Promise.withResolvers<void>()
    state.hang = answer.promise
    outbox.add(record(1))
    await settle(60, () => state.calls === 1)
    expect(await isSpooled()).toBe(true)
    expect(state.captured).toEqual([])
    answer.resolve()
    await settle(0, has(1))
    await settle(0, isEmpty)
  })

  it('are synced to disk only when billing has not captured them in time', async () => {
    const { outbox, state, settle, has, isEmpty } = startProcess()
    outbox.add(record(1))
    await settle(60, has(1))
    await settle(200, isEmpty)
    expect(state.synced).toEqual([])
    state.unavailable = true
    outbox.add(record(2))
    await settle(60, () => state.calls === 2)
    await settle(100, () => state.synced.length === 1)
    state.unavailable = false
    await settle(2_000, has(2))
    await outbox.stop()
  })

  it('that queued up during a call are sent together in one call', async () => {
    const { outbox, state, settle, has, isEmpty } = startProcess()
    const answer = Promise.withResolvers<void>()
    state.hang = answer.promise
    for (let n = 0; n < 4; n += 1) {
      outbox.add(record(n))
      await settle(30, () => outbox.spooled() === n + 1)
    }
    expect(state.calls).toBe(1)
    answer.resolve()
    await settle(0, has(4))
    expect(state.calls).toBe(2)
    expect(requestsOf(state.captured)).toEqual([0, 1, 2, 3].map((n) => id('req', n)))
    await settle(0, isEmpty)
  })

  it('wait on disk while billing is unavailable, and are sent when it is back', async () => {
    const { outbox, state, settle, isSpooled, isEmpty, has } = startProcess()
    outbox.start()
    await settle(10)
    state.unavailable = true
    outbox.add(record(1))
    outbox.add(record(2))
    await settle(60, isSpooled)
    await settle(0, () => outbox.waiting() === 0)
    expect(outbox.healthy()).toBe(true)
    state.unavailable = false
    await settle(2_000, has(2))
    await outbox.stop()
    expect(state.captured).toEqual([record(1), record(2)])
    expect(await isEmpty()).toBe(true)
  })

  it('are sent again when the response of billing was lost', async () => {
    const { outbox, state, settle, has, isEmpty } = startProcess()
    state.losesAnswer = true
    outbox.add(record(1))
    await settle(60, has(1))
    state.losesAnswer = false
    await settle(2_000, has(2))
    expect(requestsOf(state.captured)).toEqual([id('req', 1), id('req', 1)])
    await settle(0, isEmpty)
  })

  it('survive the process: the next one sends the remaining records', async () => {
    const before = startProcess()
    before.state.unavailable = true
    before.outbox.add(record(1))
    await before.settle(60, before.isSpooled)
    const after = startProcess({ seed: 2 })
    after.outbox.start()
    await after.settle(10, after.has(1))
    expect(after.state.captured).toEqual([record(1)])
    await after.outbox.stop()
  })

  it('that billing rejects permanently are set aside, one per file, without blocking others', async () => {
    const { outbox, state, settle, has, isEmpty, spool, clock } = startProcess()
    const bad = new Set([id('req', 3), id('req', 77)])
    state.refuses = ({ requestId }) =>
      bad.has(requestId) ? new AppError('invalid_value', 'no such thing') : undefined
    outbox.start()
    await settle(10)
    for (let n = 0; n < 100; n += 1) outbox.add(record(n))
    await settle(60, has(98))
    await settle(0, isEmpty)
    expect(requestsOf(state.captured)).not.toContain(id('req', 3))
    expect(await spool.countRefused()).toBe(2)
    // A later billing accepts one of them.
    bad.delete(id('req', 3))
    await clock.advance(60_000)
    await settle(0, has(99))
    await settle(0, async () => (await spool.countRefused()) === 1)
    await settle(0, () => outbox.refused() === 1)
    await outbox.stop()
  })

  it('wait when billing rejects everything, instead of being set aside', async () => {
    const { outbox, state, settle, has, spool } = startProcess()
    let broken = true
    state.refuses = () => (broken ? new AppError('internal_error', 'a fault') : undefined)
    for (let n = 0; n < 100; n += 1) outbox.add(record(n))
    await settle(60, () => state.calls > 20)
    await settle(0, async () => (await spool.countRefused()) === 20)
    broken = false
    await settle(2_000, has(80))
    expect(await spool.countRefused()).toBe(20)
    await outbox.stop()
  })

  it('stay in memory when the disk fails, until the outbox reports itself unhealthy', async () => {
    const { outbox, state, settle, log, has } = startProcess()
    await writeFile(path('spool'), 'a file where the folder should be')
    state.unavailable = true
    for (let n = 0; n < 25_000; n += 1) outbox.add(record(n))
    await settle(100, () => log.lines.some(({ level }) => level === 'error'))
    expect(outbox.healthy()).toBe(false)
    await rm(path('spool'))
    state.unavailable = false
    await settle(2_000, has(25_000))
    expect(new Set(requestsOf(state.captured)).size).toBe(25_000)
    await settle(0, () => outbox.healthy())
    await outbox.stop()
  })

  it('that do not fit into the spool count as unsaved', async () => {
    const { outbox, state, settle, log, lines, has } = startProcess({ bytesMax: 100_000 })
    state.unavailable = true
    for (let n = 0; n < 25_000; n += 1) outbox.add(record(n))
    await settle(60, () => !outbox.healthy() && log.lines.some(({ level }) => level === 'error'))
    expect(await lines()).toBeGreaterThan(0)
    state.unavailable = false
    await settle(2_000, has(25_000))
    expect(new Set(requestsOf(state.captured)).size).toBe(25_000)
    await outbox.stop()
  })

  it('reach billing before their allowance is closed', async () => {
    const { outbox, state, settle } = startProcess()
    outbox.add(record(1, 1))
    await settle(60)
    outbox.add(record(2, 1))
    outbox.add(record(3, 2))
    expect(await outbox.settleNow([id('alw', 1)])).toBe(true)
    expect(requestsOf(state.captured)).toContain(id('req', 2))
  })

  it('that wait on disk keep only their own allowance open', async () => {
    const { outbox, state, settle, isSpooled } = startProcess()
    state.unavailable = true
    outbox.add(record(1))
    await settle(60, isSpooled)
    expect(await outbox.settleNow([id('alw', 1)])).toBe(false)
    expect(await outbox.settleNow([id('alw', 2)])).toBe(true)
    expect(state.captured).toEqual([])
  })

  it('are all captured or on disk when the edge stops', async () => {
    const { outbox, state } = startProcess()
    for (let n = 0; n < 1_200; n += 1) outbox.add(record(n))
    await outbox.stop()
    expect(state.captured).toHaveLength(1_200)
    expect(await readdir(path('spool'))).toEqual([])
    const other = startProcess({ seed: 2 })
    other.state.unavailable = true
    for (let n = 0; n < 300; n += 1) other.outbox.add(record(n))
    await other.outbox.stop()
    const { spool } = startProcess({ seed: 3 })
    const left = await Promise.all((await spool.list()).map((entry) => spool.read(entry)))
    expect(left.flat()).toHaveLength(300)
  })
})

describe('without writing first', () => {
  it('records that billing captures at once never touch the disk', async () => {
    const { outbox, state, settle, has } = startProcess({ spoolFirst: false })
    for (let n = 0; n < 450; n += 1) outbox.add(record(n))
    await settle(60, has(450))
    await outbox.stop()
    expect(state.captured).toHaveLength(450)
    expect(await readdir(path())).toEqual([])
  })

  it('records that billing has not captured in time go to disk, with all later ones', async () => {
    const { outbox, state, settle, has, lines, isEmpty } = startProcess({ spoolFirst: false })
    const answer = Promise.withResolvers<void>()
    state.hang = answer.promise
    outbox.add(record(1))
    await settle(30, () => state.calls === 1)
    outbox.add(record(2))
    await settle(100, async () => (await lines()) === 2)
    await settle(0, () => outbox.waiting() === 0)
    answer.resolve()
    await settle(0, has(2))
    await settle(0, isEmpty)
    expect(requestsOf(state.captured)).toEqual([id('req', 1), id('req', 2)])
    await outbox.stop()
  })
})
