import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createBilling } from '@sluice/billing/module'
import type { LedgerStore } from '@sluice/billing/store/ledger-store'
import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import { createEdgeApi, defaultEdgeConfig } from '@sluice/edge-api/module'
import type { IdentityStore } from '@sluice/edge-api/store/identity-store'
import { memoryAnswerStore } from '@sluice/edge-api/store/memory-answer-store'
import { memoryKeyOwnerStore } from '@sluice/edge-api/store/memory-key-owner-store'
import { memoryKeyStore } from '@sluice/edge-api/store/memory-key-store'
import { memoryQuotaStore } from '@sluice/edge-api/store/memory-quota-store'
import { memoryRateStore } from '@sluice/edge-api/store/memory-rate-store'
import { memoryRequestLogStore } from '@sluice/edge-api/store/memory-request-log-store'
import { memoryRevisionStore } from '@sluice/edge-api/store/memory-revision-store'
import { createEgress } from '@sluice/egress/create-egress'
import { createMemoryJobStore } from '@sluice/jobs/memory-job-store'
import { systemRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { createScheduler } from '@sluice/scheduler/module'
import type { CatalogStore } from '@sluice/scheduler/store/catalog-store'
import { createMemoryPoolStore } from '@sluice/scheduler/store/memory-pool-store'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createMetrics } from '@sluice/service-kit/metrics'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { createUpstreams } from '@sluice/upstreams/registry'

import { signedInUsersOf } from './signed-in-users.ts'

/** The stores that are in memory or in a database. */
export interface InstallationStores {
  ledger: LedgerStore
  catalog: CatalogStore
  identity: IdentityStore
  close(): Promise<void>
}

export const START_MS = Date.UTC(2026, 10, 21, 9)

/**
 * Billing, scheduler and edge-api on a port of its own, with a simulated OpenAI as upstream. An admin and a
 * user are signed in. The test advances the clock.
 */
export async function openInstallation(stores: InstallationStores) {
  const clock = fakeClock(START_MS)
  const random = systemRandom
  const folder = await mkdtemp(join(tmpdir(), 'sluice-admin-'))
  const simulator = await startOpenAiSimulator({
    keys: ['sk-good-0001', 'sk-good-0002'],
    restricted: {
      'sk-chat-only-0003': ['models', 'images.generations', 'images.edits'],
      'sk-images-only-0004': ['chat.completions'],
    },
  })
  const log = recordedLog()
  const bus = createMemoryBus({ clock, random })
  const egress = createEgress({ clock })
  const upstreams = createUpstreams({ ...egress, clock, random })
  const sealer = createSealer({ keys: [{ keyId: 'k1', key: random.bytes(32) }], random })
  const fixture = { clock, random, log, bus, metrics: createMetrics({ service: 'test' }) }
  const billingCalls: string[] = []
  const billing = recordCalls<Billing>(
    createBilling({ ...fixture, store: stores.ledger }),
    billingCalls,
  )
  const scheduler = createScheduler({
    ...fixture,
    sealer,
    catalogStore: stores.catalog,
    poolStore: createMemoryPoolStore({ clock }),
  })
  await scheduler.start()
  const keyStore = memoryKeyStore()
  const edge = createEdgeApi({
    ...fixture,
    config: { ...defaultEdgeConfig, spoolDir: join(folder, 'spool'), spoolFirst: false },
    pepper: Buffer.alloc(32, 3).toString('base64'),
    billing,
    scheduler,
    keyStore,
    keyOwners: memoryKeyOwnerStore([]),
    identityStore: stores.identity,
    rateStore: memoryRateStore({ clock }),
    quotaStore: memoryQuotaStore({ quotaOf: keyStore.quotaOf }),
    requestLogStore: memoryRequestLogStore(),
    answerStore: memoryAnswerStore(),
    revisionStore: memoryRevisionStore(keyStore),
    upstreamOf: (dialect) => Object.values(upstreams).find((one) => one.dialect === dialect),
    dispatcher: egress.dispatcher,
    fetchGuarded: egress.fetchGuarded,
    sealer,
    jobs: createMemoryJobStore(),
    blobs: createMemoryBlobStore({ clock }),
    links: createPictureLinks({
      baseUrl: 'https://sluice.example',
      keys: [{ id: 'k1', secret: Buffer.alloc(32, 5) }],
      clock,
    }),
  })
  await edge.start()
  const server = await serveHttp({ app: edge.app, port: 0, host: '127.0.0.1', log })
  const users = await signedInUsersOf({ url: server.url, identity: edge.identity })
  return {
    ...users,
    clock,
    log,
    simulator,
    scheduler,
    billing,
    sealer,
    identity: edge.identity,
    url: server.url,
    /** The names of the called methods of billing, in order. */
    billingCalls,
    /** The audit log lines of operators' changes, without request id and address. */
    audit: () =>
      log.lines
        .filter(({ message }) => message === 'an operator changed something')
        .map(({ facts }) => {
          const { requestId: _, address: __, ...rest } = facts
          return rest
        }),
    close: async () => {
      await server.close({ withinMs: 0 })
      await Promise.race([edge.stop({ withinMs: 0 }), advanceTime(clock)])
      await scheduler.stop()
      await egress.close()
      await simulator.close()
      await stores.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
export type Installation = Awaited<ReturnType<typeof openInstallation>>

/** Advances the clock for whatever waits on it. */
async function advanceTime(clock: { advance(ms: number): Promise<void> }): Promise<void> {
  for (let turn = 0; turn < 2_000; turn += 1) {
    await clock.advance(50)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Records the names of the called methods. */
function recordCalls<Port extends object>(port: Port, calls: string[]): Port {
  return new Proxy(port, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver)
      if (typeof value !== 'function') return value
      return (...input: unknown[]): unknown => {
        calls.push(String(name))
        return Reflect.apply(value, target, input)
      }
    },
  })
}
