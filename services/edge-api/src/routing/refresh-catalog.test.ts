import { createMemoryBus } from '@sluice/bus/memory-bus'
import { samplePrice } from '@sluice/contracts/testing/sample-price'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { afterEach, describe, expect, it } from 'vitest'

import { createCatalogCache } from './refresh-catalog.ts'

const row = samplePrice()

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

function rig() {
  const clock = fakeClock()
  const bus = createMemoryBus({ clock, random: seededRandom(1) })
  const log = recordedLog()
  const fixture = {
    version: 1,
    rows: [row],
    isUnavailable: false,
    reads: 0,
    onRead: () => {},
    /** Version of a stale replica; it catches up when a higher version is requested. */
    replicaVersion: undefined as number | undefined,
  }
  const catalog = createCatalogCache({
    scheduler: {
      readCatalog: async ({ atLeastVersion = 0 }) => {
        fixture.reads += 1
        if (fixture.isUnavailable) throw new Error('unavailable')
        if (atLeastVersion > (fixture.replicaVersion ?? 0)) fixture.replicaVersion = undefined
        const answer = { version: fixture.replicaVersion ?? fixture.version, channels: [] }
        await Promise.resolve()
        fixture.onRead()
        return answer
      },
    },
    billing: { readPrices: async () => ({ rows: fixture.rows }) },
    bus,
    clock,
    log,
  })
  stops.push(() => catalog.stop())
  return { clock, bus, log, fixture, catalog }
}

describe('the snapshot of channels and prices', () => {
  it('is replaced when a change is announced; a held old snapshot stays unchanged', async () => {
    const { bus, fixture, catalog, clock } = rig()
    await catalog.start()
    const before = catalog.current()
    fixture.version = 2
    await bus.announce('catalog-changed', {})
    await clock.advance(1)
    expect(catalog.current().version).toBe(2)
    expect(before.version).toBe(1)
  })

  it('is refreshed to a polled version when the change event was lost', async () => {
    const { fixture, catalog } = rig()
    await catalog.start()
    fixture.version = 2
    fixture.replicaVersion = 1
    await catalog.ensureRevisions({ version: 2, prices: 0 })
    expect(catalog.current().version).toBe(2)
  })

  it('is read once for concurrent requests, and again when the read began before the change', async () => {
    const { fixture, catalog } = rig()
    await catalog.start()
    let late: Promise<void>[] = []
    fixture.onRead = () => {
      fixture.onRead = () => {}
      late = [2, 2, 2, 1].map((prices) => catalog.ensureRevisions({ version: 0, prices }))
    }
    await Promise.all([1, 1].map((prices) => catalog.ensureRevisions({ version: 0, prices })))
    await Promise.all(late)
    expect(fixture.reads).toBe(3)
  })

  it('has the announced version also when the queried replica was stale', async () => {
    const { bus, fixture, catalog, clock } = rig()
    await catalog.start()
    fixture.version = 2
    fixture.replicaVersion = 1
    await bus.announce('catalog-changed', { version: 2 })
    await clock.advance(1)
    expect(catalog.current().version).toBe(2)
  })

  it('retries until it has an announced version', async () => {
    const { bus, fixture, catalog, clock } = rig()
    await catalog.start()
    await bus.announce('catalog-changed', { version: 2 })
    await clock.advance(1)
    expect(catalog.current().version).toBe(1)
    fixture.version = 2
    await clock.advance(1_000)
    expect(catalog.current().version).toBe(2)
  })

  it('is not refreshed while its version is the same', async () => {
    const { fixture, catalog, clock } = rig()
    await catalog.start()
    await catalog.ensureRevisions({ version: 1, prices: 0 })
    await clock.advance(10_000)
    expect(fixture.reads).toBe(1)
  })

  it('includes a change that was announced during a read', async () => {
    const { bus, fixture, catalog, clock } = rig()
    await catalog.start()
    fixture.onRead = () => {
      fixture.onRead = () => {}
      fixture.version = 3
      void bus.announce('catalog-changed', {})
    }
    fixture.version = 2
    await bus.announce('catalog-changed', {})
    await clock.advance(5)
    expect(catalog.current().version).toBe(3)
  })

  it('stays in use while scheduler or billing is unavailable', async () => {
    const { fixture, catalog, clock, log } = rig()
    await catalog.start()
    fixture.isUnavailable = true
    await clock.advance(300_000)
    expect(catalog.current().version).toBe(1)
    expect(log.lines.length).toBeGreaterThan(0)
  })

  it('is unavailable until scheduler and billing respond for the first time', async () => {
    const { fixture, catalog, clock } = rig()
    fixture.isUnavailable = true
    await catalog.start()
    expect(() => catalog.current()).toThrow(expect.objectContaining({ code: 'unavailable' }))
    fixture.isUnavailable = false
    await clock.advance(1_000)
    expect(catalog.current().version).toBe(1)
  })

  it('is never replaced by an older version', async () => {
    const { fixture, catalog, clock } = rig()
    fixture.version = 5
    await catalog.start()
    fixture.version = 4
    await clock.advance(31_000)
    expect(catalog.current().version).toBe(5)
  })

  it('is replaced by changed credential states, which do not raise the version', async () => {
    const { bus, catalog, clock } = rig()
    await catalog.start()
    const before = catalog.current()
    await bus.announce('catalog-changed', {})
    await clock.advance(1)
    expect(catalog.current()).not.toBe(before)
    expect(catalog.current().version).toBe(before.version)
  })

  it('includes new prices also when no channel changed', async () => {
    const { fixture, catalog, clock } = rig()
    await catalog.start()
    fixture.rows = [row, { ...row, id: 'p2', model: 'm' }]
    await catalog.ensureRevisions({ version: 1, prices: 7 })
    const at = new Date(clock.nowMs())
    expect(catalog.current().prices.priceAt({ model: 'm', kind: 'tokens', at })?.id).toBe('p2')
  })
})
