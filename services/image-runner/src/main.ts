import { createDiskBlobStore } from '@sluice/blobs/disk-blob-store'
import { connectContract } from '@sluice/bus/connect-contract'
import { connectNatsBus } from '@sluice/bus/nats-bus'
import { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { connectPostgres } from '@sluice/db/connect-postgres'
import { verifySecretsAtStart } from '@sluice/db/secret-checks'
import { createEgress } from '@sluice/egress/create-egress'
import { createKyselyJobStore } from '@sluice/jobs/kysely-job-store'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { parseSealingKeys } from '@sluice/sealing/sealing-keys'
import { checkDisk } from '@sluice/service-kit/http/check-disk'
import { startService } from '@sluice/service-kit/start-service'
import { createUpstreams } from '@sluice/upstreams/registry'

import { imageRunnerEnvironment } from './config.ts'
import { createImageRunner } from './module.ts'

const SCHEDULER_TIMEOUT_MS = 5_000
/** The share of the drain time for running generations; the rest is for connections. */
const GENERATION_WEIGHT = 20

// DISTRIBUTED WIRING: PostgreSQL, NATS and a blob folder shared by all services. Any number of replicas.
await startService({
  name: 'image-runner',
  environment: imageRunnerEnvironment,
  wire: async ({ name, env, clock, random, log, metrics }) => {
    const { SEALING_KEYS, BLOB_DIR } = env
    const { db, close } = connectPostgres({
      url: env.DATABASE_URL,
      poolMax: env.DATABASE_POOL_MAX,
      applicationName: name,
      onError: (err) => log.warn({ err }, 'a database connection failed'),
    })
    const bus = await connectNatsBus({ servers: env.NATS_URL, name, clock, log })
    const egress = createEgress({ log, clock, metadataHostsAllowed: env.METADATA_HOSTS_ALLOWED })
    const runner = createImageRunner({
      store: createKyselyJobStore({ db }),
      blobs: createDiskBlobStore({ folder: BLOB_DIR, clock, random }),
      bus,
      scheduler: connectContract(schedulerContract, { bus, timeoutMs: SCHEDULER_TIMEOUT_MS }),
      upstreams: createUpstreams({ ...egress, clock, random }),
      sealer: createSealer({ keys: parseSealingKeys(SEALING_KEYS), random }),
      clock,
      random,
      log,
      metrics,
      config: {
        concurrentGenerationsMax: env.IMAGE_CONCURRENCY_MAX,
        waitingJobsMax: env.RUNNER_WAITING_MAX,
        heartbeatMs: env.RUNNER_HEARTBEAT_MS,
        lostAfterMs: env.RUNNER_LOST_AFTER_MS,
        generateTimeoutMs: env.GENERATE_TIMEOUT_MS,
      },
    })
    const disk = checkDisk({
      folders: { blobs: BLOB_DIR },
      freeBytesMin: env.DISK_FREE_BYTES_MIN,
    })
    return {
      checks: { ...runner.checks, disk },
      parts: [
        { name: 'postgres', stop: close },
        {
          name: 'secrets',
          start: () => verifySecretsAtStart(db, { given: { SEALING_KEYS }, log }),
        },
        { name: 'bus', stop: (limit) => bus.close(limit) },
        { name: 'egress', stop: () => egress.close() },
        { name, start: runner.start, stop: runner.stop, weight: GENERATION_WEIGHT },
      ],
    }
  },
})
