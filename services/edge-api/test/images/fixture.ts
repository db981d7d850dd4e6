import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import type { CatalogChannel } from '@sluice/contracts/scheduler.contract'
import { sampleChannel } from '@sluice/contracts/testing/sample-catalog'
import { sampleImagePrice, samplePrice } from '@sluice/contracts/testing/sample-price'
import { createEgress } from '@sluice/egress/create-egress'
import { createJobHub } from '@sluice/jobs/job-hub'
import { createMemoryJobStore } from '@sluice/jobs/memory-job-store'
import { describeEnd } from '@sluice/jobs/read-ended-job'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { newId } from '@sluice/kernel/ids'
import { systemRandom } from '@sluice/kernel/random'
import { parseLargeJson } from '@sluice/protocol/parse-large-json'
import { serveHttp } from '@sluice/service-kit/http/serve-http'
import { createLog } from '@sluice/service-kit/log'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { Hono } from 'hono'
import OpenAI from 'openai'
import { onTestFinished } from 'vitest'

import { errorResponse } from '../../src/http/render-error.ts'
import { createDailyQuotas } from '../../src/limits/daily-quotas.ts'
import { catalogSnapshot } from '../../src/routing/catalog.ts'
import type { EdgeConfig } from '../../src/config.ts'
import { defaultEdgeConfig } from '../../src/config.ts'
import type { EdgeDeps } from '../../src/deps.ts'
import type { GatewayContext } from '../../src/gateway-context.ts'
import type { SessionPrincipal } from '../../src/identity/identity.ts'
import { answerChatWithImage } from '../../src/images/chat-image.ts'
import { mountImages } from '../../src/images/mount-images.ts'
import type { EdgeContext, EdgeEnv, RequestRecord } from '../../src/http/request.ts'
import { memoryKeyOwnerStore } from '../../src/store/memory-key-owner-store.ts'
import { memoryKeyStore } from '../../src/store/memory-key-store.ts'
import { memoryQuotaStore } from '../../src/store/memory-quota-store.ts'
import { createHoldReturns } from '../../src/credit/hold-returns.ts'
import { createIntakeLimits } from '../../src/intake-limits.ts'
import { createSweep } from '../../src/http/sweep.ts'
import { id, owners, users, principals, quotaOf } from './callers.ts'
import { mountPanel } from './mount-panel.ts'
import { partialStub } from '../partial-stub.ts'
import { createTestBilling } from './test-billing.ts'
import type { Generate } from './test-runner.ts'
import { startTestRunner } from './test-runner.ts'

const price = samplePrice({
  price: sampleImagePrice({ pixelsMax: 100_000_000, microPerImage: 1_000_000n }),
})

const channel = sampleChannel({
  id: id('chan', '1'),
  dialect: 'sandbox',
  models: [
    { model: 'gpt-image-2', upstreamModel: 'gpt-image-2', kinds: ['image'] },
    { model: 'gpt-image-1.5', upstreamModel: 'gpt-image-1.5', kinds: ['image'] },
    { model: 'gpt-4o', upstreamModel: 'gpt-4o', kinds: ['chat'] },
  ],
})

export interface FixtureOptions {
  generateImage?: Generate
  /** False: jobs wait until `startRunner` is called. */
  runner?: boolean
  balanceMicro?: bigint
  config?: Partial<EdgeConfig>
  clock?: Clock
  /** `host:port` of a private image server that guarded fetches may reach. */
  allowPrivate?: readonly string[]
  /** Replaces the default channel, which offers two image models. */
  channels?: (usual: CatalogChannel) => CatalogChannel[]
  /** Overrides dependencies of the gateway. */
  override?: (deps: EdgeDeps) => Partial<EdgeDeps>
}

