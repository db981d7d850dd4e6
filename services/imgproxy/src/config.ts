import { integerSetting } from '@sluice/service-kit/read-config'
import { z } from 'zod'

import { imgproxyLimits } from './deps.ts'

const MIB = 1024 * 1024
const limits = imgproxyLimits

/** The environment variables of this service in distributed mode. */
export const imgproxyEnvironment = z.object({
  PORT: integerSetting({ min: 0, max: 65_535 }).default(8090),
  HOST: z.string().default('0.0.0.0'),
  NODE_ENV: z.string().default('development'),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  DRAIN_MS: integerSetting({ min: 100, max: 600_000 }).default(30_000),
  /** How long `/ready` fails before the listener closes. */
  SHUTDOWN_DELAY_MS: integerSetting({ min: 0, max: 600_000 }).default(5_000),
  /** `name:n`, for the crash tests; rejected in production. */
  CRASH_AT: z.string().optional(),
  /** The blob folder, on the same volume as for edge-api and image-runner. */
  BLOB_DIR: z.string().min(1),
  /** `id:base64[,id:base64]`, newest first; the same value for every service. */
  SIGNING_KEYS: z.string().min(1),
  VARIANTS_RENDERING_MAX: integerSetting({ min: 1, max: 64 }).default(limits.renderingMax),
  VARIANTS_WAITING_MAX: integerSetting({ min: 0, max: 10_000 }).default(limits.waitingMax),
  VARIANT_CACHE_BYTES_MAX: integerSetting({ min: MIB, max: 65_536 * MIB }).default(
    limits.cacheBytesMax,
  ),
})
