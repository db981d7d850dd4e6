import { hostListSetting, integerSetting } from '@sluice/service-kit/read-config'
import { databaseEnvironment, serviceEnvironment } from '@sluice/service-kit/service-environment'
import { z } from 'zod'

/** The settings of the runner, the same in both wirings. */
export interface RunnerConfig {
  /** Pictures that are generated concurrently; each holds a credential lease, and its bytes in memory. */
  concurrentGenerationsMax: number
  /** Jobs that wait in this runner's memory for a free credential; others stay queued in the database. */
  waitingJobsMax: number
  /** The interval of heartbeats for claims. */
  heartbeatMs: number
  /** A job whose claim had no heartbeat for this long is requeued. */
  lostAfterMs: number
  /** The timeout of one upstream call. */
  generateTimeoutMs: number
  /** The interval of the search for queued jobs in the database. */
  sweepEveryMs: number
  /** This is the only runner on the database: claims found at the start are requeued. */
  alone: boolean
}

export const defaultRunnerConfig: RunnerConfig = {
  concurrentGenerationsMax: 64,
  waitingJobsMax: 1_000,
  heartbeatMs: 5_000,
  lostAfterMs: 20_000,
  generateTimeoutMs: 300_000,
  sweepEveryMs: 2_000,
  alone: false,
}

const d = defaultRunnerConfig

/** The environment variables of this service in distributed mode. */
export const imageRunnerEnvironment = z.object({
  // The port is for /health, /ready and /metrics; jobs are received over NATS.
  ...serviceEnvironment({ port: 8084, drainMs: 330_000 }),
  ...databaseEnvironment({ poolMax: 10 }),
  NATS_URL: z.string().min(1),
  /** The blob folder, on the same volume for all services. */
  BLOB_DIR: z.string().min(1),
  /** `/ready` fails when the disk of the blobs has fewer free bytes. */
  DISK_FREE_BYTES_MIN: integerSetting({ min: 0, max: 2 ** 50 }).default(67_108_864),
  /** `id:base64[,id:base64]`, newest first; the same value for every service. */
  SEALING_KEYS: z.string().min(1),
  IMAGE_CONCURRENCY_MAX: integerSetting({ min: 1, max: 1_000 }).default(d.concurrentGenerationsMax),
  RUNNER_WAITING_MAX: integerSetting({ min: 1, max: 100_000 }).default(d.waitingJobsMax),
  RUNNER_HEARTBEAT_MS: integerSetting({ min: 100, max: 60_000 }).default(d.heartbeatMs),
  RUNNER_LOST_AFTER_MS: integerSetting({ min: 500, max: 600_000 }).default(d.lostAfterMs),
  /** Metadata or link-local hosts that may be called nevertheless. */
  METADATA_HOSTS_ALLOWED: hostListSetting.default([]),
  GENERATE_TIMEOUT_MS: integerSetting({ min: 1_000, max: 3_600_000 }).default(d.generateTimeoutMs),
})
