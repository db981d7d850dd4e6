import { createBilling } from '@sluice/billing/module'
import { kyselyLedgerStore } from '@sluice/billing/store/kysely-ledger-store'
import { createDiskBlobStore } from '@sluice/blobs/disk-blob-store'
import { announceWire } from '@sluice/bus/announce-wire'
import { callWithin } from '@sluice/bus/call-within'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import { billingContract } from '@sluice/contracts/billing.contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { createOutboxRelay } from '@sluice/db/outbox-relay'
import { createAccounts } from '@sluice/edge-api/accounts'
import { createEdgeApi, defaultEdgeConfig, intakeConfigOf } from '@sluice/edge-api/module'
import { kyselyAnswerStore } from '@sluice/edge-api/store/kysely-answer-store'
import { kyselyIdentityStore } from '@sluice/edge-api/store/kysely-identity-store'
import { kyselyKeyOwnerStore } from '@sluice/edge-api/store/kysely-key-owner-store'
import { kyselyKeyStore } from '@sluice/edge-api/store/kysely-key-store'
import { kyselyQuotaStore } from '@sluice/edge-api/store/kysely-quota-store'
import { kyselyRequestLogStore } from '@sluice/edge-api/store/kysely-request-log-store'
import { kyselyRevisionStore } from '@sluice/edge-api/store/kysely-revision-store'
import { memoryRateStore } from '@sluice/edge-api/store/memory-rate-store'
import { createEgress } from '@sluice/egress/create-egress'
import { createImageRunner } from '@sluice/image-runner/module'
import { createImgproxy } from '@sluice/imgproxy/module'
import { createKyselyJobStore } from '@sluice/jobs/kysely-job-store'
import { findJobs, isJobRunning, readEndedJob } from '@sluice/jobs/read-ended-job'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import { createScheduler } from '@sluice/scheduler/module'
import { createKyselyCatalogStore } from '@sluice/scheduler/store/kysely-catalog-store'
import { createMemoryPoolStore } from '@sluice/scheduler/store/memory-pool-store'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { parseSealingKeys } from '@sluice/sealing/sealing-keys'
import { checkDisk } from '@sluice/service-kit/http/check-disk'
import { createMetrics } from '@sluice/service-kit/metrics'
import { parseSigningKeys } from '@sluice/signing/parse-signing-keys'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { createUpstreams } from '@sluice/upstreams/registry'

import type { Settings } from './settings.ts'
import type { OpenDatabase } from './start/open-database.ts'

/** As in the distributed wiring: a module that does not answer within this time counts as unavailable. */
const CALL_TIMEOUT_MS = 5_000
/** Longer, because no caller waits for it. */
const CAPTURE_TIMEOUT_MS = 30_000

/**
 * EMBEDDED WIRING: all five modules in this process, with in-memory implementations of what uses Redis and
 * NATS in distributed mode; tables, blobs and dialects are the same.
 */
