import { hostListSetting, integerSetting } from '@sluice/service-kit/read-config'
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
  /** For /health, /ready and /metrics; jobs are received over NATS. */
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8084),
  HOST: z.string().default('0.0.0.0'),
  DATABASE_URL: z.string().min(1),
  DATABASE_POOL_MAX: integerSetting({ min: 1, max: 1_000 }).default(10),
  NATS_URL: z.string().min(1),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  /** How long running generations may take to complete at shutdown; the rest is requeued. */
  DRAIN_MS: integerSetting({ min: 100, max: 600_000 }).default(330_000),
  /** How long `/ready` fails before the process stops; 0, because no load balancer uses it. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(0),
  /** `name:n`, for the crash tests; rejected in production. */
  CRASH_AT: z.string().optional(),
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
