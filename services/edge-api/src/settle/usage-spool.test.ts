import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'

import { describe, expect, it } from 'vitest'

import { id, record, requestsOf, usageFolder } from '../../test/usage-process.ts'

const { path, start: life } = usageFolder()

describe('usage records on disk', () => {
  it('of an edge that is gone are sent by one that has its files', async () => {
    const gone = life()
    gone.state.unavailable = true
    gone.outbox.add(record(1))
    await gone.settle(60, gone.isSpooled)
    const { outbox, settle, has, state, clock, isEmpty } = life({ seed: 2 })
    outbox.start()
    await settle(10, has(1))
    // It is not: what it appends to the file that was sent from under it is sent as well.
    await gone.spool.put([record(2)])
    await settle(0, async () => {
      await clock.advance(60_000)
      return requestsOf(state.captured).includes(id('req', 2))
    })
    expect(new Set(requestsOf(state.captured))).toEqual(new Set([id('req', 1), id('req', 2)]))
    await settle(0, isEmpty)
    await outbox.stop()
  })

  it('are read back from disk when more wait than may lie in memory', async () => {
    const { outbox, state, settle, has, isEmpty, clock } = life()
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

  it('that were half written by a crash do not hold up the others, and are kept for an operator', async () => {
    const before = life()
    before.state.unavailable = true
    before.outbox.add(record(1))
    await before.settle(60, before.isSpooled)
    const [name = ''] = await readdir(path('spool'))
    await appendFile(path('spool', name), '{"requestId":"req_')
    await writeFile(path('spool', `${'0'.repeat(15)}-${'f'.repeat(16)}.ndjson.new`), '{"half')
    const after = life({ seed: 2 })
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

  it('that were half written when they were found first are no damage once they are whole', async () => {
    const before = life()
    await before.spool.put([record(1)])
    const [name = ''] = await readdir(path('spool'))
    const file = path('spool', name)
    const line = await readFile(file, 'utf8')
    const rest = line.replace(id('req', 1), id('req', 2))
    await appendFile(file, rest.slice(0, 40))
    const { outbox, state, settle, has, clock, isEmpty } = life({ seed: 2 })
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
