import { announceWire } from '@sluice/bus/announce-wire'
import { connectContract } from '@sluice/bus/connect-contract'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { createDiskBlobStore } from '@sluice/blobs/disk-blob-store'
import { billingContract } from '@sluice/contracts/billing.contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { verifySecretsAtStart } from '@sluice/db/secret-checks'
import { createOutboxRelay } from '@sluice/db/outbox-relay'
import { createEgress } from '@sluice/egress/create-egress'
import { createKyselyJobStore } from '@sluice/jobs/kysely-job-store'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { parseSealingKeys } from '@sluice/sealing/sealing-keys'
import { checkDisk } from '@sluice/service-kit/http/check-disk'
import { connectionLimits } from '@sluice/service-kit/http/connections'
import { redisPart } from '@sluice/service-kit/service-parts'
import { startService } from '@sluice/service-kit/start-service'
import { parseSigningKeys } from '@sluice/signing/parse-signing-keys'
import { createPictureLinks } from '@sluice/signing/picture-links'
import { createUpstreams } from '@sluice/upstreams/registry'
import { Redis } from 'ioredis'

import { edgeConfigOf, edgeEnvironment } from './config.ts'
import { createEdgeApi } from './module.ts'
import { fallbackRateStore } from './store/fallback-rate-store.ts'
import { kyselyAnswerStore } from './store/kysely-answer-store.ts'
import { kyselyIdentityStore } from './store/kysely-identity-store.ts'
import { kyselyKeyOwnerStore } from './store/kysely-key-owner-store.ts'
import { kyselyKeyStore } from './store/kysely-key-store.ts'
import { kyselyQuotaStore } from './store/kysely-quota-store.ts'
import { kyselyRequestLogStore } from './store/kysely-request-log-store.ts'
import { kyselyRevisionStore } from './store/kysely-revision-store.ts'
import { rateRedisOptions, redisRateStore } from './store/redis-rate-store.ts'

/** A call to billing or the scheduler that takes longer counts as `unavailable`. */
const CALL_TIMEOUT_MS = 5_000
/** Draining HTTP requests takes most of the shutdown time. */
const HTTP_WEIGHT = 10

// DISTRIBUTED WIRING: PostgreSQL, Redis and NATS. Any number of replicas.
await startService({
  name: 'edge-api',
  environment: edgeEnvironment,
  wire: async ({ name, env, clock, random, log, metrics }) => {
    const config = edgeConfigOf(env)
    const { SEALING_KEYS, SIGNING_KEYS, API_KEY_PEPPER } = env
    const { db, close } = connectPostgres({
      url: env.DATABASE_URL,
      poolMax: env.DATABASE_POOL_MAX,
      applicationName: name,
      onError: (err) => log.warn({ err }, 'a database connection failed'),
    })
    const redis = new Redis(env.REDIS_URL, rateRedisOptions)
    const bus = await connectNatsBus({ servers: env.NATS_URL, name, clock, log })
    const egress = createEgress({
      log,
      clock,
      metadataHostsAllowed: config.metadataHostsAllowed,
    })
    const upstreams = createUpstreams({ ...egress, clock, random })
    const keyStore = kyselyKeyStore({ db })
    const signingKeys = parseSigningKeys(SIGNING_KEYS)
    const rateStore = fallbackRateStore({
      store: redisRateStore({ redis, clock }),
      replicas: config.replicas,
      clock,
      log,
    })

    const edgeApi = createEdgeApi({
      config,
      pepper: API_KEY_PEPPER,
      clock,
      random,
      log,
      metrics,
      bus,
      billing: connectContract(billingContract, { bus, timeoutMs: CALL_TIMEOUT_MS }),
      scheduler: connectContract(schedulerContract, { bus, timeoutMs: CALL_TIMEOUT_MS }),
      keyStore,
      keyOwners: kyselyKeyOwnerStore({ db }),
      identityStore: kyselyIdentityStore({ db }),
      rateStore,
      quotaStore: kyselyQuotaStore({ db }),
      requestLogStore: kyselyRequestLogStore({ db }),
      revisionStore: kyselyRevisionStore({ db }),
      answerStore: kyselyAnswerStore({ db }),
      upstreamOf: (dialect) => Object.values(upstreams).find((one) => one.dialect === dialect),
      dispatcher: egress.dispatcher,
      fetchGuarded: egress.fetchGuarded,
      sealer: createSealer({ keys: parseSealingKeys(SEALING_KEYS), random }),
      jobs: createKyselyJobStore({ db }),
      blobs: createDiskBlobStore({ folder: env.BLOB_DIR, clock, random }),
      links: createPictureLinks({ baseUrl: env.PUBLIC_BASE_URL, keys: signingKeys, clock }),
    })
    const relay = createOutboxRelay({
      db,
      publish: (message) => announceWire(bus, message),
      clock,
      log,
    })
    const given = { SEALING_KEYS, SIGNING_KEYS, API_KEY_PEPPER }
    const disk = checkDisk({
      folders: { blobs: env.BLOB_DIR, 'usage spool': env.USAGE_SPOOL_DIR },
      freeBytesMin: env.DISK_FREE_BYTES_MIN,
    })
    const limits = connectionLimits({
      connectionsMax: env.CONNECTIONS_MAX,
      perAddressMax: env.CONNECTIONS_PER_ADDRESS_MAX,
      trustedProxyHops: env.TRUSTED_PROXY_HOPS,
    })
    const { allowedOrigins } = config
    return {
      checks: {
        ...edgeApi.checks,
        database: async () => void (await keyStore.findByHash('')),
        disk,
        redis: async () => void (await redis.ping()),
      },
      parts: [
        { name: 'postgres', stop: close },
        { name: 'secrets', start: () => verifySecretsAtStart(db, { given, log }) },
        // Without Redis, each edge grants its fraction of every limit.
        redisPart({ redis, log }),
        { name: 'bus', stop: (limit) => bus.close(limit) },
        { name: 'egress', stop: () => egress.close() },
        { name: 'relay', start: relay.start, stop: relay.stop },
        { name, start: edgeApi.start, stop: edgeApi.stop },
      ],
      app: (health) => edgeApi.app.route('/', health),
      http: { weight: HTTP_WEIGHT, beforeClose: edgeApi.endStreams, allowedOrigins, limits },
    }
  },
})
