import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import { samplePrice, sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import type { CatalogChannel, Outcome, Scheduler } from '@sluice/contracts/scheduler.contract'
import { createEgress } from '@sluice/egress/create-egress'
import { createMemoryJobStore } from '@sluice/jobs/memory-job-store'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createMetrics } from '@sluice/service-kit/metrics'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import type { OpenAiSimulatorOptions } from '@sluice/simulators/openai-simulator'
import { createUpstreams } from '@sluice/upstreams/registry'
import { Agent, request } from 'undici'

import type { EdgeConfig } from '../../src/config.ts'
import { defaultEdgeConfig } from '../../src/config.ts'
import type { EdgeDeps } from '../../src/deps.ts'
import { keyHash } from '../../src/auth/key-hash.ts'
import { createEdgeApi } from '../../src/module.ts'
import type { RequestRecord } from '../../src/http/request.ts'
import { memoryAnswerStore } from '../../src/store/memory-answer-store.ts'
import { memoryIdentityStore } from '../../src/store/memory-identity-store.ts'
import { memoryKeyOwnerStore } from '../../src/store/memory-key-owner-store.ts'
import { memoryKeyStore } from '../../src/store/memory-key-store.ts'
import { memoryQuotaStore } from '../../src/store/memory-quota-store.ts'
import { memoryRateStore } from '../../src/store/memory-rate-store.ts'
import { memoryRevisionStore } from '../../src/store/memory-revision-store.ts'
import { memoryRequestLogStore } from '../../src/store/memory-request-log-store.ts'
import { sampleKey } from '../../src/testing/sample-user.ts'
import { partialStub } from '../partial-stub.ts'
import type { MakeChannel } from './channels.ts'
import { channelMaker } from './channels.ts'
import { id } from './ids.ts'
import { testLedger } from './test-ledger.ts'
import { letTimePass } from './time.ts'

export const APIKEY = 'sk-test-of-the-chat-route'
const PEPPER = Buffer.alloc(32, 3).toString('base64')

const price = samplePrice({
  id: 'price_tokens',
  price: sampleTokenPrice({
    inputMicroPerMillion: 1_000_000n,
    cachedInputMicroPerMillion: 500_000n,
    outputMicroPerMillion: 4_000_000n,
  }),
})

export interface FixtureOptions {
  clock?: Clock
  simulator?: OpenAiSimulatorOptions
  config?: Partial<EdgeConfig>
  balanceMicro?: bigint
  rpmLimit?: number | null
  models?: string[] | null
  networks?: string[] | null
  dailyQuotaMicro?: bigint | null
  channels?: (make: MakeChannel) => CatalogChannel[]
  override?: (deps: EdgeDeps) => Partial<EdgeDeps>
}

/** An edge-api with its own port and a simulated OpenAI upstream; all other services are in memory. */
export async function createFixture(options: FixtureOptions = {}) {
  const { clock = systemClock, balanceMicro = 1_000_000_000n } = options
  const random = systemRandom
  const folder = await mkdtemp(join(tmpdir(), 'edge-chat-'))
  const simulator = await startOpenAiSimulator(options.simulator)
  const log = recordedLog()
  const bus = createMemoryBus({ clock, random })
  const egress = createEgress({})
  const sealer = createSealer({
    keys: [{ keyId: 'k1', key: Buffer.from(random.bytes(32)) }],
    random,
  })
  const makeChannel = channelMaker({ baseUrl: `${simulator.url}/v1`, key: simulator.key, sealer })
  const catalog = {
    version: 1,
    channels: (options.channels ?? ((make: MakeChannel) => [make(1)]))(makeChannel),
  }
  const outcomes: { credentialId: string; outcome: Outcome }[] = []
  const scheduler: Pick<Scheduler, 'readCatalog' | 'reportOutcomes'> = {
    readCatalog: async () => structuredClone(catalog),
    reportOutcomes: async (input) => {
      outcomes.push(...input.outcomes)
      return { applied: input.outcomes.length }
    },
  }
  const ledger = testLedger({ prices: [price], balanceMicro })
  const keyStore = memoryKeyStore()
  const { rpmLimit = null, models = null, networks = null, dailyQuotaMicro = null } = options
  const owner = { userId: id('usr', 1), wallet: id('wal', 1) }
  const limits = { rpmLimit, models, networks, dailyQuotaMicro }
  const hash = keyHash(PEPPER)(APIKEY)
  await keyStore.insertKey(sampleKey({ id: id('key', 1), ...owner, hash, ...limits }))
  const quotaStore = memoryQuotaStore({ quotaOf: keyStore.quotaOf })
  const rows: RequestRecord[] = []
  const upstreams = createUpstreams({ ...egress, clock, random })
  const answerStore = memoryAnswerStore()
  const plain: EdgeDeps = {
    config: {
      ...defaultEdgeConfig,
      spoolDir: join(folder, 'spool'),
      spoolFirst: false,
      ...options.config,
    },
    pepper: PEPPER,
    clock,
    random,
    log,
    metrics: createMetrics({ service: 'edge-api' }),
    bus,
    billing: partialStub<Billing>(ledger.billing),
    scheduler: partialStub<Scheduler>(scheduler),
    keyStore,
    keyOwners: memoryKeyOwnerStore([]),
    identityStore: memoryIdentityStore(keyStore),
    rateStore: memoryRateStore({ clock }),
    quotaStore,
    requestLogStore: {
      ...memoryRequestLogStore(),
      append: async (more) => void rows.push(...more),
    },
    answerStore,
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
  }
  const deps = options.override ? { ...plain, ...options.override(plain) } : plain
  const edge = createEdgeApi(deps)
  await edge.start()
  const server = await serveHttp({ app: edge.app, port: 0, host: '127.0.0.1', log })
  const agent = new Agent({ connections: 300 })
  let stopped: Promise<void> | undefined

  const stop = () =>
    (stopped ??= letTimePass(
      clock,
      (async () => {
        await agent.close()
        await server.close({ withinMs: 2_000 })
        await edge.stop({ withinMs: 2_000 })
      })(),
    ))

  return {
    url: server.url,
    port: server.port,
    simulator,
    edge,
    deps,
    bus,
    ledger,
    catalog,
    keyStore,
    quotaStore,
    answerStore,
    outcomes,
    log,
    /** Records of the request log, complete after `stop()`. */
    rows,
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      request(`${server.url}${path}`, {
        dispatcher: agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${APIKEY}`,
          'content-type': 'application/json',
          ...headers,
        },
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    get: (path: string, headers: Record<string, string> = {}) =>
      request(`${server.url}${path}`, {
        dispatcher: agent,
        headers: { authorization: `Bearer ${APIKEY}`, ...headers },
      }),
    /** Sends a chat request and reads its whole answer. */
    chat: async (extra: object = {}, headers: Record<string, string> = {}) => {
      const answer = await request(`${server.url}/v1/chat/completions`, {
        dispatcher: agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${APIKEY}`,
          'content-type': 'application/json',
          ...headers,
        },
        body: JSON.stringify({ ...question, ...extra }),
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, headers: answer.headers, text }
    },
    stop,
    close: async () => {
      await stop()
      await egress.close()
      await simulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const question = {
  model: 'gpt-5-mini',
  messages: [{ role: 'user', content: 'name a prime number' }],
}

export type Fixture = Awaited<ReturnType<typeof createFixture>>
