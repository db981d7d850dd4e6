import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'

import { describe, expect, it } from 'vitest'

import { id, record, requestsOf, usageFolder } from '../../test/usage-process.ts'

const { path, start: startProcess } = usageFolder()

describe('usage records on disk', () => {
  it('of a stopped edge are sent by an edge that shares its folder', async () => {
    const stopped = startProcess()
    stopped.state.unavailable = true
    stopped.outbox.add(record(1))
    await stopped.settle(60, stopped.isSpooled)
    const { outbox, settle, has, state, clock, isEmpty } = startProcess({ seed: 2 })
    outbox.start()
    await settle(10, has(1))
    // If the edge still runs, records that it appends to the sent file are sent as well.
    await stopped.spool.put([record(2)])
    await settle(0, async () => {
      await clock.advance(60_000)
      return requestsOf(state.captured).includes(id('req', 2))
    })
    expect(new Set(requestsOf(state.captured))).toEqual(new Set([id('req', 1), id('req', 2)]))
    await settle(0, isEmpty)
    await outbox.stop()
  })

  it('are read back from disk when more wait than fit in memory', async () => {
    const { outbox, state, settle, has, isEmpty, clock } = startProcess()
    state.unavailable = true
    for (let n = 0; n < 30_000; n += 1) outbox.add(record(n))
    await settle(60, () => outbox.spooled() === 150)
    state.unavailable = false
    await settle(2_000, has(30_000))
    expect(new Set(requestsOf(state.captured)).size).toBe(30_000)
    await settle(0, isEmpty)
    await clock.advance(60_000)
    await outbox.stop()
    expect(await readdir(path('spool'))).toEqual([])
  })

  it('that a crash left incomplete do not block others, and are retained in a .damaged file', async () => {
    const before = startProcess()
    before.state.unavailable = true
    before.outbox.add(record(1))
    await before.settle(60, before.isSpooled)
    const [name = ''] = await readdir(path('spool'))
    await appendFile(path('spool', name), '{"requestId":"req_')
    await writeFile(path('spool', `${'0'.repeat(15)}-${'f'.repeat(16)}.ndjson.new`), '{"half')
    const after = startProcess({ seed: 2 })
    after.outbox.start()
    await after.settle(10, after.has(1))
    expect(requestsOf(after.state.captured)).toEqual([id('req', 1)])
    await after.settle(0, async () => {
      await after.clock.advance(60_000)
      return (await readdir(path('spool'))).some((file) => file.endsWith('.damaged'))
    })
    await after.outbox.stop()
    expect(after.log.lines).toContainEqual(expect.objectContaining({ level: 'error' }))
    const left = (await readdir(path('spool'))).sort()
    expect(left.filter((file) => file.endsWith('.damaged'))).toHaveLength(1)
  })

  it('that were incomplete at the first read are not damaged once they are complete', async () => {
    const before = startProcess()
    await before.spool.put([record(1)])
    const [name = ''] = await readdir(path('spool'))
    const file = path('spool', name)
    const line = await readFile(file, 'utf8')
    const rest = line.replace(id('req', 1), id('req', 2))
    await appendFile(file, rest.slice(0, 40))
    const { outbox, state, settle, has, clock, isEmpty } = startProcess({ seed: 2 })
    outbox.start()
    await settle(10, has(1))
    await appendFile(file, rest.slice(40))
    await settle(0, async () => {
      await clock.advance(60_000)
      return isEmpty()
    })
    await outbox.stop()
    expect(new Set(requestsOf(state.captured))).toEqual(new Set([id('req', 1), id('req', 2)]))
    expect((await readdir(path('spool'))).filter((left) => left.endsWith('.damaged'))).toEqual([])
  })
})