/** The image routes on a port of their own, with all other services in memory. */
export async function createFixture(options: FixtureOptions = {}) {
  const {
    clock = systemClock,
    generateImage = async () => undefined,
    balanceMicro = 100_000_000n,
  } = options
  const random = systemRandom
  const log = createLog({ name: 'test', level: 'silent' })
  const bus = createMemoryBus({ clock, random })
  const blobs = createMemoryBlobStore({ clock })
  const jobs = createMemoryJobStore()
  const ledger = createTestBilling(price, { balanceMicro })
  const egress = createEgress({ allowPrivate: options.allowPrivate ?? [] })
  const hub = createJobHub({ bus, store: jobs, clock, log })
  const links = createPictureLinks({
    baseUrl: 'https://sluice.example',
    keys: [{ id: 'k1', secret: 'a secret that is long enough to sign pictures' }],
    clock,
  })
  const config = { ...defaultEdgeConfig, ...options.config }
  const { fetchGuarded } = egress
  const keyStore = memoryKeyStore()
  for (const { apiKeyId, isPanelKey, user, wallet } of owners) {
    const key = { id: apiKeyId, userId: user.id, wallet, hash: '', createdAt: clock.now() }
    if (isPanelKey) await keyStore.ensurePanelKey(key)
  }
  const keyOwners = memoryKeyOwnerStore(owners)
  const plain = {
    keyStore,
    keyOwners,
    config,
    clock,
    random,
    log,
    bus,
    blobs,
    jobs,
    links,
    fetchGuarded,
  }
  const withBilling = partialStub<EdgeDeps>({
    ...plain,
    billing: partialStub<Billing>(ledger.billing),
  })
  const deps = options.override
    ? partialStub<EdgeDeps>({ ...withBilling, ...options.override(withBilling) })
    : withBilling
  const quotaStore = memoryQuotaStore({ quotaOf })
  const { billing } = deps
  const quotas = createDailyQuotas({ quotaStore, billing, clock, log, aliveMsMax: 60_000 })
  const sweep = createSweep(clock)
  const records: RequestRecord[] = []
  const arrivals: string[] = []
  const draining = new AbortController()
  const snapshot = catalogSnapshot(
    { version: 1, channels: options.channels?.(channel) ?? [channel] },
    [price],
  )
  const gateway: GatewayContext = {
    deps,
    admit: async (context) => {
      const admitted = await admit(context, { clock })
      arrivals.push(admitted.requestId)
      return admitted
    },
    catalog: { current: () => snapshot },
    jobHub: hub,
    quotas,
    holdReturns: createHoldReturns({ billing, clock, log }),
    sweep,
    running: { count: 0, claims: new Set(), images: 0 },
    intake: createIntakeLimits({ config, billing, clock }),
    draining: draining.signal,
    record: (record) => void records.push(record),
  }
  const sessions = new Map<string, SessionPrincipal>(Object.entries(users))
  const server = await serveHttp({ app: appOf(gateway, sessions), port: 0, host: '127.0.0.1', log })
  await hub.start()
  const startRunner = () =>
    startTestRunner({
      bus,
      jobs,
      blobs,
      clock,
      generate: generateImage,
      onEnded: async (job) => {
        const end = describeEnd(job)
        const usage = { kind: 'images' as const, pictures: end?.pictures ?? [] }
        const { id: ref, apiKeyId } = job
        const settled = { ref, usage, source: 'upstream', apiKeyId, model: 'm' } as const
        if (end?.state === 'done') await ledger.billing.captureHold(settled)
        else await ledger.billing.voidHold({ ref, reason: 'failed' })
      },
    })
  if (options.runner !== false) await startRunner()
  onTestFinished(async () => {
    await hub.stop()
    sweep.stop()
    await server.close({ withinMs: 200 })
    await bus.close({ withinMs: 200 })
    await egress.close()
  })

  const call = (path: string, init: RequestInit & { key?: string } = {}) =>
    fetch(server.url + path, {
      ...init,
      headers: { authorization: `Bearer ${init.key ?? 'sk-one'}`, ...init.headers },
    })
  return {
    url: server.url,
    port: server.port,
    bus,
    blobs,
    jobs,
    hub,
    quotas,
    quotaStore,
    intake: gateway.intake,
    ledger,
    records,
    /** The ids of admitted requests, in order of arrival. */
    arrivals,
    links,
    /** Aborted when this process starts to shut down. */
    draining,
    /** Sessions by bearer token; a test may delete one. */
    sessions,
    startRunner,
    call,
    post: (
      path: string,
      body: unknown,
      init: { key?: string; headers?: Record<string, string> } = {},
    ) =>
      call(path, {
        ...init,
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...init.headers },
      }),
    sdk: (key = 'sk-one') =>
      new OpenAI({ apiKey: key, baseURL: `${server.url}/v1`, maxRetries: 0 }),
    /** Names of all blobs, holds and outbox rows. */
    leftovers: async () => [
      ...(await blobs.list('', { limit: 100 })),
      ...ledger.holds.keys(),
      ...jobs.outbox(),
    ],
  }
}

function appOf(gateway: GatewayContext, sessions: ReadonlyMap<string, SessionPrincipal>) {
  const app = new Hono<EdgeEnv>()
  mountImages(app, gateway)
  mountPanel(app, gateway, sessions)
  app.post('/v1/chat/completions', async (context) => {
    const admitted = await gateway.admit(context)
    const bodyBytes = Buffer.from(await context.req.arrayBuffer())
    const body = parseLargeJson(bodyBytes) as Record<string, unknown>
    const { incoming, outgoing } = context.env
    const [model, stream] = [String(body['model']), body['stream'] === true]
    await answerChatWithImage(gateway, {
      admitted,
      incoming,
      outgoing,
      bodyBytes,
      body,
      model,
      stream,
    })
    return RESPONSE_ALREADY_SENT
  })
  app.onError((error, context) => errorResponse(error, context))
  return app
}

async function admit(context: EdgeContext, { clock }: { clock: Clock }) {
  const key = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1] ?? ''
  const principal = principals[key]
  if (!principal) throw new AppError('invalid_api_key', 'No such key.')
  const requestId = newId('req', { clock, random: systemRandom })
  context.env.outgoing.setHeader('x-request-id', requestId)
  return { requestId, principal, receivedAtMs: clock.nowMs() }
}

/** The members of JSON answers that tests read; any may be missing at run time. */
export interface AnswerJson {
  id: string
  status: string
  position: number
  data: { url: string; b64_json: string }[]
  sluice: { task_id: string; requested: number; delivered: number; missing: unknown[] }
  error: { code: string; param: string | null; message: string; task_id: string }
  choices: { message: { content: string } }[]
}

export type Fixture = Awaited<ReturnType<typeof createFixture>>

export const jsonOf = async (answer: Response) => (await answer.json()) as AnswerJson