export function wireEmbedded(
  fixture: { clock: Clock; random: Random; log: Log },
  spec: { settings: Settings; database: OpenDatabase; publicBaseUrl: string },
) {
  const { clock, random, log } = fixture
  const { settings, publicBaseUrl } = spec
  const { config, secrets } = settings
  const { db } = spec.database

  const metrics = createMetrics({ service: 'standalone', processMetrics: true })
  const bus = createMemoryBus(fixture)
  const egress = createEgress({
    log,
    clock,
    metadataHostsAllowed: config.METADATA_HOSTS_ALLOWED,
  })
  const blobs = createDiskBlobStore({ folder: settings.blobDir, clock, random })
  const sealer = createSealer({ keys: parseSealingKeys(secrets.sealingKeys), random })
  const keys = parseSigningKeys(secrets.signingKeys)
  const links = createPictureLinks({ baseUrl: publicBaseUrl, keys, clock })
  const upstreams = createUpstreams({ ...egress, clock, random })
  const jobs = createKyselyJobStore({ db })
  const keyStore = kyselyKeyStore({ db })
  const identityStore = kyselyIdentityStore({ db })
  const shared = { ...fixture, metrics, bus }

  const ended = { readEndedJob, isJobRunning, findJobs }
  const ledger = kyselyLedgerStore({ db, jobs: ended, clock, random })
  const billing = createBilling({
    ...shared,
    store: ledger,
    config: { graceMs: config.HOLD_GRACE_MS },
  })
  const calls = { clock, timeoutMs: CALL_TIMEOUT_MS }
  const scheduler = createScheduler({
    ...shared,
    sealer,
    catalogStore: createKyselyCatalogStore({ db }),
    poolStore: createMemoryPoolStore({ clock }),
    config: { catalogMaxAgeMs: config.CATALOG_MAX_AGE_MS },
  })
  const schedulerPort = callWithin(schedulerContract, scheduler, calls)
  const imageRunner = createImageRunner({
    ...shared,
    store: jobs,
    blobs,
    scheduler: schedulerPort,
    upstreams,
    sealer,
    config: {
      concurrentGenerationsMax: config.IMAGE_CONCURRENCY_MAX,
      heartbeatMs: config.RUNNER_HEARTBEAT_MS,
      lostAfterMs: config.RUNNER_LOST_AFTER_MS,
      generateTimeoutMs: config.GENERATE_TIMEOUT_MS,
      alone: true,
    },
  })
  const imgproxy = createImgproxy({ ...shared, links, blobs })
  const edgeApi = createEdgeApi({
    ...shared,
    billing: callWithin(billingContract, billing, {
      ...calls,
      longer: { captureUsage: CAPTURE_TIMEOUT_MS },
    }),
    scheduler: schedulerPort,
    keyStore,
    keyOwners: kyselyKeyOwnerStore({ db }),
    identityStore,
    jobs,
    blobs,
    links,
    sealer,
    config: {
      ...defaultEdgeConfig,
      ...intakeConfigOf(config),
      syncWaitMs: config.SYNC_WAIT_MS,
      trustedProxyHops: config.TRUSTED_PROXY_HOPS,
      spoolDir: settings.spoolDir,
      spoolFirst: false,
      publicBaseUrl,
      allowedOrigins: config.ALLOWED_ORIGINS,
      metadataHostsAllowed: config.METADATA_HOSTS_ALLOWED,
      imageAnswer: config.IMAGE_ANSWER,
      imageDefaultModel: config.IMAGE_DEFAULT_MODEL,
      linkOrigin: config.PUBLIC_BASE_URL === undefined ? 'caller' : 'public',
      registration: config.REGISTRATION,
      catalogMaxAgeMs: config.CATALOG_MAX_AGE_MS,
      sessionIdleMs: config.SESSION_IDLE_MS,
    },
    pepper: secrets.apiKeyPepper,
    rateStore: memoryRateStore({ clock }),
    quotaStore: kyselyQuotaStore({ db }),
    requestLogStore: kyselyRequestLogStore({ db }),
    revisionStore: kyselyRevisionStore({ db }),
    answerStore: kyselyAnswerStore({ db }),
    upstreamOf: (dialect) => Object.values(upstreams).find((one) => one.dialect === dialect),
    dispatcher: egress.dispatcher,
    fetchGuarded: egress.fetchGuarded,
  })
  const outboxRelay = createOutboxRelay({
    db,
    clock,
    log,
    publish: (message) => announceWire(bus, message),
  })
  const pepper = secrets.apiKeyPepper
  const accounts = createAccounts({ keyStore, identityStore, pepper, clock, random })
  const modules = { billing, scheduler, imageRunner, imgproxy, edgeApi }
  const checks = {
    postgres: async () => {
      const problem = spec.database.problem()
      if (problem) throw new AppError('unavailable', problem)
    },
    disk: checkDisk({
      folders: {
        'data folder': settings.dataDir,
        blobs: settings.blobDir,
        spool: settings.spoolDir,
      },
      freeBytesMin: config.DISK_FREE_BYTES_MIN,
    }),
  }
  return { ...modules, checks, accounts, upstreams, metrics, bus, egress, outboxRelay }
}
