import { hostListSetting, integerSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

/** How the runner behaves, the same in both wirings. */
export interface RunnerConfig {
  /** Pictures that this runner draws at once; each holds a credential, and its bytes in memory. */
  generationsAtOnceMax: number
  /** Jobs that wait in this runner for a free credential; others wait in their rows. */
  waitingJobsMax: number
  /** How often it gives a sign of life for its claims. */
  heartbeatMs: number
  /** A claim without a sign of life for so long is taken from its holder. */
  lostAfterMs: number
  /** One call of an upstream. */
  generateTimeoutMs: number
  /** How often it looks for jobs that nobody was told of. */
  sweepEveryMs: number
  /** No other runner works on this database: claims found at the start belong to the dead. */
  alone: boolean
}

export const defaultRunnerConfig: RunnerConfig = {
  generationsAtOnceMax: 64,
  waitingJobsMax: 1_000,
  heartbeatMs: 5_000,
  lostAfterMs: 20_000,
  generateTimeoutMs: 300_000,
  sweepEveryMs: 2_000,
  alone: false,
}

const d = defaultRunnerConfig

/** What this service reads from the environment in distributed mode. */
export const imageRunnerEnvironment = z.object({
  /** For /health, /ready and /metrics; jobs come over NATS. */
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8084),
  HOST: z.string().default('0.0.0.0'),
  DATABASE_URL: z.string().min(1),
  DATABASE_POOL_MAX: integerSetting({ min: 1, max: 1_000 }).default(10),
  NATS_URL: z.string().min(1),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  /** Pictures that are being drawn may take so long to end; the rest is given back. */
  DRAIN_MS: integerSetting({ min: 100, max: 600_000 }).default(330_000),
  /** `/ready` says no for so long before the process stops; nobody balances calls by it. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(0),
  /** `name:n`, for the crash campaign; refused in production. */
  CRASH_AT: z.string().optional(),
  /** Where all services keep blobs; the same volume. */
  BLOB_DIR: z.string().min(1),
  /** Below so many free bytes on the disk of the blobs `/ready` says no. */
  DISK_FREE_BYTES_MIN: integerSetting({ min: 0, max: 2 ** 50 }).default(67_108_864),
  /** `id:base64[,id:base64]`, newest first; the same at every service. */
  SEALING_KEYS: z.string().min(1),
  IMAGE_CONCURRENCY_MAX: integerSetting({ min: 1, max: 1_000 }).default(d.generationsAtOnceMax),
  RUNNER_WAITING_MAX: integerSetting({ min: 1, max: 100_000 }).default(d.waitingJobsMax),
  RUNNER_HEARTBEAT_MS: integerSetting({ min: 100, max: 60_000 }).default(d.heartbeatMs),
  RUNNER_LOST_AFTER_MS: integerSetting({ min: 500, max: 600_000 }).default(d.lostAfterMs),
  /** Hosts that may be called although they are metadata or link-local addresses. */
  METADATA_HOSTS_ALLOWED: hostListSetting.default([]),
  GENERATE_TIMEOUT_MS: integerSetting({ min: 1_000, max: 3_600_000 }).default(d.generateTimeoutMs),
})
