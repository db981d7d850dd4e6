import { createMemoryBus } from '@sluice/bus/memory-bus'
import { samplePrice } from '@sluice/contracts/testing/sample-price'
import type { Random } from '@sluice/kernel/random'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, it, onTestFinished } from 'vitest'

import { createAuthenticator } from '../src/auth/authenticate.ts'
import { createGuessLimit } from '../src/auth/guess-limit.ts'
import { memoryKeyStore } from '../src/store/memory-key-store.ts'
import { memoryRevisionStore } from '../src/store/memory-revision-store.ts'
import { createCatalogCache } from '../src/routing/refresh-catalog.ts'
import { watchRevisions } from '../src/background/watch-revisions.ts'
import { sampleKey } from '../src/testing/sample-user.ts'

const EVERY_MS = 500
const KEYS = 6
const STEPS = 120

/**
 * One edge and two scheduler replicas, which read a version at any time or when `readCatalog` requires it.
 * Announcements get lost or arrive late; the database and the services fail at random.
 */
async function createEdge(random: Random) {
  const clock = fakeClock()
  const log = recordedLog()
  const bus = createMemoryBus({ clock, random })
  const maybe = (chance: number) => random.next() < chance
  const state = { faults: true, version: 1, prices: 1, replicas: [1, 1] }
  const refuseSometimes = () => {
    if (state.faults && maybe(0.2)) throw new Error('unavailable')
  }
  const catalog = createCatalogCache({
    scheduler: {
      readCatalog: async ({ atLeastVersion = 0 }) => {
        const replica = maybe(0.5) ? 0 : 1
        // The answer is read before its latency.
        if ((state.replicas[replica] ?? 0) < atLeastVersion) state.replicas[replica] = state.version
        const version = state.replicas[replica] ?? 0
        await clock.sleep(random.next() * 40)
        refuseSometimes()
        return { version, channels: [] }
      },
    },
    billing: {
      readPrices: async () => {
        const rows = [samplePrice({ id: `price_${state.prices}` })]
        await clock.sleep(random.next() * 40)
        refuseSometimes()
        return { rows }
      },
    },
    bus,
    clock,
    log,
  })
  const keyStore = memoryKeyStore()
  const authenticator = createAuthenticator({
    keyStore: {
      findByHash: async (hash) => {
        const found = await keyStore.findByHash(hash)
        const read = found && { ...found }
        await clock.sleep(random.next() * 40)
        refuseSometimes()
        return read
      },
    },
    keyHash: (apiKey) => apiKey,
    guesses: createGuessLimit(),
    clock,
    log,
  })
  const keys = memoryRevisionStore(keyStore)
  const watch = watchRevisions({
    revisionStore: {
      readRevisions: async () => {
        refuseSometimes()
        const { apiKeys } = await keys.readRevisions()
        return { catalog: state.version, prices: state.prices, apiKeys }
      },
      listChangedKeys: async (query) => {
        refuseSometimes()
        return keys.listChangedKeys(query)
      },
    },
    catalog,
    authenticator,
    clock,
    log,
    everyMs: EVERY_MS,
  })
  onTestFinished(async () => {
    await watch.stop()
    const stopped = catalog.stop()
    await clock.advance(1_000)
    await stopped
  })
  const starting = watch.start().then(() => catalog.start())
  await clock.advance(1_000)
  await starting
  return { clock, random, maybe, bus, state, catalog, keyStore, authenticator }
}

it.each(Array.from({ length: 40 }, (_, index) => index + 1))(
  'one second after the last fault an edge has the latest catalog, prices and keys (seed %i)',
  async (seed) => {
    const edge = await createEdge(seededRandom(seed))
    const { clock, random, maybe, bus, state, keyStore, authenticator } = edge
    const names = Array.from({ length: KEYS }, (_, index) => `key_${index}`)
    for (const id of names) await keyStore.insertKey(sampleKey({ id, hash: id }))
    const revoked = new Set<string>()
    const useKeys = () => {
      for (const id of names) if (!authenticator.find(id)) void lookUp(edge, id)
    }
    for (let step = 0; step < STEPS; step += 1) {
      const roll = random.next()
      if (roll < 0.15) {
        state.version += 1
        if (maybe(0.5)) announceSoon(edge)
      } else if (roll < 0.25) {
        state.prices += 1
        if (maybe(0.5)) void bus.announce('catalog-changed', {})
      } else if (roll < 0.3) {
        const id = names[Math.floor(random.next() * KEYS)] ?? ''
        if (await keyStore.revokeKey({ id, at: clock.now() })) revoked.add(id)
      } else if (roll < 0.4) state.replicas[maybe(0.5) ? 0 : 1] = state.version
      useKeys()
      await clock.advance(random.next() * 300)
    }
    state.faults = false
    await clock.advance(1_000)
    const { version, prices } = edge.catalog.current()
    const price = prices.priceAt({ model: 'm', kind: 'tokens', at: clock.now() })
    expect([version, price?.id]).toEqual([state.version, `price_${state.prices}`])
    expect([...revoked].filter((id) => authenticator.find(id))).toEqual([])
  },
)

type Edge = Awaited<ReturnType<typeof createEdge>>

/** Announces after a random delay, so that announcements may overtake each other. */
function announceSoon({ clock, random, bus, state: { version } }: Edge): void {
  void clock
    .sleep(random.next() * 2_000)
    .then(async () => bus.announce('catalog-changed', { version }))
}

async function lookUp({ authenticator }: Edge, id: string): Promise<void> {
  await authenticator.lookUp(id, '127.0.0.1').catch(() => undefined)
}
