import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { AppError } from '@sluice/kernel/app-error'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { id, record, usageProcess } from '../../test/usage-process.ts'

let folder = ''
const processes: ReturnType<typeof usageProcess>[] = []
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'usage-'))))
afterEach(async () => {
  await Promise.all(processes.splice(0).map(({ spool }) => spool.close()))
  await rm(folder, { recursive: true, force: true })
})

function life(options?: Parameters<typeof usageProcess>[1]) {
  const one = usageProcess(folder, options)
  processes.push(one)
  return one
}
const requests = (records: UsageRecord[]) => records.map(({ requestId }) => requestId)

describe('usage records', () => {
  it('leave in batches, not one by one, and their file leaves with them', async () => {
    const { outbox, state, settle, has, isEmpty } = life()
    for (let n = 0; n < 30; n += 1) outbox.add(record(n))
    expect(state.captured).toHaveLength(0)
    await settle(50, has(30))
    expect(state.calls).toBe(1)
    await settle(0, isEmpty)
  })

  it('are on disk before billing is asked, and until it has answered', async () => {
    const { outbox, state, settle, isSpooled, isEmpty, has } = life()
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
    const { outbox, state, settle, has, isEmpty } = life()
    outbox.add(record(1))
    await settle(60, has(1))
    await settle(200, isEmpty)
    expect(state.synced).toEqual([])
    state.away = true
    outbox.add(record(2))
    await settle(60, () => state.calls === 2)
    await settle(100, () => state.synced.length === 1)
    state.away = false
    await settle(2_000, has(2))
    await outbox.stop()
  })

  it('that queued up while billing answered go together in one call', async () => {
    const { outbox, state, settle, has, isEmpty } = life()
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
    expect(requests(state.captured)).toEqual([0, 1, 2, 3].map((n) => id('req', n)))
    await settle(0, isEmpty)
  })

  it('wait on disk while billing is away, and leave whole when it is back', async () => {
    const { outbox, state, settle, isSpooled, isEmpty, has } = life()
    outbox.start()
    await settle(10)
    state.away = true
    outbox.add(record(1))
    outbox.add(record(2))
    await settle(60, isSpooled)
    await settle(0, () => outbox.waiting() === 0)
    expect(outbox.healthy()).toBe(true)
    state.away = false
    await settle(2_000, has(2))
    await outbox.stop()
    expect(state.captured).toEqual([record(1), record(2)])
    expect(await isEmpty()).toBe(true)
  })

  it('that billing captured without an answer are sent again: it counts each once', async () => {
    const { outbox, state, settle, has, isEmpty } = life()
    state.losesAnswer = true
    outbox.add(record(1))
    await settle(60, has(1))
    state.losesAnswer = false
    await settle(2_000, has(2))
    expect(requests(state.captured)).toEqual([id('req', 1), id('req', 1)])
    await settle(0, isEmpty)
  })

  it('survive the process: the next one sends what the last one left', async () => {
    const before = life()
    before.state.away = true
    before.outbox.add(record(1))
    await before.settle(60, before.isSpooled)
    const after = life({ seed: 2 })
    after.outbox.start()
    await after.settle(10, after.has(1))
    expect(after.state.captured).toEqual([record(1)])
    await after.outbox.stop()
  })

  it('of an edge that is gone are sent by one that has its files', async () => {
    const gone = life()
    gone.state.away = true
    gone.outbox.add(record(1))
    await gone.settle(60, gone.isSpooled)
    const { outbox, settle, has, state, clock, isEmpty } = life({ seed: 2 })
    outbox.start()
    await settle(10, has(1))
    // It is not: what it appends to the file that was sent from under it is sent as well.
    await gone.spool.put([record(2)])
    await settle(0, async () => {
      await clock.advance(60_000)
      return requests(state.captured).includes(id('req', 2))
    })
    expect(new Set(requests(state.captured))).toEqual(new Set([id('req', 1), id('req', 2)]))
    await settle(0, isEmpty)
    await outbox.stop()
  })

  it('are read back from disk when more wait than may lie in memory', async () => {
    const { outbox, state, settle, has, isEmpty, clock } = life()
    state.away = true
    for (let n = 0; n < 30_000; n += 1) outbox.add(record(n))
    await settle(60, () => outbox.spooled() === 150)
    state.away = false
    await settle(2_000, has(30_000))
    expect(new Set(requests(state.captured)).size).toBe(30_000)
    await settle(0, isEmpty)
    await clock.advance(60_000)
    await outbox.stop()
    expect(await readdir(join(folder, 'spool'))).toEqual([])
  })

  it('that were half written by a crash do not hold up the others, and are kept for an operator', async () => {
    const before = life()
    before.state.away = true
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
    expect(requests(after.state.captured)).toEqual([id('req', 1)])
    await after.settle(0, async () => {
      await after.clock.advance(60_000)
      return (await readdir(join(folder, 'spool'))).some((file) => file.endsWith('.damaged'))
    })
    await after.outbox.stop()
    expect(after.log.lines).toContainEqual(expect.objectContaining({ level: 'error' }))
    const left = (await readdir(join(folder, 'spool'))).sort()
    expect(left.filter((file) => file.endsWith('.damaged'))).toHaveLength(1)
  })

  it('that were half written when they were found first are no damage once they are whole', async () => {
    const folderOf = join(folder, 'spool')
    const before = life()
    await before.spool.put([record(1)])
    const [name = ''] = await readdir(folderOf)
    const path = join(folderOf, name)
    const line = await readFile(path, 'utf8')
    const rest = line.replace(id('req', 1), id('req', 2))
    await appendFile(path, rest.slice(0, 40))
    const { outbox, state, settle, has, clock, isEmpty } = life({ seed: 2 })
    outbox.start()
    await settle(10, has(1))
    await appendFile(path, rest.slice(40))
    await settle(0, async () => {
      await clock.advance(60_000)
      return isEmpty()
    })
    await outbox.stop()
    expect(new Set(requests(state.captured))).toEqual(new Set([id('req', 1), id('req', 2)]))
    expect((await readdir(folderOf)).filter((file) => file.endsWith('.damaged'))).toEqual([])
  })

  it('that billing refuses for ever are set aside, one a file, and hold no other up', async () => {
    const { outbox, state, settle, has, isEmpty, spool, clock } = life()
    const bad = new Set([id('req', 3), id('req', 77)])
    state.refuses = ({ requestId }) =>
      bad.has(requestId) ? new AppError('invalid_value', 'no such thing') : undefined
    outbox.start()
    await settle(10)
    for (let n = 0; n < 100; n += 1) outbox.add(record(n))
    await settle(60, has(98))
    await settle(0, isEmpty)
    expect(requests(state.captured)).not.toContain(id('req', 3))
    expect(await spool.countRefused()).toBe(2)
    // A later billing accepts one of them.
    bad.delete(id('req', 3))
    await clock.advance(60_000)
    await settle(0, has(99))
    await settle(0, async () => (await spool.countRefused()) === 1)
    await settle(0, () => outbox.refused() === 1)
    await outbox.stop()
  })

  it('are not set aside by a billing that refuses everything: they wait until it is mended', async () => {
    const { outbox, state, settle, has, spool } = life()
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

  it('stay in memory when the disk is full too, and calls are refused before it overflows', async () => {
    const { outbox, state, settle, log, has } = life()
    await writeFile(join(folder, 'spool'), 'a file where the folder should be')
    state.away = true
    for (let n = 0; n < 25_000; n += 1) outbox.add(record(n))
    await settle(100, () => log.lines.some(({ level }) => level === 'error'))
    expect(outbox.healthy()).toBe(false)
    await rm(join(folder, 'spool'))
    state.away = false
    await settle(2_000, has(25_000))
    expect(new Set(requests(state.captured)).size).toBe(25_000)
    await settle(0, () => outbox.healthy())
    await outbox.stop()
  })

  it('that no longer fit into the spool count as ones that no disk takes', async () => {
    const { outbox, state, settle, log, lines, has } = life({ bytesMax: 100_000 })
    state.away = true
    for (let n = 0; n < 25_000; n += 1) outbox.add(record(n))
    await settle(60, () => !outbox.healthy() && log.lines.some(({ level }) => level === 'error'))
    expect(await lines()).toBeGreaterThan(0)
    state.away = false
    await settle(2_000, has(25_000))
    expect(new Set(requests(state.captured)).size).toBe(25_000)
    await outbox.stop()
  })

  it('reach billing before their allowance is closed', async () => {
    const { outbox, state, settle } = life()
    outbox.add(record(1, 1))
    await settle(60)
    outbox.add(record(2, 1))
    outbox.add(record(3, 2))
    expect(await outbox.settleNow([id('alw', 1)])).toBe(true)
    expect(requests(state.captured)).toContain(id('req', 2))
  })

  it('that wait on disk keep their allowance open, and no other', async () => {
    const { outbox, state, settle, isSpooled } = life()
    state.away = true
    outbox.add(record(1))
    await settle(60, isSpooled)
    expect(await outbox.settleNow([id('alw', 1)])).toBe(false)
    expect(await outbox.settleNow([id('alw', 2)])).toBe(true)
    expect(state.captured).toEqual([])
  })

  it('are all captured or on disk when the edge stops', async () => {
    const { outbox, state } = life()
    for (let n = 0; n < 1_200; n += 1) outbox.add(record(n))
    await outbox.stop()
    expect(state.captured).toHaveLength(1_200)
    expect(await readdir(join(folder, 'spool'))).toEqual([])
    const other = life({ seed: 2 })
    other.state.away = true
    for (let n = 0; n < 300; n += 1) other.outbox.add(record(n))
    await other.outbox.stop()
    const { spool } = life({ seed: 3 })
    const left = await Promise.all((await spool.list()).map((entry) => spool.read(entry)))
    expect(left.flat()).toHaveLength(300)
  })
})

describe('without writing first', () => {
  it('records that billing captures at once never touch the disk', async () => {
    const { outbox, state, settle, has } = life({ spoolFirst: false })
    for (let n = 0; n < 450; n += 1) outbox.add(record(n))
    await settle(60, has(450))
    await outbox.stop()
    expect(state.captured).toHaveLength(450)
    expect(await readdir(folder)).toEqual([])
  })

  it('what billing has not captured in time goes to disk, with all that follows', async () => {
    const { outbox, state, settle, has, lines, isEmpty } = life({ spoolFirst: false })
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
    expect(requests(state.captured)).toEqual([id('req', 1), id('req', 2)])
    await outbox.stop()
  })
})
