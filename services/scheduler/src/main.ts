import { announceWire } from '@sluice/bus/announce-wire'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { serveContract } from '@sluice/bus/serve-contract'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { verifySecretsAtStart } from '@sluice/db/secret-checks'
import { createOutboxRelay } from '@sluice/db/outbox-relay'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { parseSealingKeys } from '@sluice/sealing/sealing-keys'
import { contractPart, redisPart } from '@sluice/service-kit/service-parts'
import { startService } from '@sluice/service-kit/start-service'
import { Redis } from 'ioredis'

import { schedulerEnvironment } from './config.ts'
import { createScheduler } from './module.ts'
import { createKyselyCatalogStore } from './store/kysely-catalog-store.ts'
import { createRedisPoolStore, poolRedisOptions } from './store/redis-pool-store.ts'

// DISTRIBUTED WIRING: PostgreSQL, Redis and NATS. Any number of replicas.
await startService({
  name: 'scheduler',
  environment: schedulerEnvironment,
  wire: async ({ name, env, clock, random, log, metrics }) => {
    const { SEALING_KEYS } = env
    const { db, close } = connectPostgres({
      url: env.DATABASE_URL,
      poolMax: env.DATABASE_POOL_MAX,
      applicationName: name,
      onError: (err) => log.warn({ err }, 'a database connection failed'),
    })
    const redis = new Redis(env.REDIS_URL, poolRedisOptions)
    const bus = await connectNatsBus({ servers: env.NATS_URL, name, clock, log })
    const catalogStore = createKyselyCatalogStore({ db })
    const scheduler = createScheduler({
      catalogStore,
      poolStore: createRedisPoolStore({ redis }),
      sealer: createSealer({ keys: parseSealingKeys(SEALING_KEYS), random }),
      bus,
      clock,
      random,
      log,
      metrics,
      config: {
        backgroundEveryMs: env.BACKGROUND_EVERY_MS,
        catalogMaxAgeMs: env.CATALOG_MAX_AGE_MS,
      },
    })
    const relay = createOutboxRelay({
      db,
      publish: (message) => announceWire(bus, message),
      clock,
      log,
    })
    const serve = () => serveContract(schedulerContract, scheduler, { bus, log, clock })
    return {
      checks: {
        ...scheduler.checks,
        database: async () => void (await catalogStore.readVersion()),
      },
      parts: [
        { name: 'postgres', stop: close },
        {
          name: 'secrets',
          start: () => verifySecretsAtStart(db, { given: { SEALING_KEYS }, log }),
        },
        // Without Redis, leases are refused as unavailable.
        redisPart({ redis, log }),
        { name: 'bus', stop: (limit) => bus.close(limit) },
        { name: 'relay', start: relay.start, stop: relay.stop },
        { name, start: scheduler.start, stop: scheduler.stop },
        contractPart({ serve }),
      ],
    }
  },
})
