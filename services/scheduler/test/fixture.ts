import { createMemoryBus } from '@sluice/bus/memory-bus'
import type { BusEvent } from '@sluice/contracts/events'
import type { InputOf } from '@sluice/contracts/define-contract'
import type { Lease, schedulerContract } from '@sluice/contracts/scheduler.contract'
import { newId } from '@sluice/kernel/ids'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { createMetrics } from '@sluice/service-kit/metrics'

import type { SchedulerDeps } from '../src/deps.ts'
import type { SchedulerModule } from '../src/module.ts'
import { createScheduler } from '../src/module.ts'
import { createMemoryCatalogStore } from '../src/store/memory-catalog-store.ts'
import { createMemoryPoolStore } from '../src/store/memory-pool-store.ts'

type Methods = (typeof schedulerContract)['methods']
export type ChannelInput = InputOf<Methods['editChannel']>
export type LeaseInput = InputOf<Methods['grantLease']>

export const MODEL = 'gpt-image-1'

export const channelInput = (facts: Partial<ChannelInput> = {}): ChannelInput => ({
  name: 'main',
  dialect: 'openai',
  baseUrl: 'https://api.example.test/v1',
  priority: 0,
  weight: 1,
  enabled: true,
  models: [{ model: MODEL, upstreamModel: MODEL, kinds: ['image', 'chat'] }],
  settings: {},
  ...facts,
})

/** The in-memory dependencies of schedulers; replicas share pool, catalog, bus and clock. */
export function createFixture({ seed = 1 }: { seed?: number } = {}) {
  const clock = fakeClock()
  const random = seededRandom(seed)
  const log = recordedLog()
  const bus = createMemoryBus({ clock, random })
  const deps: SchedulerDeps = {
    catalogStore: createMemoryCatalogStore(),
    poolStore: createMemoryPoolStore({ clock }),
    sealer: createSealer({ keys: [{ keyId: 'k1', key: random.bytes(32) }], random }),
    bus,
    clock,
    random,
    log,
    metrics: createMetrics({ service: 'scheduler' }),
  }
  const freed: BusEvent<'lease-freed'>[] = []
  let catalogChanges = 0
  const replica = (facts: Partial<SchedulerDeps> = {}) => createScheduler({ ...deps, ...facts })
  const started = async (facts: Partial<SchedulerDeps> = {}) => {
    const scheduler = replica(facts)
    await scheduler.start()
    return scheduler
  }
  const listen = async () => {
    await bus.subscribe('lease-freed', (event) => void freed.push(event))
    await bus.subscribe('catalog-changed', () => void (catalogChanges += 1))
  }
  return {
    clock,
    random,
    log,
    bus,
    deps,
    replica,
    started,
    listen,
    freed,
    catalogChanges: () => catalogChanges,
    /** Lets the bus deliver announced events. */
    settle: () => clock.advance(0),
    id: (prefix: 'run' | 'lease' | 'cred' | 'chan') => newId(prefix, { clock, random }),
  }
}
export type Fixture = ReturnType<typeof createFixture>

/** Adds a channel with credentials; returns their ids. */
export async function addChannel(
  scheduler: SchedulerModule,
  {
    secrets = ['first-secret'],
    concurrencyMax = 1,
    ...facts
  }: Partial<ChannelInput> & { secrets?: string[]; concurrencyMax?: number } = {},
): Promise<{ channelId: string; credentialIds: string[] }> {
  const { channelId } = await scheduler.editChannel(channelInput(facts))
  await scheduler.importCredentials({
    channelId,
    credentials: secrets.map((secret) => ({ secret, concurrencyMax })),
  })
  const { channels } = await scheduler.readCatalog({})
  const channel = channels.find(({ id }) => id === channelId)
  return { channelId, credentialIds: channel?.credentials.map(({ id }) => id) ?? [] }
}

export const leaseInput = (fixture: Pick<Fixture, 'id'>, facts: Partial<LeaseInput> = {}) => ({
  model: MODEL,
  kind: 'image' as const,
  holder: fixture.id('run'),
  ttlMs: 30_000,
  exclude: [],
  ...facts,
})

/** The lease; throws when none was granted. */
export async function grant(
  scheduler: SchedulerModule,
  { fixture, ...facts }: Partial<LeaseInput> & { fixture: Pick<Fixture, 'id'> },
): Promise<Lease> {
  const result = await scheduler.grantLease(leaseInput(fixture, facts))
  if (result.outcome !== 'granted') throw new Error(`not granted: ${JSON.stringify(result)}`)
  return result.lease
}
